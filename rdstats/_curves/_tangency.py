"""Audits of training: whether runs reached their target rate and priced it at the slope of the curve."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from rdstats._curves._fit import fit_curve, group_codes
from rdstats._curves._replicates import jackknife_counts, jackknife_limits, refit_groups
from rdstats._status import DegenerateDataWarning, DroppedRowsWarning, Interval, Status, undefined_interval
from rdstats._validate import (
    FloatArray,
    as_float_array,
    check_fraction,
    check_real,
    check_same_length,
)

_METHOD = "jackknife"
_SAME_DEVIATION = 1e-8  # refits of equal data differ by about 1e-9


@dataclass(frozen=True, eq=False)
class Audit:
    """How far runs are, on average and one by one, from what their objective demands.

    Attributes
    ----------
    quantity : str
        ``"capacity"`` or ``"tangency"``.
    estimate : float
        Bias: the mean deviation over runs.
    interval : Interval
        Of the bias, over seeds.
    deviations : ndarray, shape (n_runs,)
        Of each run, NaN for those left out. Capacity: (R − C)/C. Tangency: log(price/slope).
    outliers : ndarray of bool, shape (n_runs,)
        Runs further from the median than the threshold times the scaled median absolute deviation.
    n, n_groups, n_dropped : int
        Runs used, seeds among them, runs left out.
    status : Status
        ``OK``; ``TOO_FEW_SEEDS`` or ``ZERO_VARIANCE`` (a bias without interval); ``NO_DATA``, or why the
        curve is undetermined.
    message : str
        Cause and remedy where ``status`` is not ``OK``.
    """

    quantity: str
    estimate: float
    interval: Interval
    deviations: FloatArray = field(repr=False)
    outliers: np.ndarray = field(repr=False)
    n: int
    n_groups: int
    n_dropped: int
    status: Status
    message: str


def capacity_audit(
    rate: ArrayLike,
    capacity: ArrayLike,
    *,
    groups: ArrayLike | None = None,
    confidence_level: float = 0.95,
    outlier_threshold: float = 3.5,
) -> Audit:
    """Compare the achieved rate with the target capacity, for ``constrained`` and ``capacity`` runs.

    Parameters
    ----------
    rate : array_like, shape (n_runs,)
        Achieved rate, nats per image.
    capacity : array_like, shape (n_runs,)
        Target C, nats per image, positive.
    groups : array_like, shape (n_runs,), optional
        Seed of each run; each run is its own group by default.
    confidence_level : float, default 0.95
        Nominal coverage of the interval of the bias.
    outlier_threshold : float, default 3.5
        Robust z-score above which a run is an outlier; 3.5 is customary [1]_.

    Returns
    -------
    Audit

    Raises
    ------
    TypeError, ValueError
        For an invalid argument.

    Warns
    -----
    DroppedRowsWarning, DegenerateDataWarning
        If runs are left out; if the interval is undefined.

    References
    ----------
    .. [1] Iglewicz and Hoaglin (1993), *How to Detect and Handle Outliers*, section 3.4.

    Examples
    --------
    >>> audit = capacity_audit([1.01, 2.98, 1.02, 3.03], [1.0, 3.0, 1.0, 3.0], groups=[0, 0, 1, 1])
    >>> round(audit.estimate, 4), 0.0 in audit.interval
    (0.0083, True)
    """
    rate, capacity = as_float_array("rate", rate), as_float_array("capacity", capacity)
    check_same_length(rate=rate, capacity=capacity)
    if np.any(capacity <= 0):
        raise ValueError(f"capacity must be positive, but got {np.nanmin(capacity):g}")
    deviations = rate / capacity - 1
    sample = _as_sample(deviations, groups)
    kept = jackknife_counts(sample.n_groups)[:, sample.codes]
    # One group leaves nothing when it is left out; the status says so.
    with np.errstate(invalid="ignore"):
        replicates = kept @ deviations[sample.used] / kept.sum(axis=1)
    options = (confidence_level, outlier_threshold)
    return _audit("capacity", deviations, replicates, sample, Status.OK, "", *options)


def tangency_audit(
    rate: ArrayLike,
    distortion: ArrayLike,
    price: ArrayLike,
    *,
    groups: ArrayLike | None = None,
    family: str = "gaussian",
    confidence_level: float = 0.95,
    outlier_threshold: float = 3.5,
) -> Audit:
    """Compare the price of rate in each run with the slope −dD/dR of the fitted curve at its rate.

    At an optimum the two are equal: minimizing D + βR touches the curve where its slope is −β [1]_. For
    ``constrained`` runs the price is the final β, for ``beta`` runs β·w. Runs with tasks price the sum of
    distortion and weighted task losses, so give that sum as ``distortion``. The interval refits the curve
    without each seed, so it holds the uncertainty of the slope.

    Parameters
    ----------
    rate : array_like, shape (n_runs,)
        Achieved rate, nats per image.
    distortion : array_like, shape (n_runs,)
        What the runs minimized at that rate.
    price : array_like, shape (n_runs,)
        Price of a nat in the unit of ``distortion``; runs whose price is not positive are left out.
    groups : array_like, shape (n_runs,), optional
        Seed of each run; each run is its own group by default.
    family : str, default "gaussian"
        Curve family whose slope is taken.
    confidence_level, outlier_threshold : float
        As for :func:`capacity_audit`.

    Returns
    -------
    Audit
        Of log(price/slope): 0 is tangency, positive means that rate cost more than it was worth.

    Raises
    ------
    TypeError, ValueError
        For an invalid argument.

    Warns
    -----
    DroppedRowsWarning, DegenerateDataWarning
        If runs are left out; if no curve or interval exists.

    References
    ----------
    .. [1] Berger (1971), *Rate Distortion Theory*, theorem 2.5.1.

    Examples
    --------
    >>> import numpy as np
    >>> rate = np.tile([0.3, 1.0, 3.0, 6.0], 2)
    >>> distortion = 0.05 + 0.1 * np.exp(-rate / 2)
    >>> price = 0.05 * np.exp(-rate / 2) * np.repeat([1.01, 1.03], 4)
    >>> audit = tangency_audit(rate, distortion, price, groups=np.repeat([0, 1], 4))
    >>> round(audit.estimate, 4)
    0.0198
    """
    rate, distortion = as_float_array("rate", rate), as_float_array("distortion", distortion)
    price = as_float_array("price", price)
    check_same_length(rate=rate, distortion=distortion, price=price)
    log_price = np.log(np.where(price > 0, price, np.nan))
    sample = _as_sample(rate + distortion + log_price, groups)
    used = sample.used
    fit = fit_curve(rate[used], distortion[used], family=family, groups=sample.codes)

    def deviations_of(parameters: FloatArray) -> FloatArray:
        slope = -fit.family.derivative(rate[used], *parameters)
        return np.asarray(log_price[used] - np.log(np.where(slope > 0, slope, np.nan)))

    deviations = np.full_like(rate, np.nan)
    deviations[used] = deviations_of(fit.estimates)
    kept = jackknife_counts(sample.n_groups)
    replicates = np.empty(0)
    if fit.defined and sample.n_groups > 1:
        rows = refit_groups(fit.problem, fit.estimates, kept)
        replicates = np.array(
            [
                deviations_of(row)[rest > 0].mean()
                for row, rest in zip(rows, kept[:, fit.problem.groups], strict=True)
            ]
        )
    usable = fit.status in (Status.OK, Status.AT_BOUND)
    verdict = (Status.OK, "") if usable else (fit.status, fit.message)
    return _audit("tangency", deviations, replicates, sample, *verdict, confidence_level, outlier_threshold)


@dataclass(frozen=True, eq=False)
class _Sample:
    """Which rows are used, the codes of their groups, and how many groups there are."""

    used: np.ndarray
    codes: np.ndarray
    n_groups: int


def _as_sample(values: FloatArray, groups: ArrayLike | None) -> _Sample:
    codes = np.arange(len(values)) if groups is None else group_codes(groups, len(values))
    used = np.isfinite(values) & (codes >= 0)
    n_dropped = int((~used).sum())
    if n_dropped:
        reason = "a value or seed is missing or not finite, or a price not positive"
        message = f"{n_dropped} of {len(values)} runs left out: {reason}"
        warnings.warn(message, DroppedRowsWarning, stacklevel=3)
    distinct, codes = np.unique(codes[used], return_inverse=True)
    return _Sample(used, codes, len(distinct))


def _audit(
    quantity: str,
    deviations: FloatArray,
    replicates: FloatArray,
    sample: _Sample,
    status: Status,
    message: str,
    confidence_level: float,
    outlier_threshold: float,
) -> Audit:
    confidence_level = check_fraction("confidence_level", confidence_level)
    outlier_threshold = check_real("outlier_threshold", outlier_threshold, low=0.0)
    n = int(sample.used.sum())
    estimate = float(deviations[sample.used].mean()) if n and status is Status.OK else math.nan
    if status is Status.OK:
        status, message = _judged(sample.n_groups, replicates)
    interval = undefined_interval(confidence_level, _METHOD)
    if status is Status.OK:
        low, high = jackknife_limits(np.array(estimate), replicates, confidence_level)
        interval = Interval(float(low), float(high), confidence_level, _METHOD)
    else:
        warnings.warn(f"{quantity} audit: {message}", DegenerateDataWarning, stacklevel=3)
    return Audit(
        quantity,
        estimate,
        interval,
        deviations,
        _outliers(deviations, outlier_threshold),
        n,
        sample.n_groups,
        len(deviations) - n,
        status,
        message,
    )


def _judged(n_groups: int, replicates: FloatArray) -> tuple[Status, str]:
    if n_groups == 0:
        return Status.NO_DATA, "no run has finite values"
    if n_groups == 1:
        return Status.TOO_FEW_SEEDS, "an interval takes at least 2 seeds"
    if not np.isfinite(replicates).all():
        return Status.NOT_IDENTIFIABLE, "without some of the seeds the curve is undetermined; add seeds"
    if np.ptp(replicates) <= _SAME_DEVIATION:
        return Status.ZERO_VARIANCE, "all seeds deviate alike; check for copied runs"
    return Status.OK, ""


def _outliers(deviations: FloatArray, threshold: float) -> np.ndarray:
    if not np.isfinite(deviations).any():
        return np.zeros(len(deviations), dtype=bool)
    distance = np.abs(deviations - np.nanmedian(deviations))
    scale = np.nanmedian(distance) / ndtri(0.75)
    return np.asarray(distance > threshold * scale)
