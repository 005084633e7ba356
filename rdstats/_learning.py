"""How fast runs learn: steps until a score passes a threshold, where some runs never do."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from rdstats._comparisons import Comparison, compare_paired, compare_unpaired
from rdstats._validate import FloatArray, as_float_array, check_count, check_real


@dataclass(frozen=True, eq=False)
class ThresholdTimes:
    """Steps until runs pass a threshold.

    Attributes
    ----------
    time : ndarray, shape (n_runs,)
        Step at which a run passes or, where it never does, the last one it was watched at (censored); NaN
        for a run without a finite score.
    reached : ndarray of bool, shape (n_runs,)
        Whether it passes.
    horizon : ndarray, shape (n_runs,)
        Last step at which each run was watched.
    """

    time: FloatArray
    reached: NDArray[np.bool_]
    horizon: FloatArray

    def restricted(self, horizon: float | None = None) -> FloatArray:
        """Return each run's steps until it passes or ``horizon``, whichever is first.

        Its mean over runs is the restricted mean time: it needs no model of what censored runs would have
        done later, as long as every run was watched until ``horizon``.

        Parameters
        ----------
        horizon : float, optional
            In steps; by default, and at most, the least horizon of any run.

        Raises
        ------
        ValueError
            If a run that had not passed was watched for less than ``horizon``.

        Examples
        --------
        >>> times = time_to_threshold([10, 20, 30], [[0.2, 0.9, 0.9], [0.1, 0.2, 0.3]], threshold=0.5)
        >>> times.restricted()
        array([20., 30.])
        """
        if self.time.size == 0:
            return self.time
        least = float(np.nanmin(self.horizon)) if np.isfinite(self.horizon).any() else math.nan
        limit = least if horizon is None else check_real("horizon", horizon, low=0.0)
        if limit > least:
            raise ValueError(f"horizon must be at most the {least:g} steps of every run, but got {limit:g}")
        return np.minimum(self.time, limit)

    def median(self) -> float:
        """Return the median step, infinite where fewer than half of the runs pass.

        Examples
        --------
        >>> time_to_threshold([10, 20], [[0.9, 0.9], [0.1, 0.2], [0.1, 0.3]], threshold=0.5).median()
        inf
        """
        watched = np.isfinite(self.time)
        times = np.sort(np.where(self.reached, self.time, np.inf)[watched])
        # The lower median: with an even number of runs the mean of both could be infinite for half of them.
        return float(times[(len(times) - 1) // 2]) if times.size else math.nan


def time_to_threshold(
    steps: ArrayLike, scores: ArrayLike, *, threshold: float, n_consecutive: int = 1
) -> ThresholdTimes:
    """Return the step at which each run's score first reaches a threshold.

    Parameters
    ----------
    steps : array_like, shape (n_evaluations,) or (n_runs, n_evaluations)
        Steps at which runs were scored, rising; NaN at the end of a run with fewer evaluations.
    scores : array_like, shape (n_runs, n_evaluations)
        Score of each run, larger is better; NaN where it was not scored, which counts as not passing.
    threshold : float
        A run passes at a score of at least this.
    n_consecutive : int
        Evaluations in a row that have to pass, so that one lucky evaluation does not count; the time is
        that of the first of them.

    Returns
    -------
    ThresholdTimes

    Raises
    ------
    TypeError, ValueError
        If an argument is invalid.

    Notes
    -----
    A run that never passes is *censored*: all that is known is that it takes longer. Leaving such runs out
    would make the slowest condition look fast. The result keeps them, with ``reached`` false.

    Examples
    --------
    >>> time_to_threshold([10, 20, 30], [[0.2, 0.9, 0.4], [0.1, 0.2, 0.3]], threshold=0.5).reached
    array([ True, False])
    """
    table = as_float_array("scores", scores, ndim=2)
    at = _steps_of_runs(steps, table.shape)
    check_real("threshold", threshold)
    check_count("n_consecutive", n_consecutive)
    return first_passages(at, table, table >= threshold, n_consecutive)


def _steps_of_runs(steps: ArrayLike, shape: tuple[int, ...]) -> FloatArray:
    at = as_float_array("steps", steps, ndim=np.ndim(steps) if np.ndim(steps) == 2 else 1)
    if at.shape not in (shape, shape[1:]):
        raise ValueError(f"steps must fit scores of shape {shape}, but has shape {at.shape}")
    if np.any(np.diff(at, axis=-1) <= 0):
        raise ValueError("steps must rise, but some are equal or fall")
    return np.broadcast_to(at, shape)


def first_passages(
    steps: FloatArray, scores: FloatArray, passes: NDArray[np.bool_], n_consecutive: int
) -> ThresholdTimes:
    """Return the times of runs by evaluations, shape (n_runs, n_evaluations); see `time_to_threshold`."""
    scored = np.isfinite(scores)
    horizon = np.where(scored, steps, -np.inf).max(axis=1, initial=-np.inf)
    horizon[~scored.any(axis=1)] = np.nan
    first = _first_of_row(passes & scored, n_consecutive)
    reached = first < scores.shape[1]
    time = horizon.copy()
    time[reached] = steps[reached, first[reached]]
    return ThresholdTimes(time, reached, horizon)


def _first_of_row(passes: NDArray[np.bool_], n_consecutive: int) -> NDArray[np.int64]:
    """Return the first column from which ``n_consecutive`` are true in each row; the width if none is."""
    n_runs, width = passes.shape
    if width < n_consecutive:
        return np.full(n_runs, width)
    windows = np.lib.stride_tricks.sliding_window_view(passes, n_consecutive, axis=1)
    passed: NDArray[np.bool_] = np.all(windows, axis=2)
    first: NDArray[np.int64] = np.where(passed.any(axis=1), passed.argmax(axis=1), width)
    return first


@dataclass(frozen=True)
class TimeComparison:
    """Whether one condition passes a threshold sooner than another.

    Attributes
    ----------
    difference : Comparison
        Of restricted mean times, hybrid minus baseline, in steps: negative where the hybrid is faster.
    median_baseline, median_hybrid : float
        Median steps; infinite where fewer than half of the runs pass.
    reached_baseline, reached_hybrid : int
        Runs that pass.
    horizon : float
        Step up to which both were watched, and times are counted.
    log_rank_p : float
        P-value of the log-rank test, two-sided, for runs that do not pair; NaN for pairs, and where no run
        of either passes.
    """

    difference: Comparison
    median_baseline: float
    median_hybrid: float
    reached_baseline: int
    reached_hybrid: int
    horizon: float
    log_rank_p: float


def compare_times(
    baseline: ThresholdTimes, hybrid: ThresholdTimes, *, paired: bool = True, **options: Any
) -> TimeComparison:
    """Compare the times at which two conditions pass a threshold.

    Parameters
    ----------
    baseline, hybrid : ThresholdTimes
        In the same order of seeds if ``paired``.
    paired : bool
        Whether equal places share a seed.
    **options
        As for :func:`compare_paired` or :func:`compare_unpaired`: ``method``, ``confidence_level``, ...

    Returns
    -------
    TimeComparison

    Raises
    ------
    TypeError, ValueError
        If an argument is invalid.

    Warns
    -----
    DroppedRowsWarning, DegenerateDataWarning
        If a run was never scored; if no test is possible, for example where no run passes.

    References
    ----------
    .. [1] P. Royston and M. K. B. Parmar, "Restricted mean survival time: an alternative to the hazard
           ratio", BMC Medical Research Methodology 13 (2013) 152.
    .. [2] N. Mantel, "Evaluation of survival data and two new rank order statistics arising in its
           consideration", Cancer Chemotherapy Reports 50 (1966) 163-170: the log-rank test.

    Examples
    --------
    >>> steps = [100, 200, 300]
    >>> slow = time_to_threshold(steps, [[0.2, 0.4, 0.9], [0.1, 0.3, 0.4], [0.1, 0.8, 0.9]], threshold=0.5)
    >>> fast = time_to_threshold(steps, [[0.8, 0.9, 0.9], [0.9, 0.9, 0.9], [0.7, 0.9, 0.9]], threshold=0.5)
    >>> result = compare_times(slow, fast)
    >>> round(result.difference.estimate), result.median_baseline, result.reached_baseline
    (-167, 300.0, 2)
    """
    horizons = np.concatenate([baseline.horizon, hybrid.horizon])
    horizon = float(np.nanmin(horizons)) if np.isfinite(horizons).any() else math.nan
    limit = None if math.isnan(horizon) else horizon
    compare = compare_paired if paired else compare_unpaired
    return TimeComparison(
        difference=compare(baseline.restricted(limit), hybrid.restricted(limit), **options),
        median_baseline=baseline.median(),
        median_hybrid=hybrid.median(),
        reached_baseline=int(baseline.reached.sum()),
        reached_hybrid=int(hybrid.reached.sum()),
        horizon=horizon,
        log_rank_p=math.nan if paired else _log_rank(baseline, hybrid),
    )


def _log_rank(baseline: ThresholdTimes, hybrid: ThresholdTimes) -> float:
    if not (baseline.reached.any() or hybrid.reached.any()):
        return math.nan
    return float(stats.logrank(*map(_censored, (baseline, hybrid))).pvalue)


def _censored(times: ThresholdTimes) -> stats.CensoredData:
    watched = np.isfinite(times.time)
    return stats.CensoredData(
        uncensored=times.time[watched & times.reached], right=times.time[watched & ~times.reached]
    )
