"""How many seeds a comparison needs, and what power it has."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import special

from rdstats._comparisons._comparison import ALTERNATIVES, combine_tails
from rdstats._comparisons._multiplicity import CORRECTIONS
from rdstats._comparisons._paired import PAIRED_METHODS
from rdstats._status import Status
from rdstats._validate import (
    check_choice,
    check_count,
    check_fraction,
    check_real,
)

_MOST_SEEDS = 1_000_000
_SIGNED_RANK_EFFICIENCY = 3 / math.pi
"""Asymptotic efficiency of the signed-rank test relative to t for normal differences."""


@dataclass(frozen=True)
class SeedPlan:
    """Seeds that a comparison needs.

    Attributes
    ----------
    n_seeds : int
        Seeds per condition.
    power : float
        Power that they give.
    alpha : float
        Level of each test after correction.
    status : Status
        ``OK``, or ``NOT_IDENTIFIABLE`` where more than a million seeds would be needed.
    message : str
        Cause where ``status`` is not ``OK``, else empty.
    """

    n_seeds: int
    power: float
    alpha: float
    status: Status
    message: str


def power(
    effect: float,
    *,
    sd: float,
    n_seeds: int,
    paired: bool = True,
    method: str = "t",
    alternative: str = "two-sided",
    alpha: float = 0.05,
    n_comparisons: int = 1,
    correction: str = "holm",
) -> float:
    """Return the power of a comparison of normal runs.

    Parameters
    ----------
    effect : float
        True difference, hybrid minus baseline, in any unit.
    sd : float
        Standard deviation over seeds in the same unit: of the paired differences if ``paired``, else of
        the runs of one condition.
    n_seeds : int
        Seeds per condition.
    paired : bool
        Whether the conditions share their seeds.
    method : {"t", "wilcoxon", "sign_flip"}
        Test of paired differences. The exact tests have no power where their smallest p-value exceeds
        the level, and are otherwise as efficient as t (sign flip) or 3/pi as efficient (Wilcoxon).
    alternative : {"two-sided", "greater", "less"}
        Alternative of the test.
    alpha : float
        Level of the family of tests.
    n_comparisons, correction : int, {"holm", "benjamini-hochberg", "none"}
        Size of the family and its correction. Each test is planned at ``alpha / n_comparisons``, the
        first step of both procedures, so that the power holds whatever the other tests find.

    Returns
    -------
    float
        Probability of a significant result.

    Raises
    ------
    TypeError, ValueError
        If an argument is invalid.

    References
    ----------
    .. [1] J. Cohen, Statistical Power Analysis for the Behavioral Sciences, 2nd ed. (1988), section 2.3.

    Examples
    --------
    >>> round(power(0.01, sd=0.008, n_seeds=8), 3)
    0.856
    """
    check_real("effect", effect)
    check_real("sd", sd, low=0.0, high=math.inf, open_interval=True)
    check_count("n_seeds", n_seeds)
    level = level_per_test(paired, method, alternative, alpha, n_comparisons, correction)
    return _power(effect / sd, n_seeds, paired=paired, method=method, alternative=alternative, alpha=level)


def seeds_needed(
    effect: float,
    *,
    sd: float,
    power: float = 0.8,
    paired: bool = True,
    method: str = "t",
    alternative: str = "two-sided",
    alpha: float = 0.05,
    n_comparisons: int = 1,
    correction: str = "holm",
) -> SeedPlan:
    """Return the smallest number of seeds that gives a comparison its power.

    Parameters
    ----------
    effect : float
        True difference to detect; not 0.
    power : float
        Power to reach.
    sd, paired, method, alternative, alpha, n_comparisons, correction
        As for :func:`power`.

    Returns
    -------
    SeedPlan

    Raises
    ------
    TypeError, ValueError
        If an argument is invalid, or the effect has the sign that the alternative excludes.

    Examples
    --------
    >>> seeds_needed(0.01, sd=0.008).n_seeds
    8
    >>> seeds_needed(0.01, sd=0.008, n_comparisons=35).n_seeds
    16
    """
    check_real("sd", sd, low=0.0, high=math.inf, open_interval=True)
    check_fraction("power", power)
    if check_real("effect", effect) == 0 or {"greater": effect < 0, "less": effect > 0}.get(
        alternative, False
    ):
        raise ValueError(
            f"effect must not be 0 or contrary to alternative={alternative!r}, but got {effect!r}"
        )
    level = level_per_test(paired, method, alternative, alpha, n_comparisons, correction)

    def reached(n: int) -> float:
        return _power(effect / sd, n, paired=paired, method=method, alternative=alternative, alpha=level)

    high = 2
    while reached(high) < power and high < _MOST_SEEDS:
        high *= 2
    if high >= _MOST_SEEDS and reached(high) < power:
        message = f"an effect of {effect / sd:.2g} standard deviations needs more than {high} seeds"
        return SeedPlan(high, reached(high), level, Status.NOT_IDENTIFIABLE, message)
    low = 1 if high == 2 else high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) >= power else (middle, high)
    return SeedPlan(high, reached(high), level, Status.OK, "")


def level_per_test(
    paired: bool, method: str, alternative: str, alpha: float, n_comparisons: int, correction: str
) -> float:
    """Validate the options of a plan and return the level at which each of its tests is made."""
    check_choice("method", method, PAIRED_METHODS if paired else ("t",))
    check_choice("alternative", alternative, ALTERNATIVES)
    check_choice("correction", correction, CORRECTIONS)
    check_count("n_comparisons", n_comparisons)
    return check_fraction("alpha", alpha) / (1 if correction == "none" else n_comparisons)


def _power(
    standardized: float, n: int, *, paired: bool, method: str, alternative: str, alpha: float
) -> float:
    floor = 0.0 if method == "t" else 0.5**n
    if n < 2 or combine_tails(floor, floor, alternative) > alpha:
        return 0.0
    df, size = (n - 1, n) if paired else (2 * n - 2, n / 2)
    efficiency = _SIGNED_RANK_EFFICIENCY if method == "wilcoxon" else 1.0
    noncentrality = standardized * math.sqrt(size * efficiency)
    critical = special.stdtrit(df, 1 - (alpha / 2 if alternative == "two-sided" else alpha))
    upper = _lower_tail(df, -noncentrality, critical) if alternative != "less" else 0.0
    lower = _lower_tail(df, noncentrality, critical) if alternative != "greater" else 0.0
    return upper + lower


def _lower_tail(df: float, noncentrality: float, critical: float) -> float:
    """Return the probability that a noncentral t lies below ``-critical``."""
    probability = float(special.nctdtr(df, noncentrality, -critical))
    # Where the effect points the other way, SciPy gives NaN for a tail too thin to be computed.
    return 0.0 if noncentrality > 0 and math.isnan(probability) else probability
