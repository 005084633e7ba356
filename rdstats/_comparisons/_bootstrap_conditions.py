"""Bootstrap estimates of every condition of a table of runs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from rdstats._comparisons._bootstrap import Estimate, check_bootstrap_options, estimate_statistic
from rdstats._comparisons._table_warnings import warn_of_rows
from rdstats._levels import match_levels
from rdstats._validate import RNGLike, check_choice, check_columns, check_keys


def bootstrap_conditions(
    runs: pd.DataFrame,
    *,
    metric: str,
    by: Sequence[str] = ("model", "capacity"),
    baseline: str | None = None,
    condition: str = "model",
    seed: str = "seed",
    statistic: str = "mean",
    method: str = "studentized",
    confidence_level: float = 0.95,
    n_resamples: int = 9_999,
    rng: RNGLike = None,
) -> pd.DataFrame:
    """Estimate a statistic of each condition, or of its paired difference from a baseline.

    Parameters
    ----------
    runs : DataFrame
        One row per run; the other arguments name its columns.
    metric : str
        Column of the metric, in any unit.
    by : sequence of str
        Columns that make up a condition.
    baseline : str, optional
        Value of ``condition``: values become differences from the baseline's run of the same seed and
        the same other columns of ``by``.
    condition, seed : str
        Columns of the condition's name (one of ``by``) and of the seed; used with ``baseline``.
    statistic, method, confidence_level, n_resamples, rng
        As for :func:`bootstrap_interval`.

    Returns
    -------
    DataFrame
        One row per condition: the columns ``by``, then ``estimate, low, high`` (unit of the metric),
        ``n, n_dropped`` (runs not finite or, with a baseline, without partner), ``statistic, method,
        status, message``.

    Raises
    ------
    TypeError, ValueError
        If an argument is invalid, or with a baseline a seed occurs twice in a condition.

    Warns
    -----
    DroppedRowsWarning, DegenerateDataWarning
        Once each, with the number of runs dropped and of rows whose ``status`` is not ``OK``.

    Examples
    --------
    >>> runs = pd.DataFrame({"model": "E2M1", "capacity": 1.0, "rate": [1.01, 1.00, 0.99, 1.02, 0.98]})
    >>> bootstrap_conditions(runs, metric="rate", rng=0)[["model", "estimate", "low", "high"]].round(2)
      model  estimate   low  high
    0  E2M1       1.0  0.98  1.02
    """
    options = check_bootstrap_options(statistic, method, confidence_level, n_resamples, rng)
    columns = list(by)
    check_columns("runs", runs, [metric, *columns])
    check_keys(runs, columns, unique=False)
    if runs.empty:
        raise ValueError("runs must have at least one row, but got none")
    table = runs if baseline is None else _differences(runs, baseline, metric, columns, condition, seed)
    rows = []
    for key, group in table.groupby(columns, sort=True):
        values = group[metric].to_numpy(dtype=np.float64)
        result = estimate_statistic(values, np.zeros(len(values), dtype=int), options)
        rows.append(dict(zip(columns, key, strict=True)) | _row(result))
    summary = pd.DataFrame(rows)
    warn_of_rows(summary, what="conditions")
    return summary


def _differences(
    runs: pd.DataFrame, baseline: str, metric: str, by: list[str], condition: str, seed: str
) -> pd.DataFrame:
    """Return the runs of the other conditions with their metric minus that of the baseline's partner."""
    check_columns("runs", runs, [condition, seed])
    check_choice("condition", condition, by)
    check_keys(runs, [*by, seed])
    is_baseline = match_levels(runs[condition], [baseline], name="baseline")
    if is_baseline.all():
        raise ValueError(f"runs must have a condition besides the baseline, but got only {baseline!r}")
    keys = [column for column in by if column != condition] + [seed]
    partners = runs.loc[is_baseline, [*keys, metric]]
    others = runs[~is_baseline].merge(partners, on=keys, how="left", suffixes=("", "_baseline"))
    return others.assign(**{metric: others[metric] - others[f"{metric}_baseline"]})


def _row(result: Estimate) -> dict[str, object]:
    return {
        "estimate": result.estimate,
        "low": result.interval.low,
        "high": result.interval.high,
        "n": result.n,
        "n_dropped": result.n_dropped,
        "statistic": result.statistic,
        "method": result.interval.method,
        "status": str(result.status),
        "message": result.message,
    }
