"""How a code stretches the distances between classes of stimuli: the paper's class distortion matrices."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial.distance import cdist

from rdsweep.geometry._checks import FloatArray, IntArray, check_choice, check_codes, check_labels

Statistic = Literal["mean", "median", "log"]

_PAIRS_PER_BLOCK = 2**20


class UndefinedRatioWarning(UserWarning):
    """Pairs of images have no ratio of distances and were left out; the message says how many."""


def class_distortion(
    latents: ArrayLike,
    reference: ArrayLike,
    labels: ArrayLike,
    *,
    statistic: Statistic = "mean",
    scale_free: bool = False,
) -> FloatArray:
    """Return how much a code stretches or shrinks the distances between classes, against a reference.

    For each ordered pair of images u, v, the pairs u = v included, ρ(u, v) is the Euclidean distance of
    their codes over that of their reference codes, with 0/0 = 1. The matrix holds the mean of ρ over the
    pairs of two classes, minus its mean over all n² pairs: below 0 a pair of classes has come closer, above 0
    it has moved apart, compared with the average pair.

    Parameters
    ----------
    latents : array_like, shape (n_images, n_latents)
        Latent means of the model.
    reference : array_like, shape (n_images, n_reference_latents)
        Latent means of the same images in the reference: the baseline at the same capacity, or the same
        model at a high capacity where ``latents`` are of a low one.
    labels : array_like of integers or text, shape (n_images,)
        Class of each image; with the stimulus positions as classes the matrix is (169, 169).
    statistic : {"mean", "median", "log"}
        What is taken over pairs and subtracted: the mean of ρ as in the paper, its median, or the mean of
        log ρ. Pairs that are close in the reference dominate the mean; the other two resist them.
    scale_free : bool, default False
        Whether to divide ρ by its value over all pairs first, so that neither code's scale matters. The
        logarithmic form does not depend on scale anyway.

    Returns
    -------
    ndarray, shape (n_classes, n_classes)
        Without unit, symmetric, classes in sorted order. NaN for two classes without a ratio.

    Raises
    ------
    ValueError, TypeError
        If shapes do not fit, a code is not finite or an option is unknown.

    Warns
    -----
    UndefinedRatioWarning
        If the reference has a pair in one point that the model tells apart: ρ would be infinite. The pair is
        left out of all averages, for it says that the reference lost a difference, not by how much the model
        stretched it. With ``statistic="log"`` pairs that the model alone has in one point are left out too.

    Notes
    -----
    Memory is that of a block of pairs, about 40 MB, whatever the number of images; the median alone needs
    all pairs, 8 n² bytes. Rotation, reflection and translation of either code change nothing.

    References
    ----------
    D'Amato, Lancia and Pezzulo (2025), *PLoS Comput Biol* 21(5) e1012952, figures 4 to 11, panels E, J, K
    and L.

    Examples
    --------
    The second class has moved twice as far from the first, and images of one class stay where they were:

    >>> reference = np.array([[0.0], [0.0], [1.0], [1.0]])
    >>> class_distortion(2 * reference, reference, [0, 0, 1, 1])
    array([[-0.5,  0.5],
           [ 0.5, -0.5]])
    """
    check_choice("statistic", statistic, get_args(Statistic))
    pairs = _Pairs.of(latents, reference, labels)
    cells, overall, n_lost = _medians(pairs) if statistic == "median" else _means(pairs, statistic == "log")
    if n_lost:
        warnings.warn(
            f"{n_lost} of {len(pairs.classes) ** 2} ordered pairs have no finite ratio of distances and were "
            "left out: one of the two codes has both images in one point",
            UndefinedRatioWarning,
            stacklevel=2,
        )
    if scale_free and statistic != "log":
        return np.asarray(cells / overall - 1.0)
    return np.asarray(cells - overall)


@dataclass(frozen=True)
class _Pairs:
    """Two codes of the same images, sorted by class; the images of class i start at ``starts[i]``."""

    latents: FloatArray
    reference: FloatArray
    classes: IntArray
    starts: IntArray

    @classmethod
    def of(cls, latents: ArrayLike, reference: ArrayLike, labels: ArrayLike) -> _Pairs:
        codes, truth = check_codes("latents", latents), check_codes("reference", reference)
        if len(codes) != len(truth):
            raise ValueError(
                f"reference must hold the images of latents, {len(codes)}, but got {len(truth)} images"
            )
        classes = check_labels("labels", labels, n_images=len(codes))
        order = np.argsort(classes, kind="stable")
        starts = np.searchsorted(classes[order], np.arange(classes.max() + 1))
        return cls(codes[order], truth[order], classes[order], starts)

    def ratios(self) -> Iterator[tuple[slice, FloatArray]]:
        """Yield blocks of rows with their ratios to all images; infinite where the reference is 0."""
        n_images = len(self.classes)
        step = max(1, _PAIRS_PER_BLOCK // n_images)
        for first in range(0, n_images, step):
            rows = slice(first, min(first + step, n_images))
            ratio = cdist(self.latents[rows], self.latents)
            distance = cdist(self.reference[rows], self.reference)
            same = np.flatnonzero(distance == 0.0)
            alike = np.where(ratio.flat[same] == 0.0, 1.0, np.inf)
            distance.flat[same] = 1.0
            np.divide(ratio, distance, out=ratio)
            ratio.flat[same] = alike
            yield rows, ratio


def _means(pairs: _Pairs, of_logarithms: bool) -> tuple[FloatArray, float, int]:
    """Return the mean by pair of classes, the mean over all pairs, and the number of pairs left out."""
    n_classes = len(pairs.starts)
    totals, lost = np.zeros((n_classes, n_classes)), np.zeros((n_classes, n_classes))
    for rows, ratio in pairs.ratios():
        if of_logarithms:
            with np.errstate(divide="ignore"):
                np.log(ratio, out=ratio)
        undefined = np.flatnonzero(~np.isfinite(ratio))
        ratio.flat[undefined] = 0.0
        first, second = np.divmod(undefined, ratio.shape[1])
        np.add.at(lost, (pairs.classes[rows][first], pairs.classes[second]), 1.0)
        np.add.at(totals, pairs.classes[rows], np.add.reduceat(ratio, pairs.starts, axis=1))
    sizes = np.bincount(pairs.classes)
    counts = np.outer(sizes, sizes) - lost
    with np.errstate(invalid="ignore"):
        return totals / counts, float(totals.sum() / counts.sum()), int(lost.sum())


def _medians(pairs: _Pairs) -> tuple[FloatArray, float, int]:
    """Return the median by pair of classes, the median over all pairs, and the number of pairs left out."""
    ratios = np.concatenate([ratio for _, ratio in pairs.ratios()])
    bounds = [*pairs.starts.tolist(), len(ratios)]
    spans = [slice(*span) for span in itertools.pairwise(bounds)]
    cells = np.array([[_finite_median(ratios[a, b]) for b in spans] for a in spans])
    return cells, _finite_median(ratios), int(np.isinf(ratios).sum())


def _finite_median(values: FloatArray) -> float:
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if finite.size else np.nan
