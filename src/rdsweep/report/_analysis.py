"""Every number of a report, computed once and shared by its tables, figures and sentences."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import stats

from rdstats import compare_conditions, curve_bands, fit_curves
from rdstats._status import RDStatsWarning
from rdsweep.report._report_file import ReportFile
from rdsweep.report._selection import Selection

if TYPE_CHECKING:
    from rdstats.theory import Frontier

_SEED_OF_RESAMPLING = 0  # equal results have to give equal tables

MISSED = 0.05
"""Share of its capacity by which a run's rate has to be off to count as having missed it.

Constrained runs end within one or two per cent, so that this is no noise of the last steps.
"""


@dataclass(frozen=True, eq=False)
class Analysis:
    """Statistics of a report, as tidy unrounded tables.

    Attributes
    ----------
    selection : Selection
    curves, bands : DataFrame
        As `rdstats.fit_curves` and `rdstats.curve_bands` return them, one curve per condition.
    differences : dict of str to DataFrame
        By metric, as `rdstats.compare_conditions` returns them; empty frames where there is no baseline or
        nothing to compare with it.
    achieved : DataFrame
        One row per condition and level: ``n, mean, sd, low, high`` of the relative deviation
        (rate - capacity) / capacity, ``worst``, the greatest absolute one, and ``n_missed``, the number of
        runs whose deviation is beyond `MISSED`. Empty without capacities.
    scores : DataFrame
        One row per task, regime, head, condition and level: ``n, mean, sd, low, high, chance``.
    bound : Frontier or None
        No code of the balanced source lies below; None unless the report file asks for it.
    optimality : DataFrame or None
        As `rdstats.theory.optimality_table` returns it, one row per condition and level.
    """

    selection: Selection
    curves: pd.DataFrame
    bands: pd.DataFrame
    differences: dict[str, pd.DataFrame]
    achieved: pd.DataFrame
    scores: pd.DataFrame
    bound: Frontier | None
    optimality: pd.DataFrame | None


def analyze(selection: Selection, *, bound: Frontier | None = None) -> Analysis:
    """Compute every statistic that the report file asks for, and the distance from ``bound``."""
    file = selection.file
    curve: dict[str, Any] = {
        "by": file.condition,
        "rate": file.curve.rate,
        "distortion": file.curve.distortion,
        "family": file.curve.family,
        "confidence_level": file.confidence_level,
        "rng": _SEED_OF_RESAMPLING,
    }
    with warnings.catch_warnings():
        # Each condition these warnings are about is in a status, message or n_dropped column, which the
        # report shows.
        warnings.simplefilter("ignore", RDStatsWarning)
        return Analysis(
            selection=selection,
            curves=fit_curves(selection.runs, **curve),
            bands=curve_bands(selection.runs, **curve),
            differences={metric: _differences(selection, metric) for metric in file.metrics},
            achieved=achieved_rate(selection.runs, file),
            scores=score_summary(selection.scores, file),
            bound=bound,
            optimality=None if bound is None else _optimality(selection, bound),
        )


def _differences(selection: Selection, metric: str) -> pd.DataFrame:
    file = selection.file
    if not (selection.has_baseline and selection.hybrids):
        return pd.DataFrame()
    table = compare_conditions(
        selection.runs,
        baseline=file.baseline,
        metric=metric,
        by=file.by,
        condition=file.condition,
        paired=file.comparison.paired,
        method=file.comparison.method,
        confidence_level=file.confidence_level,
        correction=file.comparison.correction,
        rng=_SEED_OF_RESAMPLING,
    )
    rank = {name: position for position, name in enumerate(selection.conditions)}
    return table.sort_values(
        [file.condition, file.by],
        key=lambda column: column.map(rank) if column.name == file.condition else column,
        ignore_index=True,
    )


def _optimality(selection: Selection, bound: Frontier) -> pd.DataFrame:
    from rdstats.theory import optimality_table

    by = [selection.file.condition, selection.file.by]
    return optimality_table(
        selection.runs, frontier=bound, by=by, confidence_level=selection.file.confidence_level
    )


def achieved_rate(runs: pd.DataFrame, file: ReportFile) -> pd.DataFrame:
    """Summarize (rate - capacity) / capacity over seeds, by condition and capacity."""
    if file.by != "capacity":
        return pd.DataFrame()
    deviation = runs.assign(deviation=deviations(runs))
    keys = [file.condition, file.by]
    table = summarize(deviation, keys, "deviation", confidence_level=file.confidence_level)
    sizes = deviation["deviation"].abs()
    by_cell = [runs[key] for key in keys]
    worst = sizes.groupby(by_cell, sort=False).max()
    missed = (sizes > MISSED).groupby(by_cell, sort=False).sum()
    return table.assign(worst=worst.to_numpy(), n_missed=missed.to_numpy())


def deviations(runs: pd.DataFrame) -> pd.Series[float]:
    """Return by which share of its capacity the rate of each run is above it."""
    return runs["rate_own"] / runs["capacity"] - 1


def score_summary(scores: pd.DataFrame, file: ReportFile) -> pd.DataFrame:
    """Summarize the score over seeds, by task, regime, head, condition and level."""
    if scores.empty:
        return pd.DataFrame()
    keys = ["task", "regime", "head", file.condition, file.by]
    table = summarize(scores, keys, file.score, confidence_level=file.confidence_level)
    chance = f"{file.score}_chance"  # a batch-averaged F1 has none
    if chance not in scores:
        return table.assign(chance=np.nan)
    return table.assign(chance=scores.groupby(keys, sort=False)[chance].mean().to_numpy())


def summarize(
    frame: pd.DataFrame, keys: Sequence[str], column: str, *, confidence_level: float
) -> pd.DataFrame:
    """Return mean, standard deviation and Student's t interval over the runs of each group.

    Returns
    -------
    DataFrame
        One row per group, in order of appearance: ``keys``, ``n`` (finite values), ``n_dropped``, ``mean``,
        ``sd``, ``low``, ``high`` in the unit of the column. The last three are NaN for a single run.

    Examples
    --------
    >>> frame = pd.DataFrame({"model": ["a", "a", "a", "b"], "f1": [0.8, 0.9, 1.0, 0.5]})
    >>> summarize(frame, ["model"], "f1", confidence_level=0.95).round(2)
      model  n  n_dropped  mean   sd   low  high
    0     a  3          0   0.9  0.1  0.65  1.15
    1     b  1          0   0.5  NaN   NaN   NaN
    """
    finite = frame[column].where(np.isfinite(frame[column].astype(float)))
    groups = finite.groupby([frame[key] for key in keys], sort=False)
    table = groups.agg(n="count", n_dropped="size", mean="mean", sd="std").reset_index()
    degrees = (table["n"] - 1).where(table["n"] > 1)
    margin = stats.t.ppf((1 + confidence_level) / 2, degrees) * table["sd"] / np.sqrt(table["n"])
    return table.assign(
        n_dropped=table["n_dropped"] - table["n"], low=table["mean"] - margin, high=table["mean"] + margin
    )
