"""What a look after each seed says, for each kind of design."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import special

from rdstats._sequential._design import AnytimeDesign, GroupSequentialDesign
from rdstats._sequential._e_processes import sign_evidence, sign_limits, t_evidence, t_evidence_bound
from rdstats._validate import FloatArray

_LEVELS = (1e-6, 1e-5, 1e-4, 1e-3, 3e-3, 0.01, 0.02, 0.035, 0.06, 0.1, 0.15, 0.25, 0.4, 0.65, 0.99)
"""Levels between whose critical values the p-values of group-sequential designs are interpolated."""


@dataclass(frozen=True)
class Looks:
    """Arrays with one entry per look; ``decision`` is 1, -1 or 0 for greater, less or none.

    ``signed`` says whether the statistic has the sign of the estimate, as t has and evidence has not.
    """

    n: NDArray[np.int64]
    estimate: FloatArray
    low: FloatArray
    high: FloatArray
    statistic: FloatArray
    critical_value: FloatArray
    p_value: FloatArray
    predictive_power: FloatArray
    decision: NDArray[np.int64]
    signed: bool = True

    def about(self, null: float) -> Looks:
        """Return the looks in the unit of the data, from those at numbers less ``null``."""
        return replace(self, estimate=self.estimate + null, low=self.low + null, high=self.high + null)

    def mirrored(self) -> Looks:
        """Return what the looks say of the numbers with the other sign."""
        sign = -1.0 if self.signed else 1.0
        return replace(
            self,
            estimate=-self.estimate,
            low=-self.high,
            high=-self.low,
            statistic=sign * self.statistic,
            critical_value=sign * self.critical_value,
            decision=-self.decision,
        )


def group_sequential_looks(
    differences: FloatArray, design: GroupSequentialDesign, *, one_sided: bool, alpha: float
) -> Looks:
    """Return the looks so far of a group-sequential t test."""
    critical = {sided: design.critical_values(alpha, two_sided=sided) for sided in (True, not one_sided)}
    looks = _t_looks(
        differences,
        lambda n, two_sided: critical[two_sided][: len(n)],
        first=design.first,
        one_sided=one_sided,
    )
    end = critical[not one_sided][-1]
    return replace(
        looks,
        p_value=_p_values(looks.statistic, design, one_sided=one_sided, alpha=alpha),
        predictive_power=_predictive_power(looks.statistic, looks.n, design.n_max, end, one_sided=one_sided),
    )


def anytime_t_looks(
    differences: FloatArray, design: AnytimeDesign, *, one_sided: bool, alpha: float
) -> Looks:
    """Return the looks of the e-process of Student's t."""
    variance = design.effect_variance

    def bounds(n: NDArray[np.int64], two_sided: bool) -> FloatArray:
        return np.array(
            [t_evidence_bound(k, alpha, effect_variance=variance, two_sided=two_sided) for k in map(int, n)]
        )

    looks = _t_looks(differences, bounds, first=design.first, one_sided=one_sided)
    evidence = t_evidence(
        np.nan_to_num(looks.statistic),
        looks.n.astype(float),
        effect_variance=variance,
        two_sided=not one_sided,
    )
    return replace(looks, p_value=np.where(np.isnan(looks.statistic), 1.0, 1 / evidence))


def _t_looks(
    differences: FloatArray,
    bounds: Callable[[NDArray[np.int64], bool], FloatArray],
    *,
    first: int,
    one_sided: bool,
) -> Looks:
    """Return looks by Student's t, without p-values and what is to come.

    ``bounds`` gives the value that t has to reach at the looks after n seeds, one- or two-sided; intervals
    are two-sided whatever the test.
    """
    n, mean, error = _moments(differences, first=first)
    t, critical, half_width = (
        _ratio(mean, error),
        bounds(n, not one_sided),
        _half_width(error, bounds(n, True)),
    )
    return Looks(
        n=n,
        estimate=mean,
        low=mean - half_width,
        high=mean + half_width,
        statistic=t,
        critical_value=critical,
        p_value=np.full(len(n), np.nan),
        predictive_power=np.full(len(n), np.nan),
        decision=_crossings(t, critical, one_sided=one_sided),
    )


def sign_looks(differences: FloatArray, *, one_sided: bool, alpha: float) -> Looks:
    """Return the looks of the sign e-process; each side of a two-sided test has half of ``alpha``."""
    n = np.arange(1, len(differences) + 1)
    sides = 1 if one_sided else 2
    up, down = sign_evidence(differences), sign_evidence(-differences)
    favored = up if one_sided else np.maximum(up, down)
    needed = np.full(len(n), sides / alpha)
    return Looks(
        n=n,
        estimate=np.cumsum(differences) / n,
        low=sign_limits(differences, alpha / 2),
        high=-sign_limits(-differences, alpha / 2),
        statistic=favored,
        critical_value=needed,
        p_value=sides / favored,
        predictive_power=np.full(len(n), np.nan),
        decision=np.where(favored < needed, 0, np.where(up >= down, 1, -1)),
        signed=False,
    )


def _moments(differences: FloatArray, *, first: int) -> tuple[NDArray[np.int64], FloatArray, FloatArray]:
    """Return seeds, mean and its standard error at each look."""
    n = np.arange(first, len(differences) + 1)
    mean = np.array([differences[:k].mean() for k in n])
    deviation = np.array([differences[:k].std(ddof=1) if np.ptp(differences[:k]) else 0.0 for k in n])
    return n, mean, deviation / np.sqrt(n)


def _ratio(mean: FloatArray, error: FloatArray) -> FloatArray:
    """Return t, NaN where the numbers so far are all equal: rounded metrics are not infinitely sure."""
    ratio: FloatArray = np.divide(mean, error, out=np.full(len(mean), np.nan), where=error > 0)
    return ratio


def _half_width(error: FloatArray, critical: FloatArray) -> FloatArray:
    """Return that of the interval of the mean; infinite where the numbers so far do not vary."""
    half_width: FloatArray = np.where(error > 0, critical, np.inf) * np.where(error > 0, error, 1.0)
    return half_width


def _crossings(t: FloatArray, critical: FloatArray, *, one_sided: bool) -> NDArray[np.int64]:
    above, below = t >= critical, (t <= -critical) & (not one_sided)
    return above.astype(np.int64) - below


def _p_values(t: FloatArray, design: GroupSequentialDesign, *, one_sided: bool, alpha: float) -> FloatArray:
    """Return the least level at which each look decides, interpolated between the logarithms of some."""
    levels = np.unique([*_LEVELS, alpha])
    critical = np.array(
        [design.first_critical_values(level, len(t), two_sided=not one_sided) for level in map(float, levels)]
    )
    size = t if one_sided else np.abs(t)
    p_values = np.ones(len(t))
    for look, value in enumerate(size):
        known = np.isfinite(critical[:, look]) & (critical[:, look] > 0)
        bounds, at = np.log(critical[known, look])[::-1], np.log(levels[known])[::-1]
        if value > 0 and np.log(value) >= bounds[0]:
            p_values[look] = np.exp(np.interp(np.log(value), bounds, at))
    return p_values


def _predictive_power(
    t: FloatArray, n: NDArray[np.int64], n_max: int, critical: float, *, one_sided: bool
) -> FloatArray:
    """Return P(t passes ``critical`` at n_max): the mean to come is Student distributed about that so far."""
    left = n_max - n
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = np.sqrt(left / n)
        drift = t * np.sqrt(n_max / n)
        above = special.stdtr(n - 1, (drift - critical) / scale)
        below = special.stdtr(n - 1, (-drift - critical) / scale)
    at_end = np.where(np.isnan(t), np.nan, (t >= critical) | ((t <= -critical) & (not one_sided)))
    return np.where(left == 0, at_end, above if one_sided else above + below)
