"""The nonlinear least-squares solver under every curve fit: multi-start trust region, then polish."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import OptimizeResult, least_squares

from rdstats._status import Status
from rdstats._validate import (
    FloatArray,
    RNGLike,
    as_float_array,
    as_generator,
    check_choice,
    check_count,
    check_real,
)

LOSSES = ("linear", "soft_l1", "huber", "cauchy", "arctan")
MAX_CONDITION = 1e9  # of the column-scaled Jacobian; beyond it a curve's parameters trade off freely
_TOLERANCE = 1e-15  # smaller values are refused by SciPy; larger ones stop early on NIST's Lanczos1
_ROBUST_TOLERANCE = 1e-11  # robust losses converge linearly and would use up their evaluations
_MAX_POLISH_STEPS = 50

Residual = Callable[[FloatArray], FloatArray]


@dataclass(frozen=True)
class LeastSquaresSolution:
    """A minimum of a sum of squares.

    Attributes
    ----------
    parameters : ndarray, shape (n_parameters,)
        The minimizer.
    residuals : ndarray, shape (n_residuals,)
        Residuals at the minimizer.
    jacobian : ndarray, shape (n_residuals, n_parameters)
        Derivatives of the residuals at the minimizer.
    rss : float
        Sum of squared residuals (of the plain residuals, whatever the loss).
    at_bound : ndarray of bool, shape (n_parameters,)
        Parameters that ended on a bound.
    condition : float
        Condition number of the Jacobian after its columns are scaled to length one.
    n_evaluations : int
        Evaluations of the residuals by the trust-region searches.
    status : Status
        ``OK``, ``AT_BOUND``, ``NOT_IDENTIFIABLE`` or ``NOT_CONVERGED``.
    message : str
        Cause and remedy where ``status`` is not ``OK``.
    """

    parameters: FloatArray
    residuals: FloatArray
    jacobian: FloatArray
    rss: float
    at_bound: np.ndarray
    condition: float
    n_evaluations: int
    status: Status
    message: str


def least_squares_fit(
    residual: Residual,
    jacobian: Residual,
    start: ArrayLike,
    *,
    bounds: tuple[ArrayLike, ArrayLike] | None = None,
    loss: str = "linear",
    loss_scale: float = 1.0,
    n_starts: int = 1,
    rng: RNGLike = None,
) -> LeastSquaresSolution:
    """Minimize a sum of squared residuals to full precision.

    A trust-region search with the exact Jacobian runs from every start; without bounds a
    Levenberg-Marquardt search runs beside it, because the two fail on different problems. The best minimum
    is polished by undamped Gauss-Newton steps [1]_ (linear loss only). On the 27 nonlinear data sets of
    NIST StRD [2]_ every parameter agrees with its certified value to at least six digits from both starting
    points (``docs/nist.md``).

    Parameters
    ----------
    residual : callable
        Maps parameters, shape (n_parameters,), to residuals, shape (n_residuals,).
    jacobian : callable
        Maps parameters to the derivatives of the residuals, shape (n_residuals, n_parameters).
    start : array_like, shape (n_parameters,)
        Starting point, within the bounds.
    bounds : (array_like, array_like), optional
        Lower and upper bounds of the parameters; none by default.
    loss : {"linear", "soft_l1", "huber", "cauchy", "arctan"}, default "linear"
        Loss applied to each squared residual, as in :func:`scipy.optimize.least_squares`.
    loss_scale : float, default 1.0
        Residual at which a robust loss begins to bend; in the unit of the residuals.
    n_starts : int, default 1
        Number of searches; those after the first start from perturbed copies of ``start``.
    rng : int, Generator or None
        Source of the perturbations.

    Returns
    -------
    LeastSquaresSolution

    Raises
    ------
    TypeError, ValueError
        For an invalid argument; never for data that determine no unique minimum.

    References
    ----------
    .. [1] Nocedal and Wright (2006), *Numerical Optimization*, 2nd ed., equation (10.23).
    .. [2] National Institute of Standards and Technology, *Statistical Reference Datasets*.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([0.0, 1.0, 2.0])
    >>> solution = least_squares_fit(
    ...     lambda b: b[0] * np.exp(-b[1] * x) - [2.0, 1.0, 0.5],
    ...     lambda b: np.stack([np.exp(-b[1] * x), -b[0] * x * np.exp(-b[1] * x)], axis=1),
    ...     [1.0, 1.0],
    ... )
    >>> print(solution.parameters.round(6), solution.status)
    [2.       0.693147] ok
    """
    check_choice("loss", loss, LOSSES)
    check_real("loss_scale", loss_scale, low=0.0, high=math.inf, open_interval=True)
    n_starts = check_count("n_starts", n_starts)
    first = as_float_array("start", start)
    low, high = _as_bounds(bounds, first)
    starts = _perturbed(first, low, high, n_starts, as_generator(rng))
    searches = [
        search
        for point in starts
        for search in _searches(residual, jacobian, point, low, high, loss, loss_scale)
    ]
    if not searches:
        return _failed(residual, jacobian, first)
    best = min(searches, key=lambda search: search.cost)
    parameters = best.x if loss != "linear" else _polished(residual, jacobian, best.x, low, high)
    return _solution(residual, jacobian, parameters, low, high, best, sum(search.nfev for search in searches))


def condition_number(jacobian: FloatArray) -> float:
    """Return the condition number after scaling the columns to length one; infinite for a zero column."""
    norms = np.linalg.norm(jacobian, axis=0)
    if len(jacobian) < jacobian.shape[1] or not np.all(np.isfinite(norms)) or np.any(norms == 0):
        return math.inf
    return float(np.linalg.cond(jacobian / norms))


def on_bound(parameters: FloatArray, low: FloatArray, high: FloatArray) -> np.ndarray:
    """Return whether each parameter is within a millionth of a bound, relative to its own size."""
    margin = 1e-6 * np.maximum(np.abs(parameters), 1e-6)
    return np.asarray((parameters - low <= margin) | (high - parameters <= margin))


def _as_bounds(
    bounds: tuple[ArrayLike, ArrayLike] | None, start: FloatArray
) -> tuple[FloatArray, FloatArray]:
    if bounds is None:
        return np.full_like(start, -np.inf), np.full_like(start, np.inf)
    low, high = (as_float_array(name, side) for name, side in zip(("low", "high"), bounds, strict=True))
    if low.shape != start.shape or high.shape != start.shape:
        raise ValueError(
            f"bounds must have the shape of start, {start.shape}, but got {low.shape}, {high.shape}"
        )
    if not np.all((low <= start) & (start <= high)):
        raise ValueError(f"start must lie within bounds, but got {start} for {low} to {high}")
    return low, high


def _perturbed(
    start: FloatArray, low: FloatArray, high: FloatArray, n_starts: int, rng: np.random.Generator
) -> list[FloatArray]:
    """Return ``start`` and ``n_starts - 1`` copies whose entries are scaled by log-normal factors."""
    factors = np.exp(rng.normal(scale=0.7, size=(n_starts - 1, len(start))))
    return [start, *np.clip(start * factors, low, high)]


def _searches(
    residual: Residual,
    jacobian: Residual,
    start: FloatArray,
    low: FloatArray,
    high: FloatArray,
    loss: str,
    loss_scale: float,
) -> list[OptimizeResult]:
    """Run the applicable searches from one start; one that meets non-finite values is left out."""
    tolerance = _TOLERANCE if loss == "linear" else _ROBUST_TOLERANCE
    unbounded = bool(np.all(np.isinf(low)) and np.all(np.isinf(high)))
    found = []
    for method in ("trf", "lm") if unbounded and loss == "linear" else ("trf",):
        try:
            with np.errstate(all="ignore"):
                search = least_squares(
                    residual,
                    start,
                    jacobian,
                    bounds=(low, high),
                    method=method,
                    ftol=tolerance,
                    xtol=tolerance,
                    gtol=tolerance,
                    x_scale="jac",
                    loss=loss,
                    f_scale=loss_scale,
                    max_nfev=1000 * len(start),
                )
        except (ValueError, np.linalg.LinAlgError):
            continue
        if np.isfinite(search.cost):
            found.append(search)
    return found


def _polished(
    residual: Residual, jacobian: Residual, parameters: FloatArray, low: FloatArray, high: FloatArray
) -> FloatArray:
    """Take Gauss-Newton steps while they shrink; parameters on a bound stay there."""
    free = ~on_bound(parameters, low, high)
    last_size = math.inf
    for _ in range(_MAX_POLISH_STEPS):
        columns = jacobian(parameters)[:, free]
        norms = np.linalg.norm(columns, axis=0)
        if not np.all(np.isfinite(norms)) or np.any(norms == 0):
            return parameters
        step = np.linalg.lstsq(columns / norms, -residual(parameters), rcond=None)[0] / norms
        size = float(np.max(np.abs(step) / np.maximum(np.abs(parameters[free]), 1e-300), initial=0.0))
        moved = parameters.copy()
        moved[free] += step
        if not size < last_size or np.any(moved < low) or np.any(moved > high):
            return parameters
        parameters, last_size = moved, size
    return parameters


def _solution(
    residual: Residual,
    jacobian: Residual,
    parameters: FloatArray,
    low: FloatArray,
    high: FloatArray,
    search: OptimizeResult,
    n_evaluations: int,
) -> LeastSquaresSolution:
    residuals, derivatives = residual(parameters), jacobian(parameters)
    at_bound = on_bound(parameters, low, high)
    condition = condition_number(derivatives[:, ~at_bound]) if not at_bound.all() else 1.0
    status, message = _judged(search, condition, at_bound)
    rss = float(residuals @ residuals)
    return LeastSquaresSolution(
        parameters, residuals, derivatives, rss, at_bound, condition, n_evaluations, status, message
    )


def _judged(search: OptimizeResult, condition: float, at_bound: np.ndarray) -> tuple[Status, str]:
    if search.status == 0:
        return Status.NOT_CONVERGED, "the evaluation limit was reached; give a better start or more starts"
    if condition > MAX_CONDITION:
        cause = f"the scaled Jacobian has condition {condition:.1e}, so parameters trade off freely"
        return Status.NOT_IDENTIFIABLE, f"{cause}; use a family with fewer parameters or a wider range"
    if at_bound.any():
        listed = ", ".join(str(index) for index in np.flatnonzero(at_bound))
        return Status.AT_BOUND, f"parameters {listed} ended on a bound; widen it or use a simpler family"
    return Status.OK, ""


def _failed(residual: Residual, jacobian: Residual, start: FloatArray) -> LeastSquaresSolution:
    with np.errstate(all="ignore"):
        residuals, derivatives = residual(start), jacobian(start)
    return LeastSquaresSolution(
        parameters=np.full_like(start, np.nan),
        residuals=np.full_like(residuals, np.nan),
        jacobian=np.full_like(derivatives, np.nan),
        rss=math.nan,
        at_bound=np.zeros(len(start), dtype=bool),
        condition=math.inf,
        n_evaluations=0,
        status=Status.NOT_CONVERGED,
        message="residuals or derivatives are not finite at any start; give a start where they are",
    )
