"""Bootstrap intervals of a mean or interquartile mean over runs, within strata."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from rdstats._comparisons._comparison import warn_degenerate
from rdstats._comparisons._resampling import STATISTICS, Strata, resample
from rdstats._comparisons._samples import magnitude, snap
from rdstats._status import DroppedRowsWarning, Interval, Status, undefined_interval
from rdstats._validate import (
    FloatArray,
    RNGLike,
    as_codes,
    as_float_array,
    as_generator,
    check_choice,
    check_count,
    check_fraction,
)

BOOTSTRAP_METHODS = ("studentized", "percentile")


@dataclass(frozen=True)
class Estimate:
    """A statistic of runs with its interval.

    Attributes
    ----------
    estimate : float
        In the unit of the data; NaN where there are none.
    interval : Interval
        Its end points are infinite where so few runs cannot bound the statistic.
    n, n_strata, n_dropped : int
        Runs that entered, their strata, and runs left out because they were not finite.
    statistic : str
        ``"mean"`` or ``"iqm"``.
    status : Status
        ``OK``, or what the data cannot support.
    message : str
        Cause and remedy where ``status`` is not ``OK``, else empty.
    """

    estimate: float
    interval: Interval
    n: int
    n_strata: int
    n_dropped: int
    statistic: str
    status: Status
    message: str


@dataclass(frozen=True)
class BootstrapOptions:
    """Validated options of a bootstrap."""

    statistic: str
    method: str
    confidence_level: float
    n_resamples: int
    rng: np.random.Generator


def bootstrap_interval(
    values: ArrayLike,
    *,
    strata: ArrayLike | None = None,
    statistic: str = "mean",
    method: str = "studentized",
    confidence_level: float = 0.95,
    n_resamples: int = 9_999,
    rng: RNGLike = None,
) -> Estimate:
    """Estimate a mean over runs with a stratified bootstrap interval.

    Parameters
    ----------
    values : array_like, shape (n_runs,)
        One value per run (or per pair of runs: a difference), in any unit.
    strata : array_like, shape (n_runs,), optional
        Condition of each run; runs are resampled within conditions. Default: one stratum.
    statistic : {"mean", "iqm"}
        Mean, or interquartile mean of all runs together: the mean without the lowest and highest
        quarter (their number rounded down).
    method : {"studentized", "percentile"}
        Quantiles of (resampled - estimate) / (resample's standard error), or of the resampled statistic.
    confidence_level : float
        Nominal coverage.
    n_resamples : int
        Number of resamples.
    rng : int, Generator or None
        Source of the resamples.

    Returns
    -------
    Estimate

    Raises
    ------
    TypeError, ValueError
        If an argument is invalid.

    Warns
    -----
    DroppedRowsWarning, DegenerateDataWarning
        If runs were dropped; if ``status`` is not ``OK``.

    Notes
    -----
    The percentile interval, usual in this field, is too short for few runs: at a nominal 95 % it covers
    the mean of normal runs in 74 % of samples of 3, 83 % of 5, 89 % of 10 and 93 % of 20. The studentized
    interval covers 95 % from 5 on (93 % for exponential runs at 5) and is the default. It is infinite
    with 3 runs in a single stratum, where one resample in nine is constant, and mostly so for the
    interquartile mean of 5: a t interval (:func:`compare_paired`) is the better choice there.

    References
    ----------
    .. [1] B. Efron and R. Tibshirani, An Introduction to the Bootstrap (1993), section 12.5.
    .. [2] R. Agarwal et al., "Deep reinforcement learning at the edge of the statistical precipice",
           NeurIPS 34 (2021): the interquartile mean over runs of all tasks, resampled within tasks.
    .. [3] K. K. Yuen, "The two-sample trimmed t for unequal population variances", Biometrika 61 (1974)
           165-170: the standard error of a trimmed mean from the Winsorized sample.

    Examples
    --------
    >>> f1 = [0.91, 0.93, 0.92, 0.90, 0.55, 0.81, 0.83, 0.80, 0.84, 0.82]
    >>> task = ["order"] * 5 + ["region"] * 5
    >>> result = bootstrap_interval(f1, strata=task, statistic="iqm", rng=0)
    >>> f"{result.estimate:.3f} [{result.interval.low:.2f}, {result.interval.high:.2f}]"
    '0.852 [0.68, 0.87]'
    """
    options = check_bootstrap_options(statistic, method, confidence_level, n_resamples, rng)
    array = as_float_array("values", values)
    labels = np.zeros(len(array), dtype=int) if strata is None else as_codes("strata", strata)
    if labels.shape != array.shape:
        raise ValueError(f"strata must have the shape of values, {array.shape}, but got {labels.shape}")
    result = estimate_statistic(array, labels, options)
    if result.n_dropped:
        warnings.warn(
            f"{result.n_dropped} of {len(array)} runs were dropped: not finite",
            DroppedRowsWarning,
            stacklevel=2,
        )
    warn_degenerate(result.status, result.message)
    return result


def interquartile_mean(
    values: ArrayLike,
    *,
    strata: ArrayLike | None = None,
    confidence_level: float = 0.95,
    n_resamples: int = 9_999,
    rng: RNGLike = None,
) -> Estimate:
    """Estimate the interquartile mean over runs; :func:`bootstrap_interval` has the details.

    Examples
    --------
    >>> interquartile_mean([1, 2, 3, 4, 5, 6, 7, 100], rng=0).estimate
    4.5
    """
    return bootstrap_interval(
        values,
        strata=strata,
        statistic="iqm",
        confidence_level=confidence_level,
        n_resamples=n_resamples,
        rng=rng,
    )


def check_bootstrap_options(
    statistic: str, method: str, confidence_level: float, n_resamples: int, rng: RNGLike
) -> BootstrapOptions:
    """Validate the options of a bootstrap."""
    return BootstrapOptions(
        check_choice("statistic", statistic, STATISTICS),
        check_choice("method", method, BOOTSTRAP_METHODS),
        check_fraction("confidence_level", confidence_level),
        check_count("n_resamples", n_resamples),
        as_generator(rng),
    )


def estimate_statistic(values: FloatArray, labels: np.ndarray, options: BootstrapOptions) -> Estimate:
    """Estimate a statistic of ``values`` within strata of equal ``labels``; count what is not finite."""
    finite = np.isfinite(values)
    n, n_dropped = int(finite.sum()), int(np.sum(~finite))
    if n == 0:
        return Estimate(
            math.nan,
            undefined_interval(options.confidence_level, options.method),
            0,
            0,
            n_dropped,
            options.statistic,
            Status.NO_DATA,
            "no finite value",
        )
    strata = Strata.of(snap(values[finite], scale=magnitude(values[finite])), labels[finite])
    (estimate,), (error,) = STATISTICS[options.statistic](strata.runs[None], strata)
    status, message = _spread_status(strata, error)
    if status is Status.OK:
        interval = _interval(strata, estimate, error, options)
        if math.isinf(interval.low) or math.isinf(interval.high):
            status = Status.TOO_FEW_SEEDS
            message = f"so many resamples of {n} runs are constant that they bound nothing: add seeds"
    else:
        interval = undefined_interval(options.confidence_level, options.method)
    n_strata = len(strata.starts)
    return Estimate(float(estimate), interval, n, n_strata, n_dropped, options.statistic, status, message)


def _spread_status(strata: Strata, error: float) -> tuple[Status, str]:
    if strata.sizes.max() == 1:
        return Status.TOO_FEW_SEEDS, "an interval needs 2 runs in some stratum, but each has 1: add seeds"
    if error == 0:
        message = "the runs do not vary within strata, so there is nothing to resample"
        return Status.ZERO_VARIANCE, message
    return Status.OK, ""


def _interval(strata: Strata, estimate: float, error: float, options: BootstrapOptions) -> Interval:
    estimates, errors = resample(strata, STATISTICS[options.statistic], options.n_resamples, options.rng)
    tail = (1 - options.confidence_level) / 2
    if options.method == "percentile":
        low, high = np.quantile(estimates, [tail, 1 - tail])
    else:
        deviations = estimates - estimate
        with np.errstate(divide="ignore", invalid="ignore"):
            pivots = np.where(deviations == 0, 0.0, deviations / errors)
        # Constant resamples make infinite pivots, which interpolation would turn into NaN.
        high = estimate - error * np.quantile(pivots, tail, method="lower")
        low = estimate - error * np.quantile(pivots, 1 - tail, method="higher")
    return Interval(float(low), float(high), options.confidence_level, options.method)
