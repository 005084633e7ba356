"""Similarity of two codes of the same images."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial.distance import pdist
from scipy.stats import rankdata

from rdsweep.geometry._checks import FloatArray, check_anchored


def debiased_cka(latents: ArrayLike, other: ArrayLike) -> float:
    """Return the centered kernel alignment of two codes with linear kernels and without its bias.

    Parameters
    ----------
    latents, other : array_like, shapes (n_images, n_latents) and (n_images, n_other_latents)
        Codes of the same images, at least four.

    Returns
    -------
    float
        1 for codes that agree up to rotation and scale, 0 on average for unrelated ones (so below 0 now and
        then), NaN where a code is constant. Ignores rotation, translation and the scale of each code.

    Raises
    ------
    ValueError
        If shapes do not fit, there are fewer than four images or a code is not finite.

    References
    ----------
    Kornblith et al. (2019), *ICML*, equation 4, with the unbiased estimator of the Hilbert-Schmidt
    independence criterion of Song et al. (2012), *JMLR* 13, 1393-1434.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> code = rng.normal(size=(50, 3))
    >>> round(debiased_cka(code, 2 * code[:, ::-1]), 6)
    1.0
    """
    x, y = _check_two(latents, other, n_images=4)
    x, y = x - x.mean(0), y - y.mean(0)
    norms = _unbiased_hsic(x, x) * _unbiased_hsic(y, y)
    return _unbiased_hsic(x, y) / float(np.sqrt(norms)) if norms > 0.0 else float("nan")


def representational_similarity(latents: ArrayLike, other: ArrayLike) -> float:
    """Return the rank correlation of the distances within two codes.

    Parameters
    ----------
    latents, other : array_like, shapes (n_images, n_latents) and (n_images, n_other_latents)
        Codes of the same images, at least three; mean codes of positions keep it fast.

    Returns
    -------
    float
        Spearman correlation over all pairs of images, in [-1, 1]; NaN where all distances of a code are
        equal. Ignores rotation, translation and the scale of each code, and any rising function of the
        distances.

    Raises
    ------
    ValueError
        If shapes do not fit, there are fewer than three images or a code is not finite.

    References
    ----------
    Kriegeskorte, Mur and Bandettini (2008), *Front. Syst. Neurosci.* 2:4.

    Examples
    --------
    >>> representational_similarity([[0.0], [1.0], [3.0]], [[0.0], [5.0], [50.0]])
    1.0
    """
    x, y = _check_two(latents, other, n_images=3)
    return rank_correlation(distance_ranks(x), distance_ranks(y))


def distance_ranks(latents: FloatArray) -> FloatArray:
    """Return the ranks of the distances of all pairs of images, centered: shape (n_pairs,)."""
    ranks = rankdata(pdist(latents))
    return np.asarray(ranks - ranks.mean())


def rank_correlation(ranks: FloatArray, other: FloatArray) -> float:
    """Return the correlation of two sets of centered ranks; NaN where one is constant."""
    norms = float((ranks @ ranks) * (other @ other))
    return float(ranks @ other) / float(np.sqrt(norms)) if norms > 0.0 else float("nan")


def procrustes_distance(latents: ArrayLike, other: ArrayLike) -> float:
    """Return the angle that remains between two codes after the best rotation, translation and scaling.

    Parameters
    ----------
    latents, other : array_like, shapes (n_images, n_latents) and (n_images, n_other_latents)
        Codes of the same images, at least two.

    Returns
    -------
    float
        Radians, in [0, π/2]: 0 for codes of one shape. It is a metric: it obeys the triangle inequality.
        NaN where a code is constant.

    Raises
    ------
    ValueError
        If shapes do not fit, there is one image or a code is not finite.

    References
    ----------
    Williams, Kunz, Kornblith and Linderman (2021), *NeurIPS* 34: angular shape metric.

    Examples
    --------
    >>> procrustes_distance([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0]], [[0.0, 0.0], [1.0, 0.0], [0.0, 0.0]]) > 0.5
    True
    """
    x, y = _check_two(latents, other, n_images=2)
    x, y = x - x.mean(0), y - y.mean(0)
    lengths = float(np.linalg.norm(x) * np.linalg.norm(y))
    if lengths == 0.0:
        return float("nan")
    return float(np.arccos(np.minimum(1.0, np.linalg.norm(x.T @ y, "nuc") / lengths)))


def _check_two(latents: ArrayLike, other: ArrayLike, *, n_images: int) -> tuple[FloatArray, FloatArray]:
    x, y = check_anchored("latents", latents), check_anchored("other", other)
    if len(x) != len(y):
        raise ValueError(f"other must hold the images of latents, {len(x)}, but got {len(y)} images")
    if len(x) < n_images:
        raise ValueError(f"latents must hold at least {n_images} images, but got {len(x)}")
    return x, y


def _unbiased_hsic(x: FloatArray, y: FloatArray) -> float:
    """Return the unbiased estimate of the criterion, from features so that no (n, n) kernel is made."""
    n = len(x)
    own_x, own_y = np.square(x).sum(1), np.square(y).sum(1)
    rows_x, rows_y = x @ x.sum(0) - own_x, y @ y.sum(0) - own_y
    product = np.square(x.T @ y).sum() - own_x @ own_y
    sums = rows_x.sum() * rows_y.sum() / ((n - 1) * (n - 2)) - 2.0 * (rows_x @ rows_y) / (n - 2)
    return float((product + sums) / (n * (n - 3)))
