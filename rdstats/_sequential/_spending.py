"""How much of the error a sequential design may have spent by a share of its seeds."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy import special

from rdstats._validate import FloatArray


def obrien_fleming_spending(fraction: FloatArray, alpha: float) -> FloatArray:
    """Return the spending of Lan and DeMets that resembles the bounds of O'Brien and Fleming."""
    with np.errstate(divide="ignore"):
        return np.asarray(2 * special.ndtr(special.ndtri(alpha / 2) / np.sqrt(fraction)))


def pocock_spending(fraction: FloatArray, alpha: float) -> FloatArray:
    """Return the spending of Lan and DeMets that resembles the bounds of Pocock."""
    return np.asarray(alpha * np.log1p((math.e - 1) * fraction))


SPENDING: dict[str, Callable[[FloatArray, float], FloatArray]] = {
    # Of the power family of Kim and DeMets.
    "quadratic": lambda fraction, alpha: alpha * fraction**2,
    "linear": lambda fraction, alpha: alpha * fraction,
    "obrien-fleming": obrien_fleming_spending,
    "pocock": pocock_spending,
}
"""Error spent by a share of the seeds: functions of that share, in [0, 1], and of the level of the whole."""
