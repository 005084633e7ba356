"""Class distortion over seeds: which code of the reference condition a run is measured against."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from rdsweep.geometry._checks import FloatArray, check_choice, check_codes
from rdsweep.geometry._distortion import Statistic, class_distortion

Reference = Literal["own", "all", "others"]


def pooled_code(codes: ArrayLike) -> FloatArray:
    """Return one code whose squared distances are the mean of those of several codes.

    Parameters
    ----------
    codes : array_like, shape (n_seeds, n_images, n_latents)
        Latent means of the same images in several runs.

    Returns
    -------
    ndarray, shape (n_images, n_seeds * n_latents)
        The latents of all runs side by side, over the square root of their number. As a reference of
        `class_distortion` it tames the mean ratio: a pair that one seed has close together is seldom close
        in all.

    Raises
    ------
    ValueError
        If ``codes`` has another shape or is not finite.

    Examples
    --------
    >>> pooled_code([[[0.0], [3.0]], [[0.0], [4.0]]]).round(3)
    array([[0.   , 0.   ],
           [2.121, 2.828]])
    """
    stack = check_codes("codes", codes, ndim=3)
    return np.concatenate(list(stack / np.sqrt(len(stack))), axis=1)


def seed_distortions(
    codes: ArrayLike,
    references: ArrayLike,
    labels: ArrayLike,
    *,
    reference: Reference = "own",
    statistic: Statistic = "mean",
    scale_free: bool = False,
) -> FloatArray:
    """Return the class distortion matrix of each run of a condition.

    Parameters
    ----------
    codes : array_like, shape (n_seeds, n_images, n_latents)
        Latent means of the condition.
    references : array_like, shape (n_seeds, n_images, n_reference_latents)
        Those of the reference condition, in the same order of seeds.
    labels : array_like, shape (n_images,)
        Class of each image.
    reference : {"own", "all", "others"}
        What a run is measured against: the reference run of its own seed, as in the paper; all of them,
        pooled; or all but the one of its own seed, pooled. With ``codes`` equal to ``references`` the last
        one gives the noise ceiling: what is left of the matrix when nothing but the seed differs.
    statistic, scale_free
        As in `class_distortion`.

    Returns
    -------
    ndarray, shape (n_seeds, n_classes, n_classes)

    Raises
    ------
    ValueError, TypeError
        If shapes do not fit, an option is unknown, or ``reference="others"`` has only one seed.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> baseline = rng.normal(size=(3, 8, 2))
    >>> seed_distortions(2 * baseline, baseline, [0, 0, 0, 0, 1, 1, 1, 1]).shape
    (3, 2, 2)
    """
    check_choice("reference", reference, get_args(Reference))
    runs, truths = check_codes("codes", codes, ndim=3), check_codes("references", references, ndim=3)
    if runs.shape[:2] != truths.shape[:2]:
        raise ValueError(
            "references must hold the seeds and images of codes, (n_seeds, n_images) = "
            f"{runs.shape[:2]}, but got {truths.shape[:2]}"
        )
    if reference == "others" and len(runs) < 2:
        raise ValueError("references must hold at least 2 seeds where reference is 'others', but got 1")
    return np.stack(
        [
            class_distortion(run, truth, labels, statistic=statistic, scale_free=scale_free)
            for run, truth in zip(runs, _reference_codes(truths, reference), strict=True)
        ]
    )


def _reference_codes(truths: FloatArray, reference: Reference) -> Iterator[FloatArray]:
    """Yield the reference code of each seed."""
    everything = pooled_code(truths) if reference == "all" else None
    for seed, own in enumerate(truths):
        if reference == "others":
            yield pooled_code(np.delete(truths, seed, axis=0))
        else:
            yield own if everything is None else everything
