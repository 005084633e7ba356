"""How an analysis ended, and the interval type every estimate carries."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """How an analysis ended; anything but ``OK`` comes with a message that gives cause and remedy."""

    OK = "ok"
    AT_BOUND = "at_bound"
    NOT_IDENTIFIABLE = "not_identifiable"
    NOT_CONVERGED = "not_converged"
    TOO_FEW_SEEDS = "too_few_seeds"
    ZERO_VARIANCE = "zero_variance"
    NO_OVERLAP = "no_overlap"
    NO_DATA = "no_data"


class RDStatsWarning(UserWarning):
    """Base of every warning that ``rdstats`` emits."""


class DroppedRowsWarning(RDStatsWarning):
    """Rows were left out of an analysis; the message says how many and why."""


class DegenerateDataWarning(RDStatsWarning):
    """The data cannot support the analysis asked for; the result's status says why."""


@dataclass(frozen=True)
class Interval:
    """A two-sided interval.

    Attributes
    ----------
    low, high : float
        End points, in the unit of the estimate; NaN where no interval exists.
    confidence_level : float
        Nominal coverage, in (0, 1).
    method : str
        How the interval was made, for example ``"bootstrap-t"``.
    """

    low: float
    high: float
    confidence_level: float
    method: str

    @property
    def defined(self) -> bool:
        """Whether both end points are numbers."""
        return not (math.isnan(self.low) or math.isnan(self.high))

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


def undefined_interval(confidence_level: float, method: str) -> Interval:
    """Return the interval of an estimate that has none."""
    return Interval(math.nan, math.nan, confidence_level, method)
