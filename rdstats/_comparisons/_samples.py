"""From user arrays to clean samples: non-finite values dropped and counted, rounding noise removed."""

from __future__ import annotations

import warnings

import numpy as np

from rdstats._status import DroppedRowsWarning
from rdstats._validate import FloatArray

_ROUNDING = 64 * np.finfo(np.float64).eps


def snap(values: FloatArray, *, scale: float) -> FloatArray:
    """Round ``values`` to the precision that numbers of size ``scale`` carry.

    A difference of 0.3 - 0.2 and one of 0.2 - 0.1 are equal on paper and differ by 3e-17 in floating
    point. Rounding them to one grid makes ties tie and a constant shift constant.
    """
    if not scale > 0:
        return values
    grid = 2.0 ** np.ceil(np.log2(scale)) * _ROUNDING
    return np.asarray(np.round(values / grid) * grid)


def magnitude(*arrays: FloatArray) -> float:
    """Return the largest absolute value in ``arrays``; 0 if they are empty."""
    return max((float(np.abs(array).max()) for array in arrays if array.size), default=0.0)


def paired_differences(baseline: FloatArray, hybrid: FloatArray) -> FloatArray:
    """Return ``hybrid - baseline`` without rounding noise."""
    return snap(hybrid - baseline, scale=magnitude(baseline, hybrid))


def keep_finite(*columns: FloatArray, what: str = "pairs") -> tuple[tuple[FloatArray, ...], int]:
    """Drop the rows in which any column is NaN or infinite; warn, and return how many they were."""
    finite = np.logical_and.reduce([np.isfinite(column) for column in columns])
    n_dropped = int(np.sum(~finite))
    if n_dropped:
        infinite = np.logical_or.reduce([np.isinf(column) for column in columns])
        warnings.warn(
            f"{n_dropped} of {len(finite)} {what} were dropped: {int(np.sum(infinite))} with an infinite "
            f"value, {int(np.sum(~finite & ~infinite))} with NaN",
            DroppedRowsWarning,
            stacklevel=3,
        )
    return tuple(column[finite] for column in columns), n_dropped
