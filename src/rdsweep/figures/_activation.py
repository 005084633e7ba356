"""Activation maps of several seeds: latents matched to one another, scaled, averaged."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment

from rdsweep.figures._stimuli import LOWER, SIDE, UPPER

FloatArray = NDArray[np.float64]

_ROUNDS = 5


@dataclass(frozen=True, eq=False)
class ActivationMaps:
    """Mean and spread over seeds of scaled activation maps.

    Attributes
    ----------
    mean : ndarray, shape (n_latents, 13, 13)
        By latent, x_UC and x_LC; within 0 and 1, latents in falling order of their variance over positions.
    deviation : ndarray, shape (n_latents, 13, 13), or None
        Standard deviation over seeds; None for one seed.
    """

    mean: FloatArray
    deviation: FloatArray | None


def activation_maps(codes: ArrayLike) -> ActivationMaps:
    """Scale the maps of each seed from 0 to 1 and average them over seeds.

    Every seed finds its own order and signs of the latents. They are matched to the mean over seeds (the
    assignment of least cost), which is then taken anew, a few times. The scale is the paper's: one least and
    one greatest value over all positions and latents of a run.

    Parameters
    ----------
    codes : array_like, shape (n_seeds, 169, n_latents)
        Mean latent mean of each position.

    Examples
    --------
    A second seed that has exchanged the latents and the sign of one of them adds no spread:

    >>> code = np.column_stack([LOWER, 2.0 * UPPER]) - [6.0, 12.0]
    >>> maps = activation_maps([code, code[:, ::-1] * [-1, 1]])
    >>> maps.mean[0, 0, 0], maps.mean[0, 12, 0], float(maps.deviation.max())
    (np.float64(0.0), np.float64(1.0), 0.0)
    """
    matched = _matched(np.asarray(codes, dtype=np.float64))
    low = matched.min(axis=(1, 2), keepdims=True)
    span = matched.max(axis=(1, 2), keepdims=True) - low
    scaled = (matched - low) / np.where(span > 0, span, 1.0)
    maps = scaled.transpose(0, 2, 1).reshape(len(scaled), -1, SIDE, SIDE)
    return ActivationMaps(maps.mean(axis=0), maps.std(axis=0, ddof=1) if len(maps) > 1 else None)


def _matched(codes: FloatArray) -> FloatArray:
    """Return codes with the latents of all seeds in one order and with one sign."""
    first = codes[0]
    target = first[:, np.argsort(-first.var(axis=0), kind="stable")]
    for _ in range(_ROUNDS):
        target = np.mean([_match(code, target) for code in codes], axis=0)
    target = target[:, np.argsort(-target.var(axis=0), kind="stable")]
    rising = (target * (UPPER + LOWER - 12.0)[:, None]).sum(axis=0) >= 0
    target = target * np.where(rising, 1.0, -1.0)
    return np.array([_match(code, target) for code in codes])


def _match(code: FloatArray, target: FloatArray) -> FloatArray:
    """Return ``code`` with its latents ordered and signed like those of ``target``."""
    products = (target - target.mean(axis=0)).T @ (code - code.mean(axis=0))
    _, order = linear_sum_assignment(-np.abs(products))
    signs = np.where(np.diagonal(products[:, order]) < 0, -1.0, 1.0)
    return np.asarray(code[:, order] * signs)
