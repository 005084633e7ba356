"""Intervals from replicates: quantities recomputed on resampled or left-out seeds."""

from __future__ import annotations

import numpy as np
from scipy.special import stdtrit

from rdstats._curves._refit import Problem, refit
from rdstats._validate import FloatArray

_MAX_BLOCK = 2_000_000  # numbers in one Jacobian of a batch; bounds the memory at about 100 MB
_MIN_SHARE_DEFINED = 0.95  # of the bootstrap resamples; below it the quantiles would describe a selection


def bootstrap_counts(n_groups: int, n_resamples: int, rng: np.random.Generator) -> FloatArray:
    """Return how often each group is drawn in each resample, shape (n_resamples, n_groups)."""
    return rng.multinomial(n_groups, np.full(n_groups, 1 / n_groups), size=n_resamples).astype(float)


def jackknife_counts(n_groups: int) -> FloatArray:
    """Return the counts that leave out one group each, shape (n_groups, n_groups)."""
    return 1 - np.eye(n_groups)


def refit_groups(problem: Problem, estimate: FloatArray, counts: FloatArray) -> FloatArray:
    """Return the parameters fitted with whole groups counted as given, shape (n_fits, n_parameters).

    Equal counts are fitted once: few groups have few distinct resamples.
    """
    distinct, inverse = np.unique(counts, axis=0, return_inverse=True)
    n_blocks = 1 + len(distinct) * len(problem.rate) * len(estimate) // _MAX_BLOCK
    fits = [
        refit(problem, np.tile(estimate, (len(block), 1)), block[:, problem.groups]).parameters
        for block in np.array_split(distinct, n_blocks)
    ]
    return np.asarray(np.concatenate(fits)[inverse.reshape(-1)])


def percentile_limits(replicates: FloatArray, confidence_level: float) -> tuple[FloatArray, FloatArray]:
    """Return the percentile-bootstrap limits along the first axis; NaN where too many replicates are."""
    defined = np.isfinite(replicates)
    enough = defined.mean(axis=0) >= _MIN_SHARE_DEFINED
    usable = np.where(defined | ~enough, replicates, np.nan)
    tail = (1 - confidence_level) / 2
    safe = np.where(enough, usable, 0.0)
    low, high = np.nanquantile(safe, [tail, 1 - tail], axis=0)
    return np.where(enough, low, np.nan), np.where(enough, high, np.nan)


def jackknife_variance(replicates: FloatArray) -> FloatArray:
    """Return the delete-one variance of the estimate along the first axis; NaN where a replicate is."""
    n_groups = len(replicates)
    deviations = replicates - replicates.mean(axis=0)
    return np.asarray((n_groups - 1) / n_groups * (deviations**2).sum(axis=0))


def jackknife_limits(
    estimate: FloatArray, replicates: FloatArray, confidence_level: float
) -> tuple[FloatArray, FloatArray]:
    """Return the limits of Student's t with one degree of freedom fewer than groups."""
    quantile = stdtrit(len(replicates) - 1, (1 + confidence_level) / 2)
    margin = quantile * np.sqrt(jackknife_variance(replicates))
    return estimate - margin, estimate + margin
