"""Spreading β evenly along a front: where every β is Pareto-optimal, the question is what lies between."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def even_beta(ends: tuple[float, float], index: int, n_points: int) -> float:
    """Return one of ``n_points`` β that stand evenly over a log range, both ends included.

    Examples
    --------
    >>> [even_beta((1.0, 100.0), index, 3) for index in range(3)]
    [1.0, 10.0, 100.0]
    """
    low, high = map(math.log, ends)
    return rounded_beta(low + (high - low) * min(index / max(n_points - 1, 1), 1.0), ends)


def widest_gap(
    betas: Sequence[float], points: FloatArray, waiting: Sequence[float], *, ends: tuple[float, float]
) -> float:
    """Return the β in the middle of the widest gap of a front.

    The width of a gap between neighboring β is the distance of their points, each coordinate in units of its
    range. A β that waits for its result divides its gap as if results went evenly over log β, so that the β
    of a batch keep apart.

    Parameters
    ----------
    betas : sequence of float, length n
        Distinct β with results, at least two.
    points : ndarray, shape (n, 2)
        Mean rate and distortion of each.
    waiting : sequence of float
        β that were asked for and have no result yet.
    ends : (float, float)
        Search range of β.

    Examples
    --------
    >>> points = np.array([[4.0, 0.0], [1.0, 0.5], [0.0, 1.0]])
    >>> round(widest_gap([1.0, 10.0, 100.0], points, [], ends=(1.0, 100.0)), 3)
    3.162
    >>> round(widest_gap([1.0, 10.0, 100.0], points, [3.0], ends=(1.0, 100.0)), 3)
    31.623
    """
    order = np.argsort(betas)
    log_betas = np.log(np.asarray(betas, dtype=float)[order])
    scale = np.ptp(points, axis=0)
    steps = np.diff(points[order] / np.where(scale > 0, scale, 1.0), axis=0)
    pieces = _pieces(log_betas, np.hypot(*steps.T), sorted(map(math.log, waiting)))
    _, left, right = max(pieces)
    return rounded_beta((left + right) / 2, ends)


def _pieces(
    log_betas: FloatArray, widths: FloatArray, waiting: Sequence[float]
) -> Iterator[tuple[float, float, float]]:
    """Return width and ends of each part into which the gaps are divided."""
    for width, low, high in zip(widths, log_betas[:-1], log_betas[1:], strict=True):
        cuts = [low, *(beta for beta in waiting if low < beta < high), high]
        for left, right in itertools.pairwise(cuts):
            yield float(width) * (right - left) / (high - low), left, right


def rounded_beta(log_beta: float, ends: tuple[float, float]) -> float:
    """Return β with seven digits, which is more than any curve is known to, within its range."""
    return min(max(float(f"{math.exp(log_beta):.6e}"), ends[0]), ends[1])
