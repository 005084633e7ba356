"""A curve through the seed means of its capacity levels, read as D(R) or as R(D)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import PchipInterpolator
from scipy.optimize import isotonic_regression

from rdstats._validate import FloatArray, as_float_array

Points = tuple[FloatArray, FloatArray]


@dataclass(frozen=True, eq=False)
class LevelCurve:
    """Runs of one condition, shape (n_seeds, n_levels), with NaN for those that cannot be used.

    Attributes
    ----------
    rate, distortion : ndarray, shape (n_seeds, n_levels)
        The runs.
    log_rate : bool
        Whether curves are drawn over log rate.
    n_dropped : int
        Runs that cannot be used: not finite, or in a level of zero mean rate on the log scale.
    """

    rate: FloatArray
    distortion: FloatArray
    log_rate: bool
    n_dropped: int

    @classmethod
    def from_runs(cls, name: str, rate: ArrayLike, distortion: ArrayLike, *, log_rate: bool) -> LevelCurve:
        """Check the runs of the condition ``name``; one dimension stands for one seed."""
        names = (f"rate_{name}", f"distortion_{name}")
        rates, distortions = (
            as_float_array(label, np.atleast_2d(np.asarray(values)), ndim=2)
            for label, values in zip(names, (rate, distortion), strict=True)
        )
        if rates.shape != distortions.shape:
            raise ValueError(
                f"{' and '.join(names)} must have the same shape, but got {rates.shape}, {distortions.shape}"
            )
        if np.any(rates < 0):
            raise ValueError(f"{names[0]} must be at least 0, but got {np.nanmin(rates):g}")
        usable = np.isfinite(rates) & np.isfinite(distortions)
        if log_rate:
            usable &= np.any(usable & (rates > 0), axis=0)
        n_dropped = int((~usable).sum())
        return cls(
            np.where(usable, rates, np.nan), np.where(usable, distortions, np.nan), log_rate, n_dropped
        )

    @property
    def n_seeds(self) -> int:
        """Number of rows."""
        return len(self.rate)

    @property
    def has_runs(self) -> bool:
        """Whether any run can be used."""
        return bool(np.isfinite(self.rate).any())

    def means(self, counts: FloatArray) -> Points:
        """Return rate (or its logarithm) and distortion of each level, seeds counted as given.

        Sorted by rate, levels of equal rate averaged, and distortions that rise with rate averaged with their
        neighbors; levels without runs are left out.
        """
        totals = counts @ np.isfinite(self.rate)
        present = totals > 0
        rate = (counts @ np.nan_to_num(self.rate))[present] / totals[present]
        distortion = (counts @ np.nan_to_num(self.distortion))[present] / totals[present]
        if self.log_rate:
            rate, distortion = np.log(rate[rate > 0]), distortion[rate > 0]
        if len(rate) == 0:
            return rate, distortion
        distinct, which, n_tied = np.unique(rate, return_inverse=True, return_counts=True)
        averaged = np.bincount(which, weights=distortion) / n_tied
        return distinct, isotonic_regression(averaged, weights=n_tied, increasing=False).x


def distortion_by_rate(rate: FloatArray, distortion: FloatArray) -> Points:
    """Return the points of D(R)."""
    return rate, distortion


def rate_by_distortion(rate: FloatArray, distortion: FloatArray) -> Points:
    """Return the points of R(D), by rising distortion; of equal distortions only the least rate."""
    first = np.concatenate([[True], np.diff(distortion) < 0])[: len(rate)]
    return distortion[first][::-1], rate[first][::-1]


def mean_difference(reference: Points, test: Points) -> tuple[float, float]:
    """Return the mean of test − reference over the shared range, and that range per covered range.

    Both NaN if a curve has fewer than two points; NaN and 0 if no range is shared.
    """
    if min(len(reference[0]), len(test[0])) < 2:
        return math.nan, math.nan
    low, high = max(reference[0][0], test[0][0]), min(reference[0][-1], test[0][-1])
    if not low < high:
        return math.nan, 0.0
    covered = max(reference[0][-1], test[0][-1]) - min(reference[0][0], test[0][0])
    areas = [float(PchipInterpolator(*points).integrate(low, high)) for points in (reference, test)]
    return float((areas[1] - areas[0]) / (high - low)), float((high - low) / covered)
