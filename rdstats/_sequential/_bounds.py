"""Critical values of Student's t at looks after every seed, from its exact law along the seeds.

Under the null hypothesis the t statistics of the first 2, 3, ... of independent normal numbers with mean 0
have a joint law that does not depend on their variance. It is followed here in

    u_n = sum(x) / sqrt(sum(x**2)) = sqrt(n) t_n / sqrt(n - 1 + t_n**2),

which lies in [-sqrt(n), sqrt(n)] and is a Markov chain: with
phi = atan(x_{n+1} / sqrt(x_1**2 + ... + x_n**2)),

    u_{n+1} = u_n cos(phi) + sin(phi) = sqrt(1 + u_n**2) sin(phi + atan(u_n)),

where sqrt(n) tan(phi) is Student distributed with n degrees of freedom and independent of u_2, ..., u_n:
these depend on the direction of the first n numbers only, which is independent of their length.
So the chance to lie beyond a value is an integral of that of the seed before,

    P(u_{n+1} > c) = integral of P(u_n > (c - sin(phi)) / cos(phi)) over the law of phi,

which is taken by Gauss-Legendre quadrature where the integrand is smooth: between the angles that lead from a
bound to c. The tail of u_n between the bounds is kept as a Chebyshev series in acos(u_n / sqrt(n)), in which
it is smooth up to the ends. At the first look t_n is Student distributed with n - 1 degrees of freedom.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.polynomial import Chebyshev, chebyshev
from scipy import optimize, special

from rdstats._validate import FloatArray

_SERIES, _NODES = (
    48,
    40,
)  # terms of the series and nodes of the quadrature: bounds are good to 1e-4, from 4 seeds on to 1e-5
_NEGLIGIBLE = 1e-14  # error that is not worth a bound; also of tails that are left out


@dataclass(frozen=True)
class _State:
    """The chain after n seeds without a decision, when u_n lies between ``low`` and ``high``.

    ``tail`` is P(u_n > u) as a series in acos(u / sqrt(n)); ``mass`` is the probability that
    no look decided so far.
    """

    n: int
    low: float
    high: float
    mass: float
    tail: Chebyshev

    def next_beyond(self, value: FloatArray) -> FloatArray:
        """Return P(no decision by n, and u_{n+1} > value) for values of shape (n_values,)."""
        enter, leave = _angles(self.high, value, self.n)
        sure_enter, sure_leave = (np.clip(ends, enter, leave) for ends in _angles(self.low, value, self.n))
        sure = _angle_law(sure_leave, self.n) - _angle_law(sure_enter, self.n)
        return np.asarray(
            self.mass * sure
            + self._between(enter, sure_enter, value)
            + self._between(sure_leave, leave, value)
        )

    def _between(self, start: FloatArray, end: FloatArray, value: FloatArray) -> FloatArray:
        nodes, weights = _quadrature()
        phi = start[:, None] + (end - start)[:, None] * nodes
        before = np.clip((value[:, None] - np.sin(phi)) / np.cos(phi), self.low, self.high)
        tails = self.tail(_theta(before, self.n)) * _angle_density(phi, self.n)
        return np.asarray((end - start) * (tails @ weights))


def critical_values(spent: FloatArray, *, first: int, two_sided: bool) -> FloatArray:
    """Return the value that t must reach at each look for the error to be spent as asked.

    Parameters
    ----------
    spent : ndarray, shape (n_looks,)
        Probability of a wrong decision in favor of one side by each look, not falling; looks follow each
        seed from ``first`` on.
    first : int
        Seeds at the first look, at least 2.
    two_sided : bool
        Whether a look may also decide for the other side, at minus the same value; ``spent`` is then that
        of each side.

    Returns
    -------
    ndarray, shape (n_looks,)
        Infinite at looks that have no error to spend.
    """
    critical, total, state = [], 0.0, None
    for n, wanted in enumerate(spent, start=first):
        bound = _bound(state, n, wanted - total)
        if bound < math.sqrt(n):
            total += float(_beyond(state, n, np.array([bound]))[0])
        if bound < math.sqrt(n) or state is not None:
            state = _stopped(state, n, bound, two_sided=two_sided)
        critical.append(float(_t_of(np.array([bound]), n)[0]))
    return np.array(critical)


def _beyond(state: _State | None, n: int, value: FloatArray) -> FloatArray:
    """Return P(no decision before n, and u_n > value); without a state no look came before."""
    if state is None:
        return np.asarray(special.stdtr(n - 1, -_t_of(value, n)))
    return state.next_beyond(value)


def _bound(state: _State | None, n: int, increment: float) -> float:
    """Return the value of u_n that is passed for the first time with probability ``increment``."""

    def excess(log_theta: float) -> float:
        value = math.sqrt(n) * math.cos(math.exp(log_theta))
        return math.log(max(float(_beyond(state, n, np.array([value]))[0]), 1e-300) / increment)

    if increment <= _NEGLIGIBLE:
        return math.sqrt(n)
    right = math.log(math.pi / 2)
    if excess(right) <= 0:  # what is left on the claimed side is no more than may be spent
        return 0.0
    return math.sqrt(n) * math.cos(math.exp(optimize.brentq(excess, math.log(1e-9), right, xtol=1e-10)))


def _stopped(state: _State | None, n: int, bound: float, *, two_sided: bool) -> _State:
    """Return the chain after n seeds where it lies below ``bound`` and, if two-sided, above minus it."""
    low = -bound if two_sided else -math.sqrt(n)
    ends = _theta(np.array([bound, low]), n)
    if ends[1] <= ends[0]:  # a bound of zero decides every case
        return _State(n, low, bound, 0.0, Chebyshev([0.0]))
    points = chebyshev.chebpts1(_SERIES)
    theta = ends[0] + (ends[1] - ends[0]) * (points + 1) / 2
    values = np.concatenate([math.sqrt(n) * np.cos(theta), [low, bound]])
    tails = _beyond(state, n, values)
    coefficients = chebyshev.chebfit(points, tails[:-2] - tails[-1], _SERIES - 1)
    return _State(n, low, bound, float(tails[-2] - tails[-1]), Chebyshev(coefficients, domain=ends))


def _angles(u: float, value: FloatArray, n: int) -> tuple[FloatArray, FloatArray]:
    """Return the angles between which u_n = ``u`` leads to u_{n+1} > ``value``, without the far tails."""
    rise, tilt = np.arcsin(np.clip(value / math.sqrt(1 + u**2), -1, 1)), math.atan(u)
    last = _last_angle(n)
    return np.clip(rise - tilt, -last, last), np.clip(math.pi - rise - tilt, -last, last)


@lru_cache(maxsize=1024)
def _last_angle(n: int) -> float:
    """Return the size of angles beyond which nothing worth counting lies."""
    return math.atan(-float(special.stdtrit(n, _NEGLIGIBLE)) / math.sqrt(n))


def _angle_law(phi: FloatArray, n: int) -> FloatArray:
    return np.asarray(special.stdtr(n, math.sqrt(n) * np.tan(phi)))


def _angle_density(phi: FloatArray, n: int) -> FloatArray:
    constant = special.gammaln((n + 1) / 2) - special.gammaln(n / 2) - math.log(math.pi) / 2
    return np.asarray(math.exp(constant) * np.cos(phi) ** (n - 1))


@lru_cache(maxsize=1)
def _quadrature() -> tuple[FloatArray, FloatArray]:
    """Return nodes and weights on [0, 1]."""
    nodes, weights = special.roots_legendre(_NODES)
    return (nodes + 1) / 2, weights / 2


def _theta(u: FloatArray, n: int) -> FloatArray:
    return np.arccos(np.clip(u / math.sqrt(n), -1, 1))


def _t_of(u: FloatArray, n: int) -> FloatArray:
    with np.errstate(divide="ignore"):
        return np.asarray(u * np.sqrt((n - 1) / np.maximum(n - u**2, 0.0)))
