"""The rate-distortion function of the Corridors source, solved once and kept on disk."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from rdstats._validate import FloatArray, as_float_array, check_choice
from rdstats.theory._cache import cached_arrays
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
from rdstats.theory._joint import joint_curve
from rdstats.theory._mixture_source import BernoulliMixture
from rdstats.theory._tasks import class_entropy

CacheDir = str | os.PathLike[str] | None


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
    parts = corridor_parts(imbalance, ratio)
    bounds = _pixel_bounds(parts, pixel_slopes(parts), cache_dir, progress)
    return Frontier(bounds.beta, bounds.value_lower, N_PIXELS)


def factor_bound(
    imbalance: Imbalance = "none", ratio: float = 1.0, *, cache_dir: CacheDir = None
) -> FactorCurve:
    """Return the factor curve of `rd_bounds`, without the time that the bounds for images take."""
    parts = corridor_parts(imbalance, ratio)
    return _factor_curve(parts, factor_slopes(parts), cache_dir)


def rd_bounds(
    imbalance: Imbalance = "none",
    ratio: float = 1.0,
    *,
    n_slopes: int = 60,
    n_pixel_slopes: int = 30,
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
        _factor_curve(parts, factor_slopes(parts, n_slopes), cache_dir, progress),
        _pixel_bounds(parts, pixel_slopes(parts, n_pixel_slopes), cache_dir, progress),
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
    source, parts = corridor_source(imbalance, ratio), corridor_parts(imbalance, ratio)
    betas = factor_slopes(parts, n_slopes)
    plain = _factor_curve(parts, betas, cache_dir)
    solved = cached_arrays(
        "task",
        [*_content([source]), betas, labels],
        lambda: {"value": joint_curve(source, labels, np.inf, betas=betas).value_lower},
        cache_dir=cache_dir,
    )
    rates = as_float_array("rate", rate)
    without_task = Frontier(betas, plain.value_lower, N_PIXELS).distortion_mse(rates)
    with_task = Frontier(betas, solved["value"], N_PIXELS).distortion_mse(rates)
    return np.where(rates < class_entropy(labels, source.weights), np.inf, with_task - without_task)


def _pixel_bounds(
    parts: Sequence[BernoulliMixture],
    betas: FloatArray,
    cache_dir: CacheDir,
    progress: Progress | None = None,
) -> PixelBounds:
    arrays = cached_arrays(
        "pixel",
        [*_content(parts), betas],
        lambda: _arrays(pixel_bounds(parts, betas=betas, progress=progress)),
        cache_dir=cache_dir,
    )
    return PixelBounds(**arrays)


def _factor_curve(
    parts: Sequence[BernoulliMixture],
    betas: FloatArray,
    cache_dir: CacheDir,
    progress: Progress | None = None,
) -> FactorCurve:
    arrays = cached_arrays(
        "factor",
        [*_content(parts), betas],
        lambda: _arrays(factor_curve(parts, betas=betas, progress=progress)),
        cache_dir=cache_dir,
    )
    return FactorCurve(**arrays)


def _content(parts: Sequence[BernoulliMixture]) -> list[ArrayLike]:
    """Return the numbers that define a source."""
    return [item for part in parts for item in (part.weights, part.probabilities, part.copies)]


def _arrays(curve: FactorCurve | PixelBounds) -> dict[str, FloatArray]:
    return {field.name: getattr(curve, field.name) for field in fields(curve)}
