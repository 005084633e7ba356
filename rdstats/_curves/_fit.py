"""Fit a distortion-rate curve to runs."""

from __future__ import annotations

import math
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import ndtri

from rdstats._curves._curve_fit import CurveFit
from rdstats._curves._families import FAMILIES
from rdstats._curves._family import Family
from rdstats._curves._refit import Problem, refit
from rdstats._curves._solver import LOSSES, least_squares_fit, on_bound
from rdstats._status import DroppedRowsWarning, Status
from rdstats._validate import (
    FloatArray,
    RNGLike,
    as_float_array,
    as_generator,
    check_choice,
    check_count,
    check_real,
    check_same_length,
)

_SAME_RATE = 0.05  # relative; runs of one target capacity scatter less, and closer levels tell nothing apart


def fit_curve(
    rate: ArrayLike,
    distortion: ArrayLike,
    *,
    family: str | Family = "gaussian",
    weights: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    loss: str = "linear",
    loss_scale: float | None = None,
    errors_in: str = "distortion",
    error_ratio: float | None = None,
    n_starts: int = 8,
    rng: RNGLike = 0,
) -> CurveFit:
    """Fit a distortion-rate curve by least squares.

    Parameters
    ----------
    rate : array_like, shape (n_runs,)
        Achieved rate of each run, nats per image, at least 0.
    distortion : array_like, shape (n_runs,)
        Distortion of each run, for example mean squared error per pixel.
    family : str or Family, default "gaussian"
        Key of ``FAMILIES`` or a family of your own.
    weights : array_like, shape (n_runs,), optional
        Positive weights of the squared residuals, as one over the variance of each run's distortion.
    groups : array_like, shape (n_runs,), optional
        Seed of each run; intervals resample whole seeds. Each run is its own group by default.
    loss : {"linear", "soft_l1", "huber", "cauchy", "arctan"}, default "linear"
        Loss of the squared residuals; all but ``linear`` limit the pull of outliers.
    loss_scale : float, optional
        Residual at which a robust loss bends, in the unit of distortion. Default: the scaled median
        absolute deviation of the residuals of a ``soft_l1`` fit.
    errors_in : {"distortion", "both"}, default "distortion"
        ``both`` measures distance to the curve in both coordinates (orthogonal regression [1]_).
    error_ratio : float, optional
        Standard deviation of the error of a rate per that of a distortion; ``errors_in="both"`` requires it,
        since runs alone cannot tell it.
    n_starts : int, default 8
        Searches for the minimum, from the family's guess and from perturbed copies.
    rng : int, Generator or None, default 0
        Source of the perturbed starts; the default makes fits repeatable.

    Returns
    -------
    CurveFit
        With NaN estimates and a status where the data cannot determine the curve.

    Raises
    ------
    TypeError, ValueError
        For an invalid argument.

    Warns
    -----
    DroppedRowsWarning
        If runs with a rate, distortion or weight that is not finite are left out.

    References
    ----------
    .. [1] Boggs, Byrd and Schnabel (1987), SIAM J. Sci. Stat. Comput. 8, 1052-1078, equation (1.2).

    Examples
    --------
    >>> import numpy as np
    >>> rate = np.array([0.0, 1.0, 3.0, 6.0, 10.0])
    >>> fit = fit_curve(rate, 0.05 + 0.1 * np.exp(-2 * rate / 4))
    >>> {name: round(value, 4) for name, value in fit.parameters.items()}
    {'d_inf': 0.05, 'd_zero': 0.15, 'n_dim': 4.0}
    >>> print(fit.status, round(float(fit.slope(1.0)), 4))
    ok 0.0303
    """
    check_choice("loss", loss, LOSSES)
    n_starts = check_count("n_starts", n_starts)
    generator = as_generator(rng)
    problem, n_dropped = _as_problem(rate, distortion, family, weights, groups, errors_in, error_ratio)
    if problem.family.linear and (loss != "linear" or errors_in == "both"):
        raise ValueError(
            f"loss must be 'linear' and errors_in 'distortion' for the family {problem.family.name!r}, "
            f"but got {loss!r} and {errors_in!r}"
        )
    if loss == "linear" and loss_scale is not None:
        raise ValueError(f"loss_scale must be None for loss='linear', but got {loss_scale!r}")
    degenerate = _degeneracy(problem)
    if degenerate is not None:
        return _undefined(problem, n_dropped, *degenerate)
    if loss != "linear":
        problem = _with_loss(problem, loss, loss_scale, n_starts, generator)
    estimates, status, message = _minimum(problem, n_starts, generator)
    if np.isfinite(estimates).all() and not _falls(problem, estimates):
        status = Status.NOT_IDENTIFIABLE
        message = "the best curve does not fall with rate, so the data show no trade-off; check the runs"
    return _curve_fit(problem, estimates, n_dropped, status, message)


def _as_problem(
    rate: ArrayLike,
    distortion: ArrayLike,
    family: str | Family,
    weights: ArrayLike | None,
    groups: ArrayLike | None,
    errors_in: str,
    error_ratio: float | None,
) -> tuple[Problem, int]:
    rate, distortion = as_float_array("rate", rate), as_float_array("distortion", distortion)
    weights = np.ones_like(rate) if weights is None else as_float_array("weights", weights)
    check_same_length(rate=rate, distortion=distortion, weights=weights)
    codes = np.arange(len(rate)) if groups is None else group_codes(groups, len(rate))
    finite = np.isfinite(rate) & np.isfinite(distortion) & np.isfinite(weights) & (codes >= 0)
    n_dropped = int((~finite).sum())
    if n_dropped:
        warnings.warn(
            f"{n_dropped} of {len(rate)} runs left out: rate, distortion, weight or seed is not finite",
            DroppedRowsWarning,
            stacklevel=3,
        )
    rate, distortion, weights = rate[finite], distortion[finite], weights[finite]
    distinct, codes = np.unique(codes[finite], return_inverse=True)
    if np.any(rate < 0):
        raise ValueError(f"rate must be at least 0, but got {rate.min():g}")
    if np.any(weights <= 0):
        raise ValueError(f"weights must be positive, but got {weights.min():g}")
    if isinstance(family, str):
        family = FAMILIES[check_choice("family", family, FAMILIES)]
    ratio = _as_error_ratio(errors_in, error_ratio)
    adapted = family.adapted_to(rate)
    return Problem(adapted, rate, distortion, weights, codes, len(distinct), error_ratio=ratio), n_dropped


def group_codes(groups: ArrayLike, n: int) -> np.ndarray:
    """Return the codes of the runs' seeds, in sorted order from 0; -1 where a run has none."""
    codes, _ = pd.factorize(np.asarray(groups), sort=True)
    if len(codes) != n:
        raise ValueError(f"groups must have the length of rate, {n}, but has {len(codes)}")
    return np.asarray(codes)


def _as_error_ratio(errors_in: str, error_ratio: float | None) -> float:
    check_choice("errors_in", errors_in, ("distortion", "both"))
    if (errors_in == "both") != (error_ratio is not None):
        raise ValueError(
            f"error_ratio must be given for errors_in='both' and only there, but got {error_ratio!r}"
        )
    if error_ratio is None:
        return 0.0
    return check_real("error_ratio", error_ratio, low=0.0, high=math.inf, open_interval=True)


def _degeneracy(problem: Problem) -> tuple[Status, str] | None:
    """Return why the data determine no curve, or None."""
    if len(problem.rate) == 0:
        return Status.NO_DATA, "no run has a finite rate and distortion"
    if np.ptp(problem.distortion) == 0:
        return Status.ZERO_VARIANCE, "all runs have the same distortion; there is no curve to fit"
    needed = 2 if problem.family.linear else len(problem.family.parameters)
    n_levels = _n_levels(problem.rate)
    if n_levels < needed:
        found = f"runs at {n_levels} distinct rate(s) (further apart than {_SAME_RATE:.0%})"
        return Status.NOT_IDENTIFIABLE, f"{found} cannot determine {needed} parameters; add capacities"
    return None


def _n_levels(rate: FloatArray) -> int:
    """Count rates, taking those within a small relative distance of a lower one for the same."""
    ordered = np.sort(rate)
    tolerance = 1e-3 * _SAME_RATE * ordered[-1]
    n_levels, start = 0, 0
    while start < len(ordered):
        n_levels += 1
        top = ordered[start] * (1 + _SAME_RATE) + tolerance
        start = int(np.searchsorted(ordered, top, side="right"))
    return n_levels


def _with_loss(
    problem: Problem, loss: str, loss_scale: float | None, n_starts: int, rng: np.random.Generator
) -> Problem:
    """Return the problem with a robust loss, its scale taken from the residuals where none is given."""
    if loss_scale is not None:
        scale = check_real("loss_scale", loss_scale, low=0.0, high=math.inf, open_interval=True)
    else:
        spread = float(np.ptp(problem.distortion))
        pilot = replace(problem, loss="soft_l1", loss_scale=0.01 * spread)
        estimates, _, _ = _minimum(pilot, n_starts, rng)
        residuals = problem.distortion - problem.family.function(problem.rate, *estimates)
        scale = float(np.median(np.abs(np.sqrt(problem.weights) * residuals)) / ndtri(0.75))
        scale = max(scale, 1e-9 * spread)
    return replace(problem, loss=loss, loss_scale=scale)


def _minimum(problem: Problem, n_starts: int, rng: np.random.Generator) -> tuple[FloatArray, Status, str]:
    family, root = problem.family, np.sqrt(problem.weights)
    guess = family.guess(problem.rate, problem.distortion)
    if family.linear:
        fits = refit(problem, guess[None], np.ones((1, len(problem.rate))))
        return fits.parameters[0], Status.OK, ""
    if np.any((guess < family.low) | (guess > family.high)):
        ends = f"{problem.distortion.min():g} to {problem.distortion.max():g}"
        raise ValueError(
            f"distortion must suit the bounds of the family {family.name!r}, but goes from {ends}"
        )
    solution = least_squares_fit(
        lambda parameters: root * (family.function(problem.rate, *parameters) - problem.distortion),
        lambda parameters: root[:, None] * family.jacobian(problem.rate, *parameters),
        guess,
        bounds=(family.low, family.high),
        loss=problem.loss,
        loss_scale=problem.loss_scale,
        n_starts=n_starts,
        rng=rng,
    )
    estimates, status, message = solution.parameters, solution.status, solution.message
    if problem.error_ratio > 0 and np.isfinite(estimates).all():
        estimates = refit(problem, estimates[None], np.ones((1, len(problem.rate)))).parameters[0]
    if np.isnan(estimates).any():
        return estimates, Status.NOT_CONVERGED, message or "no minimum was found; use errors_in='distortion'"
    stuck = on_bound(estimates, family.low, family.high)
    if stuck.any() and status in (Status.OK, Status.AT_BOUND):
        listed = ", ".join(np.array(family.names)[stuck])
        message = f"{listed} ended on a bound; use a family with fewer parameters or a wider range"
        status = Status.AT_BOUND
    return estimates, status, message


def _curve_fit(
    problem: Problem, estimates: FloatArray, n_dropped: int, status: Status, message: str
) -> CurveFit:
    n, n_parameters = len(problem.rate), len(estimates)
    held = np.ones((1, n_parameters), dtype=bool)
    fits = refit(problem, estimates[None], np.ones((1, n)), held=held)
    rss = float(fits.objective[0])
    family = problem.family
    free = ~on_bound(estimates, family.low, family.high)
    determined = free & (status in (Status.OK, Status.AT_BOUND))
    degrees = n - n_parameters
    scale = rss / degrees if degrees > 0 else math.nan
    return CurveFit(
        family=family,
        parameters=dict(zip(family.names, map(float, estimates), strict=True)),
        covariance=_covariance(fits.normal[0], scale, determined),
        n=n,
        n_groups=problem.n_groups,
        n_dropped=n_dropped,
        rss=rss,
        aicc=_aicc(problem, rss, int(free.sum()) if family.linear else n_parameters),
        status=status,
        message=message,
        problem=problem,
    )


def _falls(problem: Problem, estimates: FloatArray) -> bool:
    """Whether the curve is lower at the greatest observed rate than at the least."""
    ends = np.array([problem.rate.min(), problem.rate.max()])
    first, last = problem.family.function(ends, *estimates)
    return bool(last < first)


def _covariance(normal: FloatArray, scale: float, free: np.ndarray) -> FloatArray:
    """Return the inverse of the free block of JᵀWJ, scaled to unit diagonal first; NaN elsewhere."""
    covariance = np.full_like(normal, np.nan)
    if free.any():
        block = normal[np.ix_(free, free)]
        size = np.sqrt(np.outer(np.diag(block), np.diag(block)))
        covariance[np.ix_(free, free)] = scale * np.linalg.inv(block / size) / size
    return covariance


def _aicc(problem: Problem, rss: float, n_parameters: int) -> float:
    """Return n log(rss/n) + 2k + 2k(k+1)/(n−k−1), the error variance being one of the k parameters."""
    n, k = len(problem.rate), n_parameters + 1
    if problem.loss != "linear" or problem.error_ratio > 0 or n - k - 1 <= 0 or not rss > 0:
        return math.nan
    fit = n * math.log(rss / n) - float(np.log(problem.weights).sum())
    return fit + 2 * k + 2 * k * (k + 1) / (n - k - 1)


def _undefined(problem: Problem, n_dropped: int, status: Status, message: str) -> CurveFit:
    names = problem.family.names
    return CurveFit(
        family=problem.family,
        parameters=dict.fromkeys(names, math.nan),
        covariance=np.full((len(names), len(names)), np.nan),
        n=len(problem.rate),
        n_groups=problem.n_groups,
        n_dropped=n_dropped,
        rss=math.nan,
        aicc=math.nan,
        status=status,
        message=message,
        problem=problem,
    )
