"""Orthogonalization: whether a code keeps different distinctions in different directions."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import ArrayLike
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics import balanced_accuracy_score

from rdsweep.geometry._checks import FloatArray, IntArray, check_anchored, check_labels

ACTIVE_VARIANCE = 0.01
"""Variance of a latent's mean from which it counts as active."""


def task_angle(latents: ArrayLike, labels: ArrayLike, other_labels: ArrayLike) -> float:
    """Return the angle between the axes of two tasks.

    The axis of a task is the line through the mean codes of its two classes; with one line each, their angle
    is the only principal angle between the two.

    Parameters
    ----------
    latents : array_like, shape (n_images, n_latents)
        Codes of images, or mean codes of positions.
    labels, other_labels : array_like, shape (n_images,)
        Two classes each.

    Returns
    -------
    float
        Degrees, in [0, 90]: 90 for orthogonal axes, 0 for a common one. NaN where the classes of a task have
        one mean. Tasks whose labels depend on each other have axes that do too, so compare the angle with
        that of a baseline. Ignores rotation, translation and the scale of the code.

    Raises
    ------
    ValueError, TypeError
        If shapes do not fit, a task has not two classes, or a code is not finite.

    References
    ----------
    Björck and Golub (1973), *Mathematics of Computation* 27, 579-594: angles between subspaces.

    Examples
    --------
    >>> square = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
    >>> task_angle(square, [0, 0, 1, 1], [0, 1, 0, 1])
    90.0
    """
    codes = check_anchored("latents", latents)
    axes = [
        _axis(codes, _check_two("labels", labels, len(codes))),
        _axis(codes, _check_two("other_labels", other_labels, len(codes))),
    ]
    return float(np.degrees(np.arccos(np.minimum(1.0, abs(_cosine(*axes))))))


def parallelism_score(latents: ArrayLike, labels: ArrayLike, contexts: ArrayLike) -> float:
    """Return how parallel a distinction is coded in two contexts.

    Parameters
    ----------
    latents : array_like, shape (n_images, n_latents)
        Codes of images, or mean codes of positions.
    labels, contexts : array_like, shape (n_images,)
        Two classes and two contexts; all four combinations occur.

    Returns
    -------
    float
        Cosine between the axes from class 0 to class 1 in the two contexts, in [-1, 1]: 1 where the
        distinction is coded in the same direction whatever the context, about 0 where each context has a
        direction of its own. NaN where the classes coincide in a context. Ignores rotation, translation and
        scale.

    Raises
    ------
    ValueError, TypeError
        If shapes do not fit, a combination is missing, or a code is not finite.

    References
    ----------
    Bernardi et al. (2020), *Cell* 183(4) 954-967, parallelism score.

    Examples
    --------
    >>> parallelism_score([[0.0, 0.0], [1.0, 0.0], [0.0, 2.0], [0.0, 5.0]], [0, 1, 0, 1], [0, 0, 1, 1])
    0.0
    """
    codes, classes, places = _check_conditions(latents, labels, contexts)
    return _cosine(*(_axis(codes[places == place], classes[places == place]) for place in (0, 1)))


def cross_condition_accuracy(latents: ArrayLike, labels: ArrayLike, contexts: ArrayLike) -> float:
    """Return how well a linear read-out of a distinction works in a context that it has not seen.

    Parameters
    ----------
    latents : array_like, shape (n_images, n_latents)
        Codes of images.
    labels, contexts : array_like, shape (n_images,)
        Two classes and two contexts; all four combinations occur.

    Returns
    -------
    float
        Balanced accuracy of a linear discriminant that is fitted in one context and tested in the other, the
        mean of both ways, in [0, 1]: 0.5 is chance, less is a read-out that the context turns round. Ignores
        any invertible linear map of the code.

    Raises
    ------
    ValueError, TypeError
        If shapes do not fit, a combination is missing, or a code is not finite.

    References
    ----------
    Bernardi et al. (2020), *Cell* 183(4) 954-967, cross-condition generalization performance.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> labels, contexts = np.divmod(np.repeat(np.arange(4), 20), 2)
    >>> latents = np.column_stack([labels, contexts]) + 0.05 * rng.normal(size=(80, 2))
    >>> cross_condition_accuracy(latents, labels, contexts)
    1.0
    """
    codes, classes, places = _check_conditions(latents, labels, contexts)
    if not np.ptp(codes, axis=0).any():
        return 0.5
    scores = []
    for trained, tested in ((0, 1), (1, 0)):
        seen, unseen = places == trained, places == tested
        readout = LinearDiscriminantAnalysis(priors=[0.5, 0.5]).fit(codes[seen], classes[seen])
        scores.append(balanced_accuracy_score(classes[unseen], readout.predict(codes[unseen])))
    return float(np.mean(scores))


def participation_ratio(latents: ArrayLike) -> float:
    """Return the effective number of dimensions over which a code spreads.

    Parameters
    ----------
    latents : array_like, shape (n_images, n_latents)

    Returns
    -------
    float
        (Σ λ)² / Σ λ² of the eigenvalues λ of the covariance, in [1, n_latents]: n_latents for equal variance
        in all directions. NaN for a constant code. Ignores rotation, translation and scale.

    Raises
    ------
    ValueError
        If the shape does not fit or a code is not finite.

    References
    ----------
    Gao et al. (2017), *bioRxiv* 214262: participation ratio.

    Examples
    --------
    >>> participation_ratio([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    2.0
    """
    codes = check_anchored("latents", latents)
    centered = codes - codes.mean(0)
    covariance = centered.T @ centered / len(codes)
    if not covariance.any():
        return float("nan")
    return float(np.trace(covariance) ** 2 / np.square(covariance).sum())


def active_units(latents: ArrayLike) -> int:
    """Return the number of latents whose mean varies with the image.

    Parameters
    ----------
    latents : array_like, shape (n_images, n_latents)

    Returns
    -------
    int
        Latents with a variance above 0.01, where the prior has 1. Ignores translation and permutation of
        latents, but neither rotation nor scale.

    Raises
    ------
    ValueError
        If the shape does not fit or a code is not finite.

    References
    ----------
    Burda, Grosse and Salakhutdinov (2016), *ICLR*: active units.

    Examples
    --------
    >>> active_units([[0.0, 0.0], [1.0, 0.1], [0.0, 0.0], [1.0, 0.1]])
    1
    """
    return int((check_anchored("latents", latents).var(0) > ACTIVE_VARIANCE).sum())


def _check_two(name: str, values: ArrayLike, n_images: int) -> IntArray:
    classes = check_labels(name, values, n_images=n_images)
    if (n_classes := int(classes.max()) + 1) != 2:
        raise ValueError(f"{name} must hold 2 classes, but got {n_classes}")
    return classes


def _check_conditions(
    latents: ArrayLike, labels: ArrayLike, contexts: ArrayLike
) -> tuple[FloatArray, IntArray, IntArray]:
    codes = check_anchored("latents", latents)
    classes = _check_two("labels", labels, len(codes))
    places = _check_two("contexts", contexts, len(codes))
    for label, place in itertools.product((0, 1), (0, 1)):
        if not ((classes == label) & (places == place)).any():
            raise ValueError(f"contexts must hold both classes each, but context {place} lacks class {label}")
    return codes, classes, places


def _axis(codes: FloatArray, classes: IntArray) -> FloatArray:
    """Return the vector from the mean of class 0 to that of class 1."""
    return np.asarray(codes[classes == 1].mean(0) - codes[classes == 0].mean(0))


def _cosine(a: FloatArray, b: FloatArray) -> float:
    lengths = np.linalg.norm(a) * np.linalg.norm(b)
    return float(a @ b / lengths) if lengths > 0.0 else float("nan")
