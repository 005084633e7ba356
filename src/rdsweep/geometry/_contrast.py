"""Which cells of a class distortion matrix differ from what the seed alone brings about."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from rdstats import Status, adjust
from rdsweep.geometry._checks import FloatArray, check_codes
from rdsweep.geometry._distortion import Statistic
from rdsweep.geometry._seeds import seed_distortions


@dataclass(frozen=True, eq=False)
class DistortionContrast:
    """A condition's class distortion beside its noise ceiling, cell by cell.

    Arrays have the shape (n_classes, n_classes) and no unit.

    Attributes
    ----------
    estimate : ndarray
        Mean over seeds of the condition's matrix, each run against the other seeds of the reference.
    noise : ndarray
        The same of the reference condition itself: what remains where nothing but the seed differs.
    low, high : ndarray
        Interval of ``estimate - noise`` over seeds; not adjusted for the number of cells. NaN with one seed.
    p_value, p_adjusted : ndarray
        Two-sided paired t-test of ``estimate = noise`` over seeds, raw and adjusted for all distinct cells.
        NaN where there is no test.
    confidence_level : float
    n_seeds : int
    status : Status
        ``OK`` or ``TOO_FEW_SEEDS``.
    message : str
        Cause and remedy where ``status`` is not ``OK``.
    """

    estimate: FloatArray
    noise: FloatArray
    low: FloatArray
    high: FloatArray
    p_value: FloatArray
    p_adjusted: FloatArray
    confidence_level: float
    n_seeds: int
    status: Status = Status.OK
    message: str = ""

    @property
    def distinct(self) -> NDArray[np.bool_]:
        """Whether each cell differs from noise: its adjusted p-value is below 1 - confidence level."""
        return np.asarray(self.p_adjusted < 1.0 - self.confidence_level)


def distortion_contrast(
    codes: ArrayLike,
    references: ArrayLike,
    labels: ArrayLike,
    *,
    statistic: Statistic = "mean",
    scale_free: bool = False,
    confidence_level: float = 0.95,
    correction: str = "benjamini-hochberg",
) -> DistortionContrast:
    """Compare a condition's class distortion with the noise ceiling.

    Each run is measured against the reference runs of all *other* seeds, pooled, and so is the reference run
    of its own seed. Their difference, seed by seed, has the mean zero in a cell that the condition leaves
    alone, and is tested over seeds.

    Parameters
    ----------
    codes : array_like, shape (n_seeds, n_images, n_latents)
        Latent means of the condition.
    references : array_like, shape (n_seeds, n_images, n_reference_latents)
        Those of the reference condition, in the same order of seeds.
    labels : array_like, shape (n_images,)
        Class of each image.
    statistic, scale_free
        As in `class_distortion`.
    confidence_level : float
        Of the intervals; also one minus the error rate at which a cell is called distinct.
    correction : {"benjamini-hochberg", "holm", "none"}
        How p-values are adjusted for the number of distinct cells, see `rdstats.adjust`.

    Returns
    -------
    DistortionContrast
        With one seed all arrays are NaN and the status is ``TOO_FEW_SEEDS``.

    Raises
    ------
    ValueError, TypeError
        If shapes do not fit or an option is unknown.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> labels = np.repeat([0, 1], 20)
    >>> baseline = rng.normal(size=(5, 40, 2))
    >>> apart = rng.normal(size=(5, 40, 2)) + 5 * labels[:, None]
    >>> distortion_contrast(apart, baseline, labels, scale_free=True).distinct
    array([[ True,  True],
           [ True,  True]])
    """
    if not 0.0 < confidence_level < 1.0:
        raise ValueError(f"confidence_level must lie in (0, 1), but got {confidence_level!r}")
    runs, truths = check_codes("codes", codes, ndim=3), check_codes("references", references, ndim=3)
    n_seeds = len(runs)
    if n_seeds < 2:
        return _without_seeds(np.unique(labels).size, confidence_level)
    matrices, noise = (
        seed_distortions(
            stack, truths, labels, reference="others", statistic=statistic, scale_free=scale_free
        )
        for stack in (runs, truths)
    )
    difference, spread = (matrices - noise).mean(0), (matrices - noise).std(0, ddof=1) / np.sqrt(n_seeds)
    reach = stats.t.ppf(0.5 + confidence_level / 2.0, n_seeds - 1) * spread
    p_value = _p_values(difference, spread, n_seeds)
    return DistortionContrast(
        matrices.mean(0),
        noise.mean(0),
        difference - reach,
        difference + reach,
        p_value,
        _adjust_distinct(p_value, correction),
        confidence_level,
        n_seeds,
    )


def _p_values(difference: FloatArray, spread: FloatArray, n_seeds: int) -> FloatArray:
    """Return two-sided p-values; NaN where the seeds agree exactly, 1 where they agree on no difference."""
    with np.errstate(divide="ignore", invalid="ignore"):
        p_value = 2.0 * stats.t.sf(np.abs(difference / spread), n_seeds - 1)
    return np.where(spread > 0.0, p_value, np.where(difference == 0.0, 1.0, np.nan))


def _adjust_distinct(p_value: FloatArray, correction: str) -> FloatArray:
    """Adjust the p-values of a symmetric matrix, each pair of classes counted once."""
    rows, columns = np.triu_indices(len(p_value))
    adjusted = np.empty_like(p_value)
    adjusted[rows, columns] = adjusted[columns, rows] = adjust(p_value[rows, columns], method=correction)
    return adjusted


def _without_seeds(n_classes: int, confidence_level: float) -> DistortionContrast:
    empty = np.full((n_classes, n_classes), np.nan)
    return DistortionContrast(
        estimate=empty,
        noise=empty,
        low=empty,
        high=empty,
        p_value=empty,
        p_adjusted=empty,
        confidence_level=confidence_level,
        n_seeds=1,
        status=Status.TOO_FEW_SEEDS,
        message="a noise ceiling needs at least 2 seeds, but there is 1: add seeds",
    )
