"""Limits of quantities read off a fit, and why some have none."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from rdstats._status import DegenerateDataWarning, Interval, Status
from rdstats._validate import FloatArray

Reason = tuple[Status, str]


@dataclass(frozen=True, eq=False)
class Limits:
    """Limits of several quantities.

    Attributes
    ----------
    low, high : ndarray, shape (n_quantities,)
        NaN where there are none.
    reasons : tuple, length n_quantities
        Why a quantity has no limits, None where it has.
    """

    low: FloatArray
    high: FloatArray
    reasons: tuple[Reason | None, ...]

    @classmethod
    def of(cls, low: FloatArray, high: FloatArray, *, otherwise: Reason) -> Limits:
        """Return limits of which those that are NaN are so for the reason ``otherwise``."""
        return cls(low, high, (None,) * len(low)).without(np.isnan(low) | np.isnan(high), otherwise)

    @classmethod
    def none(cls, n: int, reason: Reason) -> Limits:
        """Return that none of ``n`` quantities has limits."""
        return cls.of(np.full(n, np.nan), np.full(n, np.nan), otherwise=reason)

    def without(self, which: np.ndarray, reason: Reason) -> Limits:
        """Return the limits without those of some quantities, for a reason that replaces an earlier one."""
        reasons = (reason if out else earlier for out, earlier in zip(which, self.reasons, strict=True))
        return Limits(np.where(which, np.nan, self.low), np.where(which, np.nan, self.high), tuple(reasons))

    def intervals(self, confidence_level: float, method: str) -> list[Interval]:
        """Return the limits as intervals."""
        pairs = zip(self.low, self.high, strict=True)
        return [Interval(float(low), float(high), confidence_level, method) for low, high in pairs]

    def verdicts(self, status: Status, message: str) -> list[Reason]:
        """Return status and message of each quantity: those of its fit or, if it is fine, of its limits."""
        return [
            reason if status is Status.OK and reason is not None else (status, message)
            for reason in self.reasons
        ]

    def warn(self) -> None:
        """Warn the caller of a public method if no quantity has limits."""
        if self.reasons and None not in self.reasons:
            message = f"no interval exists: {self.reasons[0][1]}"  # type: ignore[index]
            warnings.warn(message, DegenerateDataWarning, stacklevel=3)
