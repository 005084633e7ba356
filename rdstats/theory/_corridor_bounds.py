"""The rate-distortion function of the Corridors source, solved once and kept on disk."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from rdstats._validate import FloatArray, as_float_array, check_choice
from rdstats.theory._cache import Asked, cached_arrays
from rdstats.theory._corridors import N_PIXELS, Imbalance, corridor_parts, corridor_source
from rdstats.theory._curves import (
    FactorCurve,
    PixelBounds,
    Progress,
    factor_curve,
    factor_slopes,
    pixel_bounds,
    pixel_slopes,
)
from rdstats.theory._frontier import Frontier
from rdstats.theory._joint import JointCurve, joint_curve
from rdstats.theory._tasks import class_entropy

CacheDir = str | os.PathLike[str] | None

_N_SLOPES, _N_PIXEL_SLOPES = 60, 30

# Processors differ by some 1e-15 in a slope; slopes of two grids by far more.
_ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class RDBounds:
    """What is known of the rate-distortion function of one Corridors source.

    Attributes
    ----------
    factor : FactorCurve
        The exact curve of an encoder that is shown the two positions.
    pixel : PixelBounds
        Bounds for an encoder that sees the image.
    state_entropy : float
        Entropy of the position pair, in nats: the largest rate of the factor curve.
    zero_rate_distortion, known_state_distortion : float
        Squared error per image without information, and with both positions known.
    """

    factor: FactorCurve
    pixel: PixelBounds
    state_entropy: float
    zero_rate_distortion: float
    known_state_distortion: float

    def frontier(self, level: Literal["pixel", "factor"] = "pixel") -> Frontier:
        """Return the lower bound for encoders that see the image, or for those shown the positions.

        Only ``"pixel"`` bounds a model that is trained on images.
        """
        check_choice("level", level, ("pixel", "factor"))
        curve = self.pixel if level == "pixel" else self.factor
        return Frontier(curve.beta, curve.value_lower, N_PIXELS)


def rd_frontier(
    imbalance: Imbalance = "none",
    ratio: float = 1.0,
    *,
    cache_dir: CacheDir = None,
    progress: Progress | None = None,
) -> Frontier:
    """Return the bound that no model of the Corridors images can beat: the zero line of its distortion.

    The same as ``rd_bounds(imbalance, ratio).frontier()``, without the time that the factor curve takes.
    Parameters are those of `rd_bounds`.

    Examples
    --------
    >>> rd_frontier().distortion_mse([0.0, 3.0]).round(4)
    array([0.1553, 0.0724])
    """
    bounds = _pixel_bounds(imbalance, ratio, _N_PIXEL_SLOPES, cache_dir, progress)
    return Frontier(bounds.beta, bounds.value_lower, N_PIXELS)


def factor_bound(
    imbalance: Imbalance = "none", ratio: float = 1.0, *, cache_dir: CacheDir = None
) -> FactorCurve:
    """Return the factor curve of `rd_bounds`, without the time that the bounds for images take."""
    return _factor_curve(imbalance, ratio, _N_SLOPES, cache_dir)


def rd_bounds(
    imbalance: Imbalance = "none",
    ratio: float = 1.0,
    *,
    n_slopes: int = _N_SLOPES,
    n_pixel_slopes: int = _N_PIXEL_SLOPES,
    cache_dir: CacheDir = None,
    progress: Progress | None = None,
) -> RDBounds:
    """Solve the Corridors source, or fetch the solution from disk.

    Parameters
    ----------
    imbalance : {"none", "lower_corridor", "alignment"}
        Which positions are frequent (see `position_probabilities`).
    ratio : float, default 1
        How many times as often a frequent position is shown.
    n_slopes, n_pixel_slopes : int, default 60 and 30
        Slopes of the factor curve, and slopes up to 2 of the bounds for images.
    cache_dir : path, optional
        Where solutions are kept; `default_cache_dir` if not given. The balanced source and both imbalances at
        a ratio of 10 come with the package; the first solution of another one takes about two minutes with
        ``"lower_corridor"`` and eight with ``"alignment"``, on one core.
    progress : callable, optional
        Called while a curve is being solved, with the number of problems solved and their total.

    Returns
    -------
    RDBounds
        Curves, entropy and the two limits of the distortion.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range.
    """
    parts = corridor_parts(imbalance, ratio)
    return RDBounds(
        _factor_curve(imbalance, ratio, n_slopes, cache_dir, progress),
        _pixel_bounds(imbalance, ratio, n_pixel_slopes, cache_dir, progress),
        sum(part.state_entropy for part in parts),
        sum(part.zero_rate_distortion for part in parts),
        sum(part.known_state_distortion for part in parts),
    )


def distortion_price(
    rate: ArrayLike,
    labels: ArrayLike,
    imbalance: Imbalance = "none",
    ratio: float = 1.0,
    *,
    n_slopes: int = 24,
    cache_dir: CacheDir = None,
) -> FloatArray:
    """Return what solving a task without error costs in distortion, at a given rate.

    Parameters
    ----------
    rate : array_like, shape (n_rates,)
        Nats per image.
    labels : array_like of int, shape (169,)
        Class of each position, for example one of `corridor_tasks`.
    imbalance, ratio, cache_dir
        As in `rd_bounds`. A first solution takes one to three minutes.
    n_slopes : int, default 24
        Slopes at which the problem with the task is solved.

    Returns
    -------
    ndarray, shape (n_rates,)
        Least mean squared error per pixel with the task solved, minus that without a task, both for an
        encoder that is shown the positions; infinite where the rate is below the entropy of the class.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range.
    """
    plain = _factor_curve(imbalance, ratio, n_slopes, cache_dir)
    source, classes = corridor_source(imbalance, ratio), as_float_array("labels", labels)
    solved = cached_arrays(
        "task",
        {**_asked(imbalance, ratio, n_slopes), "labels": classes.tolist()},
        lambda: _arrays(joint_curve(source, classes, np.inf, betas=plain.beta), ("beta", "value_lower")),
        fits=partial(_are_of, plain.beta, ("beta", "value_lower")),
        cache_dir=cache_dir,
    )
    rates = as_float_array("rate", rate)
    without_task = Frontier(plain.beta, plain.value_lower, N_PIXELS).distortion_mse(rates)
    with_task = Frontier(solved["beta"], solved["value_lower"], N_PIXELS).distortion_mse(rates)
    return np.where(rates < class_entropy(labels, source.weights), np.inf, with_task - without_task)


def _pixel_bounds(
    imbalance: Imbalance, ratio: float, n_slopes: int, cache_dir: CacheDir, progress: Progress | None = None
) -> PixelBounds:
    parts = corridor_parts(imbalance, ratio)
    betas, names = pixel_slopes(parts, n_slopes), [field.name for field in fields(PixelBounds)]
    arrays = cached_arrays(
        "pixel",
        _asked(imbalance, ratio, n_slopes),
        lambda: _arrays(pixel_bounds(parts, betas=betas, progress=progress), names),
        fits=partial(_are_of, betas, names),
        cache_dir=cache_dir,
    )
    return PixelBounds(**arrays)


def _factor_curve(
    imbalance: Imbalance, ratio: float, n_slopes: int, cache_dir: CacheDir, progress: Progress | None = None
) -> FactorCurve:
    parts = corridor_parts(imbalance, ratio)
    betas, names = factor_slopes(parts, n_slopes), [field.name for field in fields(FactorCurve)]
    arrays = cached_arrays(
        "factor",
        _asked(imbalance, ratio, n_slopes),
        lambda: _arrays(factor_curve(parts, betas=betas, progress=progress), names),
        fits=partial(_are_of, betas, names),
        cache_dir=cache_dir,
    )
    return FactorCurve(**arrays)


def _asked(imbalance: Imbalance, ratio: float, n_slopes: int) -> Asked:
    """Return what defines a problem: the slopes follow from their number, so they are not part of it."""
    return {"imbalance": imbalance, "ratio": float(ratio), "n_slopes": int(n_slopes)}


def _arrays(curve: FactorCurve | PixelBounds | JointCurve, names: Sequence[str]) -> dict[str, FloatArray]:
    return {name: getattr(curve, name) for name in names}


def _are_of(betas: FloatArray, names: Sequence[str], arrays: Mapping[str, FloatArray]) -> bool:
    """Return whether ``arrays`` are all of ``names`` at the slopes ``betas``, up to rounding."""
    whole = arrays.keys() == set(names) and all(
        array.shape == betas.shape and np.isfinite(array).all() for array in arrays.values()
    )
    return whole and np.allclose(arrays["beta"], betas, rtol=_ROUNDING, atol=0.0)
