"""Profile-likelihood intervals: how far a parameter can go before the best fit of the others is too bad."""

from __future__ import annotations

import numpy as np
from scipy.special import stdtrit

from rdstats._curves._refit import Problem, refit
from rdstats._validate import FloatArray

_N_DOUBLINGS = 30
_N_BISECTIONS = 20  # leave a millionth of the bracket


def profile_limits(
    problem: Problem, estimate: FloatArray, standard_error: FloatArray, rss: float, confidence_level: float
) -> tuple[FloatArray, FloatArray]:
    """Return the limits at which the profile's F statistic with 1 and n − p degrees of freedom is critical.

    All end points are sought at once: steps away from the estimate double until the statistic exceeds its
    critical value or the parameter meets its bound, and the bracket is then bisected. A limit on a bound
    means that the data exclude nothing on that side.
    """
    n_parameters = len(estimate)
    degrees = len(problem.rate) - n_parameters
    critical = rss * (1 + stdtrit(degrees, (1 + confidence_level) / 2) ** 2 / degrees)
    which = np.tile(np.arange(n_parameters), 2)
    sign = np.repeat([-1.0, 1.0], n_parameters)
    bound = np.where(sign < 0, problem.family.low[which], problem.family.high[which])
    center = estimate[which]
    inside, outside = np.zeros(len(which)), standard_error[which]
    for _ in range(_N_DOUBLINGS):
        value = _clipped(center + sign * outside, sign, bound)
        below = (_profiled(problem, estimate, which, value) <= critical) & (value != bound)
        inside, outside = np.where(below, outside, inside), np.where(below, 2 * outside, outside)
        if not below.any():
            break
    for _ in range(_N_BISECTIONS):
        middle = (inside + outside) / 2
        value = _clipped(center + sign * middle, sign, bound)
        below = _profiled(problem, estimate, which, value) <= critical
        inside, outside = np.where(below, middle, inside), np.where(below, outside, middle)
    limits = _clipped(center + sign * inside, sign, bound)
    return limits[:n_parameters], limits[n_parameters:]


def _clipped(value: FloatArray, sign: FloatArray, bound: FloatArray) -> FloatArray:
    return np.where(sign < 0, np.maximum(value, bound), np.minimum(value, bound))


def _profiled(problem: Problem, estimate: FloatArray, which: np.ndarray, value: FloatArray) -> FloatArray:
    """Return the least objective with one parameter per row held at a value."""
    rows = np.arange(len(which))
    start = np.tile(estimate, (len(which), 1))
    start[rows, which] = value
    held = np.zeros(start.shape, dtype=bool)
    held[rows, which] = True
    fits = refit(problem, start, np.ones((len(which), len(problem.rate))), held=held)
    return np.where(np.isfinite(fits.parameters).all(axis=1), fits.objective, np.inf)
