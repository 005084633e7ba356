"""Prototypization: how far a code has merged stimuli into a few points, each standing for many."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike
from sklearn.metrics import silhouette_score

from rdsweep.geometry._checks import (
    check_anchored,
    check_choice,
    check_codes,
    check_gaussians,
    check_labels,
)
from rdsweep.geometry._class_means import class_means

ScatterMethod = Literal["trace", "nc1"]

_SAMPLES_PER_POSITION = 64


def scatter_ratio(latents: ArrayLike, labels: ArrayLike, *, method: ScatterMethod = "trace") -> float:
    """Return the scatter of a code within classes over that between them.

    Parameters
    ----------
    latents : array_like, shape (n_images, n_latents)
    labels : array_like, shape (n_images,)
        Class of each image, at least two; the stimulus positions make it a measure of prototypization.
    method : {"trace", "nc1"}
        ``trace``: tr Σ_W / tr Σ_B. ``nc1``: tr(Σ_W Σ_B⁺) / n_classes, the first measure of neural collapse.
        The latter weighs each direction by its own scatter between classes, so that a latent which carries
        nothing but noise dominates it.

    Returns
    -------
    float
        Without unit, at least 0: 0 where each class is one point, large where classes are not told apart, NaN
        for a code that is constant over classes. Both forms ignore rotation and the scale of the code,
        ``nc1`` any invertible linear map.

    Raises
    ------
    ValueError, TypeError
        If shapes do not fit, there is one class, or a code is not finite.

    References
    ----------
    Papyan, Han and Donoho (2020), *PNAS* 117(40) 24652-24663, definition of NC1.

    Examples
    --------
    >>> scatter_ratio([[0.0], [2.0], [10.0], [12.0]], [0, 0, 1, 1])
    0.04
    """
    check_choice("method", method, get_args(ScatterMethod))
    codes = check_anchored("latents", latents)
    classes = check_labels("labels", labels, n_images=len(codes), n_classes=2)
    means = class_means(codes, classes)
    inner, outer = codes - means[classes], means[classes] - codes.mean(0)
    within, between = inner.T @ inner / len(codes), outer.T @ outer / len(codes)
    if not between.any():
        return float("nan")
    if method == "trace":
        return float(np.trace(within) / np.trace(between))
    return float(np.trace(within @ np.linalg.pinv(between, hermitian=True)) / len(means))


def silhouette(latents: ArrayLike, labels: ArrayLike) -> float:
    """Return the mean silhouette of the classes of a code.

    Parameters
    ----------
    latents : array_like, shape (n_images, n_latents)
    labels : array_like, shape (n_images,)
        Class of each image; at least two classes, and fewer than images.

    Returns
    -------
    float
        In [-1, 1]: 1 where each class is a point of its own, about 0 or below where classes overlap, 0 for a
        constant code. Ignores rotation, translation and scale.

    Raises
    ------
    ValueError, TypeError
        If shapes do not fit, there are too few or too many classes, or a code is not finite.

    References
    ----------
    Rousseeuw (1987), *J. Comput. Appl. Math.* 20, 53-65; computed by scikit-learn.

    Examples
    --------
    >>> round(silhouette([[0.0], [1.0], [10.0], [11.0]], [0, 0, 1, 1]), 3)
    0.9
    """
    codes = check_codes("latents", latents)
    classes = check_labels("labels", labels, n_images=len(codes), n_classes=2)
    return float(silhouette_score(codes, classes))


def position_information(mean: ArrayLike, sd: ArrayLike) -> float:
    """Return the mutual information between equally likely positions and the sampled latent.

    The latents at a position are taken to be independent and normal, with the spread that images of that
    position and the encoder's own noise give them.

    Parameters
    ----------
    mean : array_like, shape (n_positions, n_latents)
        Mean latent at each position.
    sd : array_like, shape (n_positions, n_latents)
        Standard deviation of the *sampled* latent at each position, above 0: the root of the squared spread
        of latent means over images plus the mean encoder variance.

    Returns
    -------
    float
        Nats, in [0, log n_positions]: a Monte-Carlo mean over 64 samples per position, with a standard error
        of about 0.01 and the same noise for every code. Ignores scale and translation of latents, but not
        rotation.

    Raises
    ------
    ValueError
        If shapes do not fit, or a value is not finite or not above 0.

    References
    ----------
    Cover and Thomas (2006), *Elements of Information Theory*, section 8.5: I(S; Z) = h(Z) - h(Z | S).

    Examples
    --------
    Four positions, of which two and two coincide:

    >>> round(position_information([[0.0], [0.0], [9.0], [9.0]], np.ones((4, 1))), 4)
    0.6931
    """
    means, sds = check_gaussians(mean, sd)
    n_positions, n_latents = means.shape
    noise = np.random.default_rng(0).standard_normal((n_positions, _SAMPLES_PER_POSITION, n_latents))
    # log q(z | position) up to a constant that cancels, as one product of features of z with features of it.
    precision = 1.0 / np.square(sds)
    offset = -0.5 * (np.square(means) * precision).sum(1) - np.log(sds).sum(1)
    encoder = np.column_stack([-0.5 * precision, means * precision, offset])
    information = 0.0
    for own, samples in enumerate(means[:, None] + sds[:, None] * noise):
        log_density = np.column_stack([np.square(samples), samples, np.ones(len(samples))]) @ encoder.T
        top = log_density.max(axis=1)
        log_sum = top + np.log(np.exp(log_density - top[:, None]).sum(1))
        information += float((log_density[:, own] - log_sum).mean())
    return max(0.0, float(np.log(n_positions) + information / n_positions))


def effective_positions(mean: ArrayLike, sd: ArrayLike) -> float:
    """Return how many equally likely positions a code could tell apart without error.

    Parameters are those of `position_information`, whose exponential this is.

    Returns
    -------
    float
        Positions, in [1, n_positions].

    Examples
    --------
    >>> round(effective_positions([[0.0], [0.0], [9.0], [9.0]], np.ones((4, 1))), 3)
    2.0
    """
    return float(np.exp(position_information(mean, sd)))
