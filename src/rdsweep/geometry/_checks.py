"""Checks of codes and labels; every message names the argument, the rule and the value received."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def check_codes(name: str, values: ArrayLike, *, ndim: int = 2) -> FloatArray:
    """Return finite codes as float64, (n_images, n_latents) or with a leading axis of runs."""
    codes = np.asarray(values, dtype=np.float64)
    if codes.ndim != ndim or codes.size == 0:
        axes = "(n_images, n_latents)" if ndim == 2 else "(n_runs, n_images, n_latents)"
        raise ValueError(f"{name} must have shape {axes} and no empty axis, but got shape {codes.shape}")
    if not np.isfinite(codes).all():
        raise ValueError(f"{name} must be finite, but got {(~np.isfinite(codes)).sum()} values that are not")
    return codes


def check_anchored(name: str, values: ArrayLike) -> FloatArray:
    """Return codes as `check_codes`, moved so that the first image is at 0 and a constant code exactly so."""
    codes = check_codes(name, values)
    return np.asarray(codes - codes[0])


def check_labels(name: str, values: ArrayLike, *, n_images: int, n_classes: int = 1) -> IntArray:
    """Return labels as class numbers 0, 1, ... in the order of the sorted labels."""
    labels = np.asarray(values)
    if labels.shape != (n_images,):
        raise ValueError(f"{name} must have one entry per image, {n_images}, but got shape {labels.shape}")
    if labels.dtype.kind not in "biuUS":
        raise TypeError(f"{name} must hold integers, truth values or text, but got {labels.dtype}")
    kinds, classes = np.unique(labels, return_inverse=True)
    if len(kinds) < n_classes:
        raise ValueError(f"{name} must hold at least {n_classes} classes, but got {len(kinds)}")
    return np.asarray(classes, dtype=np.int64)


def check_choice(name: str, value: str, choices: Collection[str]) -> None:
    """Raise unless ``value`` is one of ``choices``."""
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}, but got {value!r}")


def check_gaussians(mean: ArrayLike, sd: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return the means and standard deviations of the latents at each position, (n_positions, n_latents)."""
    means, sds = check_codes("mean", mean), check_codes("sd", sd)
    if means.shape != sds.shape:
        raise ValueError(f"sd must have the shape of mean, {means.shape}, but got {sds.shape}")
    if sds.min() <= 0.0:
        raise ValueError(f"sd must be above 0, but got {sds.min():g}")
    return means, sds
