"""The result of a comparison over seeds, the options of the tests, and how a test becomes a result."""

from __future__ import annotations

import math
import warnings
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from scipy import special

from rdstats._status import DegenerateDataWarning, Interval, Status, undefined_interval
from rdstats._validate import RNGLike, as_generator, check_choice, check_count, check_fraction

ALTERNATIVES = ("two-sided", "greater", "less")


@dataclass(frozen=True)
class Comparison:
    """Outcome of a test on runs, with the estimate it is about.

    Attributes
    ----------
    estimate : float
        Estimate of ``estimand``; differences are hybrid minus baseline, in the unit of the data.
    interval : Interval
        Two-sided interval of ``estimate``, whatever the alternative. An end point is infinite where
        so few seeds cannot bound it at this confidence level.
    p_value : float
        In (0, 1]; NaN where the test is undefined, and then ``status`` says why.
    statistic : float
        Test statistic; positive where the hybrid has the larger values.
    n : int
        Pairs that entered a paired comparison, runs of both samples that entered an unpaired one.
    n_dropped : int
        Pairs or runs left out because a value was NaN or infinite.
    method : str
        Name of the test.
    estimand : str
        What is estimated: ``"mean difference"``, ``"median of pairwise means"``, ...
    alternative : str
        ``"two-sided"``, ``"greater"`` (hybrid larger) or ``"less"``.
    smallest_p : float
        Smallest p-value that data of this size can reach: 0 for the t tests, which have no floor,
        and 2 / 2**n (two-sided) for a sign flip of n seeds.
    status : Status
        ``OK``, or what the data cannot support.
    message : str
        Cause and remedy where ``status`` is not ``OK``, else empty.
    """

    estimate: float
    interval: Interval
    p_value: float
    statistic: float
    n: int
    n_dropped: int
    method: str
    estimand: str
    alternative: str
    smallest_p: float
    status: Status
    message: str


@dataclass(frozen=True)
class Options:
    """Validated options of a test."""

    method: str
    alternative: str
    confidence_level: float
    n_resamples: int
    rng: np.random.Generator

    @property
    def alpha(self) -> float:
        """Level of the test that goes with the confidence level."""
        return 1.0 - self.confidence_level


def check_options(
    method: str,
    methods: Collection[str],
    *,
    alternative: str = "two-sided",
    confidence_level: float = 0.95,
    n_resamples: int = 9_999,
    rng: RNGLike = None,
) -> Options:
    """Validate the options that every comparison takes."""
    return Options(
        check_choice("method", method, methods),
        check_choice("alternative", alternative, ALTERNATIVES),
        check_fraction("confidence_level", confidence_level),
        check_count("n_resamples", n_resamples),
        as_generator(rng),
    )


def combine_tails(greater: float, less: float, alternative: str) -> float:
    """Return the p-value of ``alternative`` from the two one-sided ones, in (0, 1] whatever the rounding."""
    p_value = {"greater": greater, "less": less, "two-sided": 2 * min(greater, less)}[alternative]
    return min(max(float(p_value), float(np.finfo(np.float64).tiny)), 1.0)


def student_comparison(
    estimate: float, error: float, df: float, n: int, *, options: Options, estimand: str, null: float = 0.0
) -> Comparison:
    """Test an estimate with standard error ``error`` on ``df`` degrees of freedom by Student's t."""
    statistic = (estimate - null) / error
    half_width = error * special.stdtrit(df, 1 - options.alpha / 2)
    return Comparison(
        estimate=float(estimate),
        interval=Interval(
            float(estimate - half_width),
            float(estimate + half_width),
            options.confidence_level,
            options.method,
        ),
        p_value=combine_tails(
            special.stdtr(df, -statistic), special.stdtr(df, statistic), options.alternative
        ),
        statistic=float(statistic),
        n=n,
        n_dropped=0,
        method=options.method,
        estimand=estimand,
        alternative=options.alternative,
        smallest_p=0.0,
        status=Status.OK,
        message="",
    )


def undefined_comparison(
    status: Status, message: str, *, n: int, options: Options, estimand: str, estimate: float = math.nan
) -> Comparison:
    """Return the comparison of data that allow neither a test nor an interval."""
    return Comparison(
        estimate=float(estimate),
        interval=undefined_interval(options.confidence_level, options.method),
        p_value=math.nan,
        statistic=math.nan,
        n=n,
        n_dropped=0,
        method=options.method,
        estimand=estimand,
        alternative=options.alternative,
        smallest_p=math.nan,
        status=status,
        message=message,
    )


def floor_status(smallest_p: float, *, what: str, options: Options) -> tuple[Status, str]:
    """Return the status of a test whose p-value has a floor, said out loud where it exceeds the level."""
    if smallest_p <= options.alpha:
        return Status.OK, ""
    return (
        Status.TOO_FEW_SEEDS,
        f"{what} cannot give a p-value below {smallest_p:.3g} ({options.method}, {options.alternative}), "
        f"so never reach {options.alpha:.3g}: add seeds",
    )


def warn_degenerate(status: Status, message: str) -> None:
    """Warn the caller of a public function unless ``status`` is ``OK``."""
    if status is not Status.OK:
        warnings.warn(message, DegenerateDataWarning, stacklevel=3)
