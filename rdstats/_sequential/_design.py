"""How often runs may be looked at, and what that costs: designs of sequential tests."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from rdstats._sequential._bounds import critical_values
from rdstats._sequential._spending import SPENDING
from rdstats._validate import FloatArray, check_choice, check_count, check_real

ANYTIME_METHODS = ("t", "sign")
_MOST_SEEDS = 200


@dataclass(frozen=True)
class GroupSequentialDesign:
    """Looks after every seed from ``first`` to ``n_max``, with error spent as seeds come.

    The critical values are those of Student's t for independent normal numbers, by numerical integration
    of the exact law. They are computed for a look after every seed. Leaving looks out, for whatever
    reason, makes a wrong decision less likely; going on after ``n_max`` is not allowed.

    Attributes
    ----------
    n_max : int
        Seeds at the last look, 2 to 200. It has to be fixed before the first look.
    first : int
        Seeds at the first look, at least 2. With fewer than 4 the level suffers most from numbers that
        are not normal.
    spending : {"quadratic", "linear", "obrien-fleming", "pocock"}
        Share of the error that may be spent by a share of the seeds. ``"quadratic"`` has nearly the power
        of ``n_max`` seeds, and decides effects of two standard deviations after about 7 of 20 seeds.

    Raises
    ------
    TypeError, ValueError
        If an attribute is out of range.

    References
    ----------
    .. [1] K. K. G. Lan and D. L. DeMets, "Discrete sequential boundaries for clinical trials", Biometrika
           70 (1983) 659-663.
    .. [2] K. Kim and D. L. DeMets, "Design and analysis of group sequential tests based on the type I error
           spending rate function", Biometrika 74 (1987) 149-154.

    Examples
    --------
    >>> GroupSequentialDesign(n_max=8).critical_values(alpha=0.05).round(2)
    array([5.39, 4.39, 3.63, 3.14, 2.81])
    """

    n_max: int
    first: int = 4
    spending: str = "quadratic"

    def __post_init__(self) -> None:
        check_count("first", self.first, minimum=2)
        check_count("n_max", self.n_max, minimum=self.first)
        if self.n_max > _MOST_SEEDS:
            raise ValueError(f"n_max must be at most {_MOST_SEEDS}, but got {self.n_max}")
        check_choice("spending", self.spending, SPENDING)

    @property
    def name(self) -> str:
        """Name of the test."""
        return "group-sequential t"

    @property
    def needs_variance(self) -> bool:
        """Whether equal differences leave the test without an answer."""
        return True

    def spent(self, alpha: float) -> FloatArray:
        """Return the error that may be spent by each look, shape (n_looks,), of ``alpha`` in all."""
        fraction = np.arange(self.first, self.n_max + 1) / self.n_max
        return np.asarray(SPENDING[self.spending](fraction, alpha))

    def critical_values(self, alpha: float, *, two_sided: bool = True) -> FloatArray:
        """Return the value that t has to reach at each look.

        Parameters
        ----------
        alpha : float
            Probability of any wrong decision, in (0, 1); half of it for each side if two-sided.
        two_sided : bool
            Whether the test may decide for either sign.

        Returns
        -------
        ndarray, shape (n_max - first + 1,)
            Infinite where no error is left to spend.
        """
        check_real("alpha", alpha, low=0.0, high=1.0, open_interval=True)
        return self.first_critical_values(alpha, self.n_max - self.first + 1, two_sided=two_sided)

    def first_critical_values(self, alpha: float, n_looks: int, *, two_sided: bool) -> FloatArray:
        """Return `critical_values` of the first ``n_looks`` looks, which takes less time than all."""
        return _critical_values(self, float(alpha), n_looks, two_sided).copy()


@lru_cache(maxsize=512)
def _critical_values(
    design: GroupSequentialDesign, alpha: float, n_looks: int, two_sided: bool
) -> FloatArray:
    spent = design.spent(alpha / 2 if two_sided else alpha)[:n_looks]
    return critical_values(spent, first=design.first, two_sided=two_sided)


@dataclass(frozen=True)
class AnytimeDesign:
    """Looks after every seed without end: evidence is a bet that gains only if the null hypothesis is wrong.

    Attributes
    ----------
    method : {"t", "sign"}
        ``"t"``: independent normal numbers. ``"sign"``: numbers that are symmetric about 0 under the null
        hypothesis, whatever their law; at a confidence level of 0.95 it decides after 7 seeds at the
        earliest.
    effect_variance : float
        For ``"t"``: the variance of the effects (in standard deviations) that it is best at, above 0.

    Raises
    ------
    TypeError, ValueError
        If an attribute is out of range.

    References
    ----------
    .. [1] T. L. Lai, "On confidence sequences", Annals of Statistics 4 (1976) 265-280.
    .. [2] H. Wang and A. Ramdas, "Anytime-valid t-tests and confidence sequences for Gaussian means with
           unknown variance", arXiv 2310.03722 (2023).

    Examples
    --------
    >>> AnytimeDesign(method="sign").method
    'sign'
    """

    method: str = "t"
    effect_variance: float = 4.0

    def __post_init__(self) -> None:
        check_choice("method", self.method, ANYTIME_METHODS)
        if not check_real("effect_variance", self.effect_variance, low=0.0) > 0:
            raise ValueError(f"effect_variance must be above 0, but got {self.effect_variance!r}")

    @property
    def name(self) -> str:
        """Name of the test."""
        return f"anytime {self.method}"

    @property
    def first(self) -> int:
        """Seeds at the first look."""
        return 2 if self.method == "t" else 1

    @property
    def needs_variance(self) -> bool:
        """Whether equal differences leave the test without an answer."""
        return self.method == "t"


Design = GroupSequentialDesign | AnytimeDesign
