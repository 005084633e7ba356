"""Two-dimensional embeddings of codes: one for all seeds, and each seed's turned onto it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import orthogonal_procrustes
from scipy.spatial.distance import pdist, squareform
from sklearn.manifold import MDS

from rdsweep.figures._stimuli import LOWER, UPPER

FloatArray = NDArray[np.float64]

_STIMULUS_PLANE = np.column_stack([LOWER - 6.0, 6.0 - UPPER])  # as the maps show it: x_LC right, x_UC down


@dataclass(frozen=True, eq=False)
class Embedding:
    """Positions in the plane, at distances as close as can be to those of their codes.

    Attributes
    ----------
    points : ndarray, shape (169, 2)
        Embedding of the distances' mean over seeds, in units of the latents, turned so that x_LC grows to
        the right and x_UC downwards as far as the code allows.
    by_seed : ndarray, shape (n_seeds, 169, 2)
        Embedding of each seed alone, rotated, reflected and moved onto ``points``.
    stress : float
        Kruskal's stress-1 of ``points`` against the mean distances: 0 is a perfect picture.
    stress_by_seed : ndarray, shape (n_seeds,)
        The same of each seed's embedding.
    """

    points: FloatArray
    by_seed: FloatArray
    stress: float
    stress_by_seed: FloatArray


def embed_positions(codes: ArrayLike) -> Embedding:
    """Embed the mean codes of the 169 positions of several seeds in one plane.

    Distances do not change when a code is rotated or its latents are exchanged, as they are from seed to
    seed, so their mean over seeds needs no alignment.

    Parameters
    ----------
    codes : array_like, shape (n_seeds, 169, n_latents)

    References
    ----------
    Kruskal (1964), *Psychometrika* 29, 1-27, for stress-1; Schönemann (1966), *Psychometrika* 31, 1-10, for
    the rotation.

    Examples
    --------
    A code that is the stimulus plane itself, seen from another side by a second seed:

    >>> plane = np.column_stack([LOWER, UPPER]) / 3.0
    >>> embedding = embed_positions([plane, -plane])
    >>> bool(embedding.stress < 1e-6), bool(np.allclose(*embedding.by_seed))
    (True, True)
    """
    distances = np.array([pdist(code) for code in np.asarray(codes, dtype=np.float64)])
    mean = distances.mean(axis=0)
    points = _turned(_embedded(mean), _STIMULUS_PLANE)
    alone = [_turned(_embedded(distance), points) for distance in distances]
    return Embedding(
        points=points,
        by_seed=np.array(alone),
        stress=_stress(points, mean),
        stress_by_seed=np.array([_stress(*pair) for pair in zip(alone, distances, strict=True)]),
    )


def _embedded(distances: FloatArray) -> FloatArray:
    """Return metric MDS from the classical solution, which needs no random start."""
    if not distances.any():
        return np.zeros((len(_STIMULUS_PLANE), 2))
    mds = MDS(n_components=2, metric="precomputed", init="classical_mds", n_init=1)
    return np.asarray(mds.fit_transform(squareform(distances)), dtype=np.float64)


def _turned(points: FloatArray, target: FloatArray) -> FloatArray:
    """Rotate, reflect and move ``points`` onto ``target`` as well as can be, at their own scale."""
    centered = points - points.mean(axis=0)
    rotation, _ = orthogonal_procrustes(centered, target - target.mean(axis=0))
    return np.asarray(centered @ rotation)


def _stress(points: FloatArray, distances: FloatArray) -> float:
    total = np.square(distances).sum()
    return float(np.sqrt(np.square(pdist(points) - distances).sum() / total)) if total > 0 else 0.0
