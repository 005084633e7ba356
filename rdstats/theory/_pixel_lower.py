"""A lower bound of the image source's optimum: the dual, with multipliers affine in row counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import logsumexp

from rdstats._validate import FloatArray, check_count, check_real
from rdstats.theory._mixture_source import BernoulliMixture
from rdstats.theory._reproduction_law import ReproductionMixture, linearization
from rdstats.theory._water_filling import gray_bounds

# Two Gaussians at distance 1 with precision 2 beta have a single mode, whatever their weights, up to here.
LARGEST_UNIMODAL_BETA = 2.0

_TEMPERATURES = (0.03, 0.003)
_ASCENT_STEPS = 300
_ASCENT_TOLERANCE = 1e-9
_MOST_INSERTED = 80
_MIDPOINT_LIMIT = 20


@dataclass(frozen=True, eq=False)
class PixelLowerBound:
    """A lower bound of the image source's optimum at one slope.

    Attributes
    ----------
    value : float
        Lower bound of the minimum of ``rate + beta * distortion``, in nats per image.
    slack : float
        By how much the family of multipliers could still raise ``value``, at most, in nats.
    beta : float
        Nats per unit of squared error.
    """

    value: float
    slack: float
    beta: float


@dataclass(frozen=True, eq=False)
class _Block:
    """A group of columns: its probabilities by row pattern, and each state's pattern."""

    columns: slice
    log_zero: FloatArray
    log_one: FloatArray
    probabilities: FloatArray
    of_state: NDArray[np.intp]
    membership: FloatArray


@dataclass(frozen=True, eq=False)
class _Dual:
    """The dual problem; multipliers are ``offsets`` per state and ``slopes`` per block and pattern."""

    source: BernoulliMixture
    blocks: tuple[_Block, ...]
    beta: float

    def unpack(self, flat: FloatArray) -> tuple[FloatArray, list[FloatArray]]:
        """Split a flat vector into offsets and one array of slopes per block."""
        offsets, rest = np.split(flat, [len(self.source.weights)])
        slopes = []
        for block in self.blocks:
            head, rest = np.split(rest, [block.probabilities.size])
            slopes.append(head.reshape(block.probabilities.shape))
        return offsets, slopes

    def log_mass(self, flat: FloatArray, rows: FloatArray) -> tuple[FloatArray, list[FloatArray]]:
        """Return log p_s E[alpha exp(-beta |X - y|^2) | s] per state and row, and pixel posteriors.

        Parameters
        ----------
        flat : ndarray
            Multipliers.
        rows : ndarray, shape (n_rows, n_columns)
            Reproductions y, the same in each row of the image.

        Returns
        -------
        log_mass : ndarray, shape (n_states, n_rows)
        posteriors : list of ndarray, shape (n_patterns, n_rows, n_block_columns)
            Probability of a 1 under the tilted law, per block.
        """
        offsets, slopes = self.unpack(flat)
        log_mass = np.repeat((offsets + np.log(self.source.weights))[:, None], len(rows), axis=1)
        posteriors = []
        for block, slope in zip(self.blocks, slopes, strict=True):
            y = rows[:, block.columns]
            zero = block.log_zero[:, None] - self.beta * y**2
            one = (block.log_one + slope)[:, None] - self.beta * (1.0 - y) ** 2
            both = np.logaddexp(zero, one)
            posteriors.append(np.exp(one - both))
            log_mass += self.source.copies * both.sum(axis=2)[block.of_state]
        return log_mass, posteriors

    def expected_log_multiplier(self, flat: FloatArray) -> tuple[float, FloatArray]:
        """Return E log alpha, which is linear in the multipliers, and its gradient."""
        weights, copies = self.source.weights, self.source.copies
        parts = [weights]
        parts += [
            (copies * (block.membership @ weights)[:, None] * block.probabilities).ravel()
            for block in self.blocks
        ]
        gradient = np.concatenate(parts)
        return float(gradient @ flat), gradient


def pixel_lower_bound(
    source: BernoulliMixture,
    law: ReproductionMixture,
    *,
    tol: float = 2e-3,
    max_rounds: int = 3,
) -> PixelLowerBound:
    """Bound the optimum of an image source from below by its dual.

    Parameters
    ----------
    source : BernoulliMixture
        The image source.
    law : ReproductionMixture
        Law fitted by `pixel_upper_bound`; its slope is used, and its linearization is the start.
    tol : float, default 0.002
        Slack at which to stop, in nats.
    max_rounds : int, default 3
        Rounds of optimizing and inserting constraints after which to stop in any case.

    Returns
    -------
    PixelLowerBound
        The bound, never below Gray's.

    Raises
    ------
    ValueError, TypeError
        If ``tol`` or ``max_rounds`` is out of range.

    Notes
    -----
    If ``sup_y E[alpha(X, S) exp(-beta |X - y|^2)] <= 1`` then the optimum is at least ``E log alpha`` [1]_.
    The inequality is rigorous for any positive alpha, also one that sees the state: an encoder that knows S
    as well as X cannot do better than one that knows X, as S tells nothing more about the image. Here log
    alpha is affine in the number of ones per column, so that the expectation is a closed form. By Hoelder's
    inequality its supremum is attained at a y with equal rows, which leaves ``n_columns`` dimensions; there
    it is searched by ascent from many starts, so the bound is as good as that search. The multipliers are
    found by maximizing the (concave) bound under a growing list of constraints.

    Above a slope of 2 the likelihood of a single pixel has two modes, that of an image exponentially many,
    and no search is to be trusted: there the value is Gray's closed form (`gray_bounds`), and ``slack`` is
    infinite.

    References
    ----------
    .. [1] I. Csiszar, "On an extremum problem of information theory", Studia Scientiarum Mathematicarum
       Hungarica 9, 57-71, 1974.

    Examples
    --------
    >>> from rdstats.theory import free_support, pixel_upper_bound
    >>> source = BernoulliMixture([0.5, 0.5], [[0.1, 0.2], [0.8, 0.9]], copies=2)
    >>> upper = pixel_upper_bound(source, free_support(source.points, source.weights, 1.5))
    >>> lower = pixel_lower_bound(source, upper.law)
    >>> round(lower.value, 2), round(upper.value, 2)
    (1.28, 1.3)
    """
    tol = check_real("tol", tol, low=0.0, open_interval=True)
    max_rounds = check_count("max_rounds", max_rounds)
    dual = _Dual(source, tuple(_blocks(source)), law.beta)
    multipliers = _first_multipliers(dual, law)
    rows = _starts(source, law)
    value, slack = gray_bounds(source, law.beta).lower, np.inf
    for _ in range(max_rounds if law.beta <= LARGEST_UNIMODAL_BETA else 0):
        multipliers, relaxed = _maximize(dual, multipliers, rows)
        log_sup, peaks = _ascend(dual, multipliers, np.concatenate([rows, _starts(source, law)]))
        value = max(value, dual.expected_log_multiplier(multipliers)[0] - float(log_sup.max()))
        slack = max(relaxed - value, 0.0)
        if slack <= tol:
            break
        rows = _distinct(np.concatenate([rows, peaks[np.argsort(-log_sup)[:_MOST_INSERTED]]]))
    return PixelLowerBound(value, slack, law.beta)


def _blocks(source: BernoulliMixture) -> list[_Block]:
    blocks = []
    with np.errstate(divide="ignore"):
        for columns, probabilities, of_state in source.blocks():
            membership = (of_state == np.arange(len(probabilities))[:, None]).astype(np.float64)
            log_zero, log_one = np.log1p(-probabilities), np.log(probabilities)
            blocks.append(_Block(columns, log_zero, log_one, probabilities, of_state, membership))
    return blocks


def _first_multipliers(dual: _Dual, law: ReproductionMixture) -> FloatArray:
    """Linearize log 1/Z of the fitted law at each state's mean image."""
    source = dual.source
    value, slope = linearization(source, law)
    offsets = value
    parts = []
    for block in dual.blocks:
        share = block.membership * source.weights
        mean_slope = share @ slope[:, block.columns] / share.sum(axis=1, keepdims=True)
        parts.append(mean_slope.ravel())
        offsets = offsets - source.copies * (mean_slope * block.probabilities).sum(axis=1)[block.of_state]
    return np.concatenate([offsets, *parts])


def _starts(source: BernoulliMixture, law: ReproductionMixture) -> FloatArray:
    starts = [law.means, source.probabilities]
    if len(source.weights) <= _MIDPOINT_LIMIT:
        first, second = np.triu_indices(len(source.weights), k=1)
        starts.append((source.probabilities[first] + source.probabilities[second]) / 2.0)
    return np.concatenate(starts)


def _maximize(dual: _Dual, multipliers: FloatArray, rows: FloatArray) -> tuple[FloatArray, float]:
    """Maximize E log alpha - log max over ``rows``, the maximum softened less and less.

    Returns the multipliers and an upper estimate of the bound that any multipliers could give.
    """

    def objective(flat: FloatArray, temperature: float) -> tuple[float, FloatArray]:
        expected, gradient = dual.expected_log_multiplier(flat)
        log_mass, posteriors = dual.log_mass(flat, rows)
        log_g = logsumexp(log_mass, axis=0)
        soft_max = temperature * logsumexp(log_g / temperature)
        share = np.exp(log_mass - log_g + (log_g - soft_max) / temperature)
        parts = [share.sum(axis=1)]
        for block, posterior in zip(dual.blocks, posteriors, strict=True):
            parts.append(
                dual.source.copies * np.einsum("pj,pjc->pc", block.membership @ share, posterior).ravel()
            )
        return soft_max - expected, np.concatenate(parts) - gradient

    options = {"maxiter": 300, "ftol": 1e-12, "gtol": 1e-7, "maxcor": 30}
    for temperature in _TEMPERATURES:
        result = minimize(
            objective, multipliers, args=(temperature,), jac=True, method="L-BFGS-B", options=options
        )
        multipliers = result.x
    return multipliers, -float(result.fun) + temperature * float(np.log(len(rows)))


def _ascend(dual: _Dual, multipliers: FloatArray, rows: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Climb log E[alpha exp(-beta |X - y|^2)] by mean shift: y moves to the tilted mean of X."""
    previous = np.full(len(rows), -np.inf)
    for _ in range(_ASCENT_STEPS):
        log_mass, posteriors = dual.log_mass(multipliers, rows)
        log_g = logsumexp(log_mass, axis=0)
        if np.max(log_g - previous) < _ASCENT_TOLERANCE:
            break
        previous = log_g
        share = np.exp(log_mass - log_g)
        moved = [
            np.einsum("pj,pjc->jc", block.membership @ share, posterior)
            for block, posterior in zip(dual.blocks, posteriors, strict=True)
        ]
        rows = np.concatenate(moved, axis=1)
    return log_g, rows


def _distinct(rows: FloatArray) -> FloatArray:
    """Drop rows that repeat another to three decimals."""
    _, first = np.unique(rows.round(3), axis=0, return_index=True)
    return rows[first]
