"""Optima of a source along a grid of slopes: the factor curve and the bounds of the image source."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rdstats._validate import FloatArray, as_float_array, check_count, check_real
from rdstats.theory._free_support import FreeSupportSolution, free_support
from rdstats.theory._mixture_source import BernoulliMixture
from rdstats.theory._pixel_lower import LARGEST_UNIMODAL_BETA, pixel_lower_bound
from rdstats.theory._pixel_upper import pixel_upper_bound

Progress = Callable[[int, int], None]
"""Is told how many of how many problems are solved: first 0, then after each."""

_NOISE_BETAS = (2.2, 2.4, 2.6, 2.8, 3.0)
# Most of the rate is gained at slopes close to the critical one, so they lie closer together there.
_CROWDING = 1.5
_FACTOR_TOLERANCE = 1e-5
_IMAGES_FOR_FIT = 6_500
_IMAGES_FOR_VALUE = 52_000


@dataclass(frozen=True, eq=False)
class FactorCurve:
    """The rate-distortion function of an encoder that is shown the state, at a grid of slopes.

    Arrays have the shape (n_slopes,) and run from the smallest rate to the largest.

    Attributes
    ----------
    beta : ndarray
        Nats per unit of squared error per image; minus the slope of the curve.
    rate : ndarray
        Nats per image.
    distortion : ndarray
        Squared error per image, pixel noise included.
    gap : ndarray
        Certified excess of ``rate + beta * distortion`` over the optimum, in nats.
    """

    beta: FloatArray
    rate: FloatArray
    distortion: FloatArray
    gap: FloatArray

    @property
    def value_lower(self) -> FloatArray:
        """Lower bound of the minimum of ``rate + beta * distortion`` at each slope, in nats."""
        return np.asarray(self.rate + self.beta * self.distortion - self.gap)


@dataclass(frozen=True, eq=False)
class PixelBounds:
    """Bounds of the rate-distortion function of the images themselves, at a grid of slopes.

    Arrays have the shape (n_slopes,) and run from the smallest rate to the largest.

    Attributes
    ----------
    beta : ndarray
        Nats per unit of squared error per image.
    value_lower : ndarray
        Lower bound of the minimum of ``rate + beta * distortion``, in nats per image.
    value_upper : ndarray
        Estimated upper bound of the same, in nats per image.
    standard_error : ndarray
        Monte Carlo standard error of ``value_upper``, in nats.
    rate, distortion : ndarray
        An achievable point: nats, and squared error, per image.
    """

    beta: FloatArray
    value_lower: FloatArray
    value_upper: FloatArray
    standard_error: FloatArray
    rate: FloatArray
    distortion: FloatArray


def factor_curve(
    parts: Sequence[BernoulliMixture],
    *,
    betas: ArrayLike | None = None,
    tol: float = 1e-6,
    progress: Progress | None = None,
) -> FactorCurve:
    """Solve the rate-distortion problem of a known state at a grid of slopes.

    Parameters
    ----------
    parts : sequence of BernoulliMixture
        Independent parts of the image; rates and distortions at a common slope add up. A part that is listed
        twice (the same object) is solved once.
    betas : array_like, optional
        Slopes in nats per unit of squared error per image; positive. By default 60 of them from just under
        the slope at zero rate to a rate close to the entropy of the state.
    tol : float, default 1e-6
        Certified gap to reach in each part, in nats.
    progress : callable, optional
        Called with the number of problems solved and their total, first with 0 and then after each.

    Returns
    -------
    FactorCurve
        Rate, distortion and gap at each slope.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range.

    Notes
    -----
    The image follows from the state with noise that no encoder of the state can know, so the problem is that
    of the mean images plus the constant ``known_state_distortion``. See `free_support` for the solver and
    its certificate.

    Examples
    --------
    >>> from rdstats.theory import corridor_parts
    >>> curve = factor_curve(corridor_parts(), betas=[0.2, 1.0, 10.0])
    >>> curve.rate.round(3), (curve.distortion / 169).round(5)
    (array([1.172, 4.625, 5.13 ]), array([0.11671, 0.05696, 0.05465]))
    """
    slopes = _checked_slopes(parts, factor_slopes(parts) if betas is None else betas)
    tol = check_real("tol", tol, low=0.0, open_interval=True)
    rate, distortion, gap = np.zeros((3, len(slopes)))
    for part, multiplicity, index, solution in _solved_parts(parts, slopes, tol, progress):
        rate[index] += multiplicity * solution.rate
        distortion[index] += multiplicity * (solution.distortion + part.known_state_distortion)
        gap[index] += multiplicity * solution.gap
    return FactorCurve(slopes, rate, distortion, gap)


def pixel_bounds(
    parts: Sequence[BernoulliMixture],
    *,
    betas: ArrayLike | None = None,
    tol: float = 4e-3,
    rng: int = 0,
    progress: Progress | None = None,
) -> PixelBounds:
    """Bound the rate-distortion function of the images at a grid of slopes.

    Parameters
    ----------
    parts : sequence of BernoulliMixture
        Independent parts of the image, as in `factor_curve`.
    betas : array_like, optional
        Slopes in nats per unit of squared error per image; positive. By default 35 of them from just under
        the slope at zero rate to 3, where pixel noise is being coded.
    tol : float, default 0.004
        Slack of the lower bound at which to stop, in nats per part.
    rng : int, default 0
        Seed of the images that the upper bound is fitted to and evaluated on.
    progress : callable, optional
        As in `factor_curve`.

    Returns
    -------
    PixelBounds
        Lower and upper bounds at each slope.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range.

    Notes
    -----
    A model that sees images is bounded by ``value_lower`` only: its rate and squared error satisfy
    ``rate + beta * distortion >= value_lower`` at every slope (see `pixel_lower_bound` for the proof and for
    what is searched numerically). The factor curve bounds the same function from above, because an encoder
    of the image can draw a state from its posterior.

    Examples
    --------
    >>> from rdstats.theory import corridor_parts
    >>> bounds = pixel_bounds(corridor_parts(), betas=[0.2])
    >>> bool(bounds.value_upper - bounds.value_lower < 0.01)
    True
    """
    slopes = _checked_slopes(parts, pixel_slopes(parts) if betas is None else betas)
    tol = check_real("tol", tol, low=0.0, open_interval=True)
    seed = check_count("rng", rng, minimum=0)
    lower, upper, variance, rate, distortion = np.zeros((5, len(slopes)))
    for part, multiplicity, index, factor in _solved_parts(parts, slopes, _FACTOR_TOLERANCE, progress):
        bound = pixel_upper_bound(
            part,
            factor,
            n_train=-(-_IMAGES_FOR_FIT // len(part.weights)),
            n_test=-(-_IMAGES_FOR_VALUE // len(part.weights)),
            rng=np.random.default_rng([seed, parts.index(part)]),
        )
        lower[index] += multiplicity * pixel_lower_bound(part, bound.law, tol=tol).value
        upper[index] += multiplicity * bound.value
        variance[index] += (multiplicity * bound.standard_error) ** 2
        rate[index] += multiplicity * bound.rate
        distortion[index] += multiplicity * bound.distortion
    return PixelBounds(slopes, lower, upper, np.sqrt(variance), rate, distortion)


def _distinct(parts: Sequence[BernoulliMixture]) -> list[tuple[BernoulliMixture, int]]:
    counted = {id(part): part for part in parts}
    return [(part, sum(other is part for other in parts)) for part in counted.values()]


def _solved_parts(
    parts: Sequence[BernoulliMixture], slopes: FloatArray, tol: float, progress: Progress | None
) -> Iterator[tuple[BernoulliMixture, int, int, FreeSupportSolution]]:
    """Yield each distinct part, its multiplicity, the index of a slope and the solution there."""
    distinct = _distinct(parts)
    tell = progress or (lambda done, total: None)
    done, total = 0, len(distinct) * len(slopes)
    tell(done, total)
    for part, multiplicity in distinct:
        for index, solution in solutions(part, slopes, tol):
            yield part, multiplicity, index, solution
            done += 1
            tell(done, total)


def solutions(
    part: BernoulliMixture, slopes: FloatArray, tol: float, **task: Any
) -> Iterator[tuple[int, FreeSupportSolution]]:
    """Solve from the largest slope, where every point reproduces itself, down to the smallest.

    ``task`` are the options of `free_support` that add a task.
    """
    solution = None
    for index in range(len(slopes) - 1, -1, -1):
        beta = float(slopes[index])
        solution = free_support(part.points, part.weights, beta, start=solution, tol=tol, **task)
        yield index, solution


def factor_slopes(parts: Sequence[BernoulliMixture], n_slopes: int = 60) -> FloatArray:
    """Return slopes from just under the critical one to a rate close to the entropy of the state."""
    return _grid(parts, n_slopes, _saturating_beta(parts))


def pixel_slopes(parts: Sequence[BernoulliMixture], n_slopes: int = 30) -> FloatArray:
    """Return slopes from just under the critical one to 2, and five more where pixel noise is being coded."""
    return np.concatenate([_grid(parts, n_slopes, LARGEST_UNIMODAL_BETA), _NOISE_BETAS])


def _grid(parts: Sequence[BernoulliMixture], n_slopes: int, largest: float) -> FloatArray:
    n_slopes = check_count("n_slopes", n_slopes, minimum=2)
    smallest = 0.98 * _critical_beta(parts)
    progress = np.linspace(0.0, 1.0, n_slopes) ** _CROWDING
    return np.asarray(smallest * (largest / smallest) ** progress)


def _checked_slopes(parts: Sequence[BernoulliMixture], betas: ArrayLike) -> FloatArray:
    if len(parts) == 0:
        raise ValueError("parts must hold at least one source, but got none")
    slopes = as_float_array("betas", betas)
    if len(slopes) == 0 or not np.all((slopes > 0) & np.isfinite(slopes)):
        raise ValueError(f"betas must be positive and finite, but got {slopes.tolist()}")
    return np.sort(slopes)


def _critical_beta(parts: Sequence[BernoulliMixture]) -> float:
    """Return the slope at which a part starts to split into two reproductions, 1 / (2 variance).

    The variance is that of the images along their first principal axis, noise included, so that both the
    factor curve and the image source are silent below it.
    """
    return float(min(1.0 / (2.0 * _largest_variance(part)) for part in parts))


def _largest_variance(part: BernoulliMixture) -> float:
    spread = np.cov(part.points.T, aweights=part.weights, ddof=0).reshape(part.points.shape[1], -1)
    noise = part.weights @ (part.probabilities * (1.0 - part.probabilities))
    return float(np.linalg.eigvalsh(spread + np.diag(noise))[-1])


def _saturating_beta(parts: Sequence[BernoulliMixture]) -> float:
    """Return a slope at which the two nearest points are told apart almost always."""
    nearest = np.inf
    for part in parts:
        squares = ((part.points[:, None] - part.points) ** 2).sum(axis=2)
        nearest = min(nearest, float(squares[squares > 0].min(initial=np.inf)))
    return 4.0 / nearest
