"""The indices of one run: its codes and maps reduced to numbers that can be tested over seeds."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import ArrayLike

from rdstats.theory import optimal_prototypes, position_probabilities
from rdsweep.config import SourceConfig
from rdsweep.geometry._checks import FloatArray, IntArray, check_codes
from rdsweep.geometry._orthogonalization import (
    active_units,
    cross_condition_accuracy,
    parallelism_score,
    participation_ratio,
    task_angle,
)
from rdsweep.geometry._prototypes import effective_positions, scatter_ratio, silhouette
from rdsweep.geometry._similarity import procrustes_distance
from rdsweep.geometry._specialization import (
    crossing,
    discriminability,
    frequency_exponent,
    log_contrast,
    neighbor_pairs,
)
from rdsweep.tasks import BUILTIN_TASKS, get_task

_SIDE = 13
_N_POSITIONS = _SIDE**2
_UPPER, _LOWER = np.divmod(np.arange(_N_POSITIONS), _SIDE)
_UPPER_HALF, _LOWER_HALF = _UPPER > _SIDE // 2, _LOWER > _SIDE // 2
_FAR = _UPPER + _LOWER >= _SIDE - 1
_FIRST, _SECOND = neighbor_pairs()

_LABELS = {name: get_task(name).label_table() for name in BUILTIN_TASKS}
_CROSSING = {name: crossing(labels, _FIRST, _SECOND) for name, labels in _LABELS.items()}
_FREQUENT = {"lower_corridor": ~_LOWER_HALF, "alignment": _UPPER == _LOWER}
_ANGLES = (("order", "region"), ("order", "equality"), ("region", "equality"))
_CODE_INDICES = (
    "scatter_ratio",
    "silhouette",
    "participation_ratio",
    "active_units",
    "generalization_corridors",
    "generalization_order",
)


def run_indices(
    codes: ArrayLike | None, maps: Mapping[str, FloatArray], *, source: SourceConfig
) -> dict[str, float]:
    """Return every index of a run.

    Parameters
    ----------
    codes : array_like, shape (n_images, n_latents), or None
        Latent means, ordered by position, equally many images of each; None for a run that was trained
        before codes were stored, whose indices of single images are then NaN.
    maps : Mapping
        ``latent_mean``, ``latent_mean_sd`` and ``latent_scale`` of shape (13, 13, n_latents), and
        ``distortion_mse`` and ``rate`` of shape (13, 13), as in the table ``maps``.
    source : SourceConfig
        What the run was trained on.

    Returns
    -------
    dict
        The columns of the table ``indices`` but ``run_id``; `rdsweep.store.columns_table` has their meaning.

    Raises
    ------
    ValueError
        If shapes do not fit or a value is not finite.

    Examples
    --------
    >>> upper, lower = np.mgrid[:13, :13]
    >>> mean = np.stack([upper, lower], axis=2)
    >>> flat = {"latent_mean_sd": np.zeros_like(mean), "latent_scale": np.ones_like(mean)}
    >>> maps = {"latent_mean": mean, "distortion_mse": np.ones((13, 13)), "rate": np.ones((13, 13)), **flat}
    >>> indices = run_indices(mean.reshape(169, 2), maps, source=SourceConfig())
    >>> indices["participation_ratio"], indices["parallelism_corridors"], indices["scatter_ratio"]
    (2.0, 1.0, 0.0)
    """
    mean = check_codes("latent_mean", maps["latent_mean"], ndim=3).reshape(_N_POSITIONS, -1)
    spread = np.hypot(maps["latent_mean_sd"], maps["latent_scale"]).reshape(mean.shape)
    dprime = discriminability(mean, spread, _FIRST, _SECOND)
    return {
        **_code_indices(codes),
        "effective_positions": effective_positions(mean, spread),
        "prototype_distance": _prototype_distance(mean, np.asarray(maps["rate"]).ravel(), source),
        **_distortion_indices(np.asarray(maps["distortion_mse"]).ravel()),
        **_dprime_indices(dprime, source),
        **{f"angle_{a}_{b}": task_angle(mean, _LABELS[a], _LABELS[b]) for a, b in _ANGLES},
        "parallelism_corridors": _both_ways(parallelism_score, mean, np.arange(_N_POSITIONS)),
        "parallelism_order": parallelism_score(mean, _LABELS["order"], _FAR),
    }


def _code_indices(codes: ArrayLike | None) -> dict[str, float]:
    """Return the indices that need the codes of single images."""
    if codes is None:
        return dict.fromkeys(_CODE_INDICES, math.nan)
    images = check_codes("codes", codes)
    n_each, rest = divmod(len(images), _N_POSITIONS)
    if rest:
        raise ValueError(
            f"codes must hold equally many images of 169 positions, but got {len(images)} images"
        )
    positions = np.repeat(np.arange(_N_POSITIONS), n_each)
    order, far = _LABELS["order"][positions], _FAR[positions]
    return {
        "scatter_ratio": scatter_ratio(images, positions),
        "silhouette": silhouette(images, positions) if n_each > 1 else math.nan,
        "participation_ratio": participation_ratio(images),
        "active_units": float(active_units(images)),
        "generalization_corridors": _both_ways(cross_condition_accuracy, images, positions),
        "generalization_order": cross_condition_accuracy(images, order, far),
    }


def _prototype_distance(mean: FloatArray, rate: FloatArray, source: SourceConfig) -> float:
    """Compare the positions' codes with the optimal prototypes of the run's own rate and source."""
    if source.imbalance == "alignment":
        return math.nan  # its corridors depend on each other, and one solution takes minutes
    own_rate = float(position_probabilities(source.imbalance, source.ratio) @ rate)
    return procrustes_distance(mean, optimal_prototypes(own_rate, source.imbalance, source.ratio))


def _distortion_indices(distortion: FloatArray) -> dict[str, float]:
    """Contrast the distortion at frequent positions, and at those beside a class boundary, with the rest."""
    indices = {f"distortion_{name}": log_contrast(distortion, mask) for name, mask in _FREQUENT.items()}
    for task, across in _CROSSING.items():
        at_boundary = np.zeros(_N_POSITIONS, dtype=np.bool_)
        at_boundary[np.concatenate([_FIRST[across], _SECOND[across]])] = True
        indices[f"distortion_{task}"] = log_contrast(distortion, at_boundary)
    return indices


def _dprime_indices(dprime: FloatArray, source: SourceConfig) -> dict[str, float]:
    """Contrast the discriminability of neighbors that are frequent, or of two classes, with the rest."""
    frequent = _FREQUENT["lower_corridor"]
    shown = position_probabilities(source.imbalance, source.ratio)
    return {
        "dprime_lower_corridor": log_contrast(dprime, frequent[_FIRST] & frequent[_SECOND]),
        **{f"dprime_{task}": log_contrast(dprime, across) for task, across in _CROSSING.items()},
        "frequency_exponent": frequency_exponent(dprime, shown[_FIRST] + shown[_SECOND]),
    }


def _both_ways(
    index: Callable[[ArrayLike, ArrayLike, ArrayLike], float], latents: FloatArray, positions: IntArray
) -> float:
    """Return the mean index of each corridor's half with the other corridor's half as its context."""
    upper, lower = _UPPER_HALF[positions], _LOWER_HALF[positions]
    return 0.5 * (index(latents, upper, lower) + index(latents, lower, upper))
