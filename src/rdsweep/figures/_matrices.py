"""Distortion matrices of a condition: mean and spread over seeds, and which cells differ from noise."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rdsweep.figures._figure_data import FloatArray, paired
from rdsweep.figures._stimuli import IntArray
from rdsweep.geometry import UndefinedRatioWarning, distortion_contrast, seed_distortions
from rdsweep.sources import N_POSITIONS


@dataclass(frozen=True, eq=False)
class Distortion:
    """A class distortion matrix over seeds.

    Attributes
    ----------
    mean : ndarray, shape (n_classes, n_classes)
        Mean over seeds of the matrices of runs against the reference run of their own seed.
    deviation : ndarray, shape (n_classes, n_classes), or None
        Standard deviation over seeds; None for one seed.
    noise : ndarray of bool, shape (n_classes, n_classes), or None
        Cells that cannot be told from what another seed of the reference does; None for one seed.
    n_seeds : int
    """

    mean: FloatArray
    deviation: FloatArray | None
    noise: NDArray[np.bool_] | None
    n_seeds: int


def distortion(
    codes: Mapping[int, FloatArray], references: Mapping[int, FloatArray], labels: IntArray
) -> Distortion:
    """Return the distortion of codes against references, seeds paired.

    Parameters
    ----------
    codes, references : mapping of int to ndarray
        Latent means by seed, (n_images, n_latents), images ordered by position.
    labels : ndarray of int, shape (169,)
        Class of each position.

    Raises
    ------
    LackingError
        If no seed has both.
    """
    runs, truths = paired(codes, references)
    by_image = np.repeat(labels, runs.shape[1] // N_POSITIONS)
    with warnings.catch_warnings():
        # A pair that the reference has in one point has no ratio; it is left out, as the caption says.
        warnings.simplefilter("ignore", UndefinedRatioWarning)
        matrices = seed_distortions(runs, truths, by_image)
        if len(runs) < 2:
            return Distortion(matrices[0], None, None, 1)
        contrast = distortion_contrast(runs, truths, by_image)
    return Distortion(matrices.mean(axis=0), matrices.std(axis=0, ddof=1), ~contrast.distinct, len(runs))
