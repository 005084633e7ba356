"""Times to threshold in tables: one per learning curve, and their summary over runs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from rdstats._learning import ThresholdTimes, first_passages
from rdstats._status import Status
from rdstats._validate import FloatArray, check_columns, check_count, check_fraction, check_keys


def threshold_times(
    history: pd.DataFrame,
    *,
    by: Sequence[str],
    threshold: float | str,
    metric: str = "f1",
    step: str = "step",
    n_consecutive: int = 1,
) -> pd.DataFrame:
    """Return the time to threshold of each curve in a table of scores over training.

    Parameters
    ----------
    history : DataFrame
        One row per curve and evaluation.
    by : sequence of str
        Columns that tell curves apart, for example ``("run_id", "task", "regime", "head")``.
    threshold : float or str
        Score to reach, or the column that holds it, the same in every row of a curve.
    metric, step : str
        Columns of the score, larger is better, and of the step.
    n_consecutive : int
        As for :func:`time_to_threshold`.

    Returns
    -------
    DataFrame
        One row per curve, in sorted order: ``by``, ``time`` (steps), ``reached``, ``horizon`` (steps).

    Raises
    ------
    TypeError, ValueError
        If an argument is invalid, a column is missing, a row lacks a key or a curve has two rows at a step.

    Examples
    --------
    >>> history = pd.DataFrame({"run": [1, 1, 2, 2], "step": [64, 128] * 2, "f1": [0.5, 0.9, 0.2, 0.3]})
    >>> threshold_times(history, by=["run"], threshold=0.8)
       run   time  reached  horizon
    0    1  128.0     True    128.0
    1    2  128.0    False    128.0
    """
    goal = [threshold] if isinstance(threshold, str) else []
    check_columns("history", history, [*by, step, metric, *goal])
    check_keys(history, [*by, step], name="history")
    check_count("n_consecutive", n_consecutive)
    history = history.sort_values([*by, step], kind="stable")
    curves = history.groupby(list(by))
    curve, place = curves.ngroup().to_numpy(), curves.cumcount().to_numpy()
    goals = history[threshold].to_numpy(dtype=np.float64) if isinstance(threshold, str) else threshold

    def by_curve(values: Any) -> FloatArray:
        """Arrange a column as curves by evaluations, shorter curves filled up with NaN."""
        table = np.full((curves.ngroups, place.max(initial=-1) + 1), np.nan)
        table[curve, place] = values
        return table

    scores = by_curve(history[metric])
    times = first_passages(by_curve(history[step]), scores, scores >= by_curve(goals), n_consecutive)
    keys: pd.DataFrame = history.loc[place == 0, list(by)].reset_index(drop=True)
    return keys.assign(time=times.time, reached=times.reached, horizon=times.horizon)


def summarize_times(
    times: pd.DataFrame, *, by: Sequence[str], confidence_level: float = 0.95
) -> pd.DataFrame:
    """Summarize times to threshold over runs.

    Parameters
    ----------
    times : DataFrame
        One row per run with ``time, reached, horizon``, as from :func:`threshold_times`.
    by : sequence of str
        Columns that tell groups of runs apart.
    confidence_level : float
        Coverage of the interval of the restricted mean (Student's t over runs).

    Returns
    -------
    DataFrame
        One row per group, in order of appearance: ``by``, ``n`` (runs that were scored), ``n_dropped``,
        ``n_reached``, ``median`` (steps, infinite where fewer than half pass), ``restricted_mean, low,
        high`` (steps), ``horizon, status, message``.

    Raises
    ------
    TypeError, ValueError
        If an argument is invalid, a column is missing or a row lacks a key.

    Examples
    --------
    >>> times = pd.DataFrame({"model": "a", "time": [64, 128], "reached": [True, False], "horizon": 128})
    >>> summarize_times(times, by=["model"])[["n", "n_reached", "median", "restricted_mean"]]
       n  n_reached  median  restricted_mean
    0  2          1    64.0             96.0
    """
    check_columns("times", times, [*by, "time", "reached", "horizon"])
    check_keys(times, list(by), unique=False, name="times")
    check_fraction("confidence_level", confidence_level)
    rows = []
    for key, group in times.groupby(list(by), sort=False):
        time, horizon = (group[name].to_numpy(dtype=np.float64) for name in ("time", "horizon"))
        result = ThresholdTimes(time, group["reached"].to_numpy(dtype=bool), horizon)
        rows.append(dict(zip(by, key, strict=True)) | _summary(result, confidence_level))
    return pd.DataFrame(rows)


def _summary(times: ThresholdTimes, confidence_level: float) -> dict[str, Any]:
    finite = times.restricted()[np.isfinite(times.time)]
    n = len(finite)
    error = float(finite.std(ddof=1)) / math.sqrt(n) if n > 1 else math.nan
    margin = float(stats.t.ppf((1 + confidence_level) / 2, n - 1)) * error if error > 0 else math.nan
    mean = float(finite.mean()) if n else math.nan
    status, message = _spread_status(times, n, error)
    return {
        "n": n,
        "n_dropped": len(times.time) - n,
        "n_reached": int(times.reached.sum()),
        "median": times.median(),
        "restricted_mean": mean,
        "low": mean - margin,
        "high": mean + margin,
        "horizon": float(np.nanmin(times.horizon)) if n else math.nan,
        "status": str(status),
        "message": message,
    }


def _spread_status(times: ThresholdTimes, n: int, error: float) -> tuple[Status, str]:
    if n == 0:
        return Status.NO_DATA, "no run was scored"
    if not times.reached.any():
        return Status.NOT_IDENTIFIABLE, "no run passes while it is watched: train longer to see when one does"
    if n == 1:
        return Status.TOO_FEW_SEEDS, "an interval takes at least two runs: add seeds"
    if error == 0:
        return Status.ZERO_VARIANCE, "all runs pass at the same step: score them more often"
    return Status.OK, ""
