"""Every condition of a table of runs against the baseline, capacity by capacity."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from rdstats._comparisons._comparison import Options, check_options
from rdstats._comparisons._effect_sizes import cliffs_delta, hedges_g
from rdstats._comparisons._multiplicity import CORRECTIONS, adjust_families
from rdstats._comparisons._paired import PAIRED_METHODS, one_sample
from rdstats._comparisons._samples import paired_differences
from rdstats._comparisons._table_warnings import warn_of_rows
from rdstats._comparisons._unpaired import UNPAIRED_METHODS, two_sample
from rdstats._levels import as_level
from rdstats._validate import FloatArray, RNGLike, check_choice, check_columns, check_keys


def compare_conditions(
    runs: pd.DataFrame,
    *,
    baseline: str,
    metric: str,
    by: str = "capacity",
    condition: str = "model",
    seed: str = "seed",
    paired: bool = True,
    method: str | None = None,
    alternative: str = "two-sided",
    confidence_level: float = 0.95,
    correction: str = "holm",
    family: Sequence[str] = (),
    n_resamples: int = 9_999,
    rng: RNGLike = None,
) -> pd.DataFrame:
    """Compare each condition with the baseline at each level of a grid axis.

    Parameters
    ----------
    runs : DataFrame
        One row per run; the other arguments name its columns.
    baseline : str
        Value of ``condition`` that the others are compared with.
    metric : str
        Column to compare, in any unit.
    by : str
        Grid axis; conditions are compared within each of its values.
    condition, seed : str
        Columns of the condition and, if ``paired``, of the seed that pairs runs.
    paired : bool
        Whether equal seeds share their random numbers across conditions.
    method : str, optional
        A method of :func:`compare_paired` (default ``"t"``) or of :func:`compare_unpaired` (default
        ``"welch"``).
    alternative, confidence_level, n_resamples, rng
        As there. Intervals are not adjusted for the number of comparisons.
    correction : {"holm", "benjamini-hochberg", "none"}
        How p-values are adjusted within a family, see :func:`adjust`.
    family : sequence of str
        Columns among ``by`` and ``condition`` whose values separate the families; by default all rows
        are one family.

    Returns
    -------
    DataFrame
        One row per level and condition. Columns: ``by`` and ``condition`` under their own names,
        ``estimate, low, high`` (unit of the metric, hybrid minus baseline), ``p_value, p_adjusted,
        family_size`` (tests adjusted together), ``hedges_g, cliffs_delta, n, n_dropped`` (runs of both
        conditions left out: not finite or without a partner), ``smallest_p, method, estimand, status,
        message``. A condition that lacks a level has a row that says so.

    Raises
    ------
    TypeError, ValueError
        If an argument is invalid, the baseline has no runs, or a seed occurs twice in a cell.

    Warns
    -----
    DroppedRowsWarning, DegenerateDataWarning
        Once each, with the number of runs dropped and of rows whose ``status`` is not ``OK``.

    Examples
    --------
    >>> runs = pd.DataFrame(
    ...     {
    ...         "model": ["baseline"] * 4 + ["E2M1"] * 4,
    ...         "capacity": 1.0,
    ...         "seed": [0, 1, 2, 3] * 2,
    ...         "distortion_mse": [0.121, 0.125, 0.118, 0.123, 0.130, 0.131, 0.129, 0.134],
    ...     }
    ... )
    >>> table = compare_conditions(runs, baseline="baseline", metric="distortion_mse")
    >>> table[["capacity", "model", "estimate", "p_adjusted", "n"]].round(4)
       capacity model  estimate  p_adjusted  n
    0       1.0  E2M1    0.0092      0.0043  4
    """
    methods = PAIRED_METHODS if paired else UNPAIRED_METHODS
    options = check_options(
        methods[0] if method is None else method,
        methods,
        alternative=alternative,
        confidence_level=confidence_level,
        n_resamples=n_resamples,
        rng=rng,
    )
    check_choice("correction", correction, CORRECTIONS)
    _check_runs(runs, metric, by, condition, seed, paired)
    baseline = as_level(runs[condition], baseline, name="baseline")
    for column in family:
        check_choice("family", column, (by, condition))
    rows = []
    for (level, name), cell in _cells(runs, baseline, metric, by, condition, seed, paired):
        compared = _compare_cell(cell, paired=paired, options=options)
        rows.append({by: level, condition: name} | compared)
    table = adjust_families(pd.DataFrame(rows), list(family), correction=correction, alpha=options.alpha)
    warn_of_rows(table, what="comparisons")
    return table


def _check_runs(runs: pd.DataFrame, metric: str, by: str, condition: str, seed: str, paired: bool) -> None:
    check_columns("runs", runs, [metric, by, condition, *([seed] if paired else [])])
    check_keys(runs, [by, condition, *([seed] if paired else [])], unique=paired)
    names = runs[condition].unique()
    if len(names) < 2:
        raise ValueError(
            f"runs must have a condition besides the baseline, but {condition!r} holds {list(names)}"
        )


@dataclass(frozen=True)
class _Cell:
    """Finite values of baseline and hybrid at one level, aligned by seed if paired."""

    baseline: FloatArray
    hybrid: FloatArray
    n_dropped: int


def _cells(
    runs: pd.DataFrame, baseline: str, metric: str, by: str, condition: str, seed: str, paired: bool
) -> Iterator[tuple[tuple[object, object], _Cell]]:
    values = {
        key: group.set_index(seed if paired else group.index)[metric].astype(np.float64)
        for key, group in runs.groupby([by, condition], sort=True)
    }
    empty = pd.Series(dtype=np.float64)
    levels = sorted(runs[by].dropna().unique())
    others = sorted(name for name in runs[condition].dropna().unique() if name != baseline)
    for level, name in itertools.product(levels, others):
        first, second = values.get((level, baseline), empty), values.get((level, name), empty)
        yield (level, name), _cell(first, second, paired)


def _cell(first: pd.Series[float], second: pd.Series[float], paired: bool) -> _Cell:
    x, y = first[np.isfinite(first)], second[np.isfinite(second)]
    if paired:
        x, y = x.align(y, join="inner")
    n_dropped = len(first) + len(second) - len(x) - len(y)
    return _Cell(np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64), n_dropped)


def _compare_cell(cell: _Cell, *, paired: bool, options: Options) -> dict[str, object]:
    x, y = cell.baseline, cell.hybrid
    tested = one_sample(paired_differences(x, y), options) if paired else two_sample(x, y, options)
    g = hedges_g(x, y, paired=paired, confidence_level=options.confidence_level)
    delta = cliffs_delta(x, y, paired=paired, confidence_level=options.confidence_level)
    return {
        "estimate": tested.estimate,
        "low": tested.interval.low,
        "high": tested.interval.high,
        "p_value": tested.p_value,
        "p_adjusted": math.nan,
        "family_size": 0,
        "hedges_g": g.estimate,
        "cliffs_delta": delta.estimate,
        "n": tested.n,
        "n_dropped": cell.n_dropped,
        "smallest_p": tested.smallest_p,
        "method": tested.method,
        "estimand": tested.estimand,
        "status": str(tested.status),
        "message": tested.message,
    }
