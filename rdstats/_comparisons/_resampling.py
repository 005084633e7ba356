"""Means and interquartile means of resampled runs with their standard errors, many resamples at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rdstats._validate import FloatArray

_CHUNK = 2**20
"""Numbers drawn at a time: what bounds the memory."""


@dataclass(frozen=True)
class Strata:
    """Runs sorted by stratum; resampling keeps the number of runs of each stratum.

    Attributes
    ----------
    runs : ndarray, shape (n_runs,)
        Values, stratum after stratum.
    starts, sizes : ndarray of int, shape (n_strata,)
        First position and number of runs of each stratum.
    """

    runs: FloatArray
    starts: np.ndarray
    sizes: np.ndarray

    @classmethod
    def of(cls, values: FloatArray, labels: np.ndarray) -> Strata:
        """Sort ``values`` by their stratum's label, and within, so that equal tables resample alike."""
        order = np.lexsort((values, labels))
        _, starts, sizes = np.unique(labels[order], return_index=True, return_counts=True)
        return cls(values[order], starts, sizes)

    def draw(self, n_resamples: int, rng: np.random.Generator) -> FloatArray:
        """Draw resamples with replacement within strata, shape (n_resamples, n_runs)."""
        if len(self.starts) == 1:
            return self.runs[rng.integers(len(self.runs), size=(n_resamples, len(self.runs)))]
        offsets = rng.random((n_resamples, len(self.runs))) * np.repeat(self.sizes, self.sizes)
        return np.asarray(self.runs[offsets.astype(np.intp) + np.repeat(self.starts, self.sizes)])

    def variance_of_sum(self, samples: FloatArray) -> FloatArray:
        """Return the estimated variance of each row's sum, from the spread within strata."""
        centers = np.add.reduceat(self.runs, self.starts) / self.sizes
        deviations = samples - np.repeat(centers, self.sizes)
        sums = np.add.reduceat(deviations, self.starts, axis=1)
        squares = np.add.reduceat(np.square(deviations, out=deviations), self.starts, axis=1)
        freedom = np.maximum(self.sizes - 1, 1)
        return np.asarray((np.maximum(squares - sums**2 / self.sizes, 0) * self.sizes / freedom).sum(axis=1))


Statistic = Callable[[FloatArray, Strata], tuple[FloatArray, FloatArray]]
"""From samples, shape (n_samples, n_runs), to the estimate and standard error of each row."""


def mean(samples: FloatArray, strata: Strata) -> tuple[FloatArray, FloatArray]:
    """Return the mean of each row and its standard error."""
    estimate = samples.mean(axis=1)
    return estimate, np.sqrt(strata.variance_of_sum(samples)) / samples.shape[1]


def interquartile(samples: FloatArray, strata: Strata) -> tuple[FloatArray, FloatArray]:
    """Return the mean of each row's middle half and its standard error, from the Winsorized row."""
    n = samples.shape[1]
    cut = n // 4
    ordered = np.sort(samples, axis=1)  # vectorized in NumPy, and so faster than a partition
    estimate = ordered[:, cut : n - cut].mean(axis=1)
    winsorized = np.clip(samples, ordered[:, [cut]], ordered[:, [n - 1 - cut]])
    return estimate, np.sqrt(strata.variance_of_sum(winsorized)) / (n - 2 * cut)


STATISTICS: dict[str, Statistic] = {"mean": mean, "iqm": interquartile}


def resample(
    strata: Strata, statistic: Statistic, n_resamples: int, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Return the statistic and its standard error on ``n_resamples`` stratified resamples."""
    rows = max(1, min(n_resamples, _CHUNK // len(strata.runs)))
    counts = [rows] * (n_resamples // rows) + [n_resamples % rows] * (n_resamples % rows > 0)
    parts = [statistic(strata.draw(count, rng), strata) for count in counts]
    estimates, errors = zip(*parts, strict=True)
    return np.concatenate(estimates), np.concatenate(errors)
