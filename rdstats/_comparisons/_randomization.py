"""Randomization tests of a difference, and the intervals that invert them, from one array of shifts.

Flipping the signs of a set S of paired differences leaves their mean unchanged exactly when the true
shift equals the mean of S; swapping k runs of each sample leaves the difference of means unchanged
exactly when the shift equals the difference of the swapped means. So the test of *any* shift counts how
many of these critical shifts lie below it, and the interval's end points are two of them in order [1]_.

References
----------
.. [1] J. A. Hartigan, "Using subsample values as typical values", Journal of the American Statistical
       Association 64 (1969) 1303-1317, theorem 1.
"""

from __future__ import annotations

import math

import numpy as np

from rdstats._comparisons._samples import magnitude, snap
from rdstats._validate import FloatArray

EXACT_LIMIT = 2**20
"""Largest number of re-arrangements that is enumerated; above it they are drawn at random."""


def flip_shifts(differences: FloatArray, *, n_resamples: int, rng: np.random.Generator) -> FloatArray:
    """Return the mean of every non-empty subset of ``differences``, or of ``n_resamples`` random ones."""
    n = len(differences)
    if 2**n <= EXACT_LIMIT:
        sums, sizes = _subset_sums(differences)
        shifts = sums[1:] / sizes[1:]
    else:
        chosen = rng.random((n_resamples, n)) < 0.5
        shifts = chosen @ differences / np.maximum(chosen.sum(axis=1), 1)
    return snap(shifts, scale=magnitude(differences))


def swap_shifts(
    baseline: FloatArray, hybrid: FloatArray, *, n_resamples: int, rng: np.random.Generator
) -> FloatArray:
    """Return mean(hybrid runs moved) - mean(baseline runs moved) for every swap of equally many runs."""
    if math.comb(len(baseline) + len(hybrid), len(hybrid)) <= EXACT_LIMIT:
        shifts = _every_swap(baseline, hybrid)
    else:
        shifts = _random_swaps(baseline, hybrid, n_resamples, rng)
    return snap(shifts, scale=magnitude(baseline, hybrid))


def n_flips(n: int, *, n_resamples: int) -> int:
    """Return how many sign patterns :func:`flip_shifts` takes into account, the observed one included."""
    return 2**n if 2**n <= EXACT_LIMIT else n_resamples + 1


def n_swaps(n_baseline: int, n_hybrid: int, *, n_resamples: int) -> int:
    """Return how many labelings :func:`swap_shifts` takes into account, the observed one included."""
    every = math.comb(n_baseline + n_hybrid, n_hybrid)
    return every if every <= EXACT_LIMIT else n_resamples + 1


def tail_probabilities(shifts: FloatArray) -> tuple[float, float]:
    """Return the one-sided p-values of no shift, against a positive and against a negative one."""
    total = len(shifts) + 1
    return (1 + int(np.sum(shifts <= 0))) / total, (1 + int(np.sum(shifts >= 0))) / total


def shift_interval(shifts: FloatArray, alpha: float) -> tuple[float, float]:
    """Return the shifts that the two-sided test at level ``alpha`` does not reject; infinite if it cannot."""
    # The small excess keeps alpha / 2 * total from falling below an integer by rounding alone.
    rank = math.floor(alpha / 2 * (len(shifts) + 1) * (1 + 1e-12))
    if rank == 0:
        return -math.inf, math.inf
    ordered = np.sort(shifts)
    return float(ordered[rank - 1]), float(ordered[-rank])


def _subset_sums(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the sum and the size of each of the 2**n subsets of ``values``, the empty one first."""
    sums, sizes = np.zeros(1), np.zeros(1)
    for value in values:
        sums = np.concatenate([sums, sums + value])
        sizes = np.concatenate([sizes, sizes + 1])
    return sums, sizes


def _every_swap(baseline: FloatArray, hybrid: FloatArray) -> FloatArray:
    (from_sums, from_sizes), (to_sums, to_sizes) = _subset_sums(baseline), _subset_sums(hybrid)
    return np.concatenate(
        [
            np.subtract.outer(to_sums[to_sizes == size], from_sums[from_sizes == size]).ravel() / size
            for size in range(1, min(len(baseline), len(hybrid)) + 1)
        ]
    )


def _random_swaps(
    baseline: FloatArray, hybrid: FloatArray, n_resamples: int, rng: np.random.Generator
) -> FloatArray:
    n_baseline = len(baseline)
    labels = np.tile(np.arange(n_baseline + len(hybrid)) < n_baseline, (n_resamples, 1))
    stays_or_becomes_baseline = rng.permuted(labels, axis=1)
    left, entered = ~stays_or_becomes_baseline[:, :n_baseline], stays_or_becomes_baseline[:, n_baseline:]
    return np.asarray((entered @ hybrid - left @ baseline) / np.maximum(left.sum(axis=1), 1))
