"""Convex bounds of a rate-distortion function: tangents from below, achievable points from above."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from rdstats._validate import FloatArray, as_float_array, check_count, check_same_length


@dataclass(frozen=True, eq=False)
class Frontier:
    """A lower bound of a rate-distortion function, as the envelope of its tangents.

    Every code of the source satisfies ``rate + beta * squared error >= value`` at each slope, so no code lies
    below the envelope. Between slopes the envelope is still a bound, only less tight.

    Parameters
    ----------
    beta : array_like, shape (n_slopes,)
        Nats per unit of squared error per image; positive.
    value : array_like, shape (n_slopes,)
        Lower bound of ``rate + beta * squared error`` at each slope, in nats per image.
    n_pixels : int
        Pixels per image: distortions here are means over pixels.

    Raises
    ------
    ValueError
        If shapes disagree or a slope is not positive.

    Examples
    --------
    A unit Gaussian per image, ``value = 1/2 + log(2 beta) / 2``:

    >>> import numpy as np
    >>> beta = np.geomspace(0.5, 50.0, 400)
    >>> frontier = Frontier(beta, 0.5 + 0.5 * np.log(2.0 * beta), n_pixels=1)
    >>> frontier.rate([0.25, 2.0]).round(3), frontier.distortion_mse([np.log(2.0)]).round(3)
    (array([0.693, 0.   ]), array([0.25]))
    """

    beta: FloatArray
    value: FloatArray
    n_pixels: int

    def __post_init__(self) -> None:
        beta, value = as_float_array("beta", self.beta), as_float_array("value", self.value)
        check_same_length(beta=beta, value=value)
        check_count("n_pixels", self.n_pixels)
        if len(beta) == 0 or not np.all((beta > 0) & np.isfinite(beta) & np.isfinite(value)):
            raise ValueError(f"beta must be positive and value finite at each slope, but got {beta}, {value}")
        object.__setattr__(self, "beta", beta)
        object.__setattr__(self, "value", value)

    def distortion_mse(self, rate: ArrayLike) -> FloatArray:
        """Return the least mean squared error per pixel at a rate.

        Parameters
        ----------
        rate : array_like
            Nats per image, any shape.

        Returns
        -------
        ndarray
            A lower bound of the mean squared error, in the shape of ``rate``; NaN where ``rate`` is NaN.
        """
        given = np.asarray(rate, dtype=np.float64)[..., None]
        tangents = (self.value - given) / (self.beta * self.n_pixels)
        return np.asarray(np.maximum(tangents.max(axis=-1), 0.0))

    def rate(self, distortion_mse: ArrayLike) -> FloatArray:
        """Return the least rate at a mean squared error per pixel.

        Parameters
        ----------
        distortion_mse : array_like
            Mean squared error per pixel, any shape.

        Returns
        -------
        ndarray
            A lower bound of the rate in nats per image, in the shape of ``distortion_mse``; NaN where that
            is NaN.
        """
        given = np.asarray(distortion_mse, dtype=np.float64)[..., None]
        tangents = self.value - self.beta * self.n_pixels * given
        return np.asarray(np.maximum(tangents.max(axis=-1), 0.0))


def achievable_distortion(rate: FloatArray, *, rates: FloatArray, distortions: FloatArray) -> FloatArray:
    """Return the least distortion that time-sharing between achievable points reaches at each rate.

    Parameters
    ----------
    rate : ndarray, shape (n,)
        Where to evaluate, in nats; at least the smallest of ``rates``.
    rates, distortions : ndarray, shape (n_points,)
        Achievable points.

    Returns
    -------
    ndarray, shape (n,)
        The lower convex hull of the points; an upper bound of the distortion-rate function.

    Examples
    --------
    >>> points = {"rates": np.array([0.0, 1.0, 2.0]), "distortions": np.array([4.0, 3.5, 1.0])}
    >>> achievable_distortion(np.array([1.0, 3.0]), **points)
    array([2.5, 1. ])
    """
    hull: list[tuple[float, float]] = []
    for point in sorted(zip(rates.tolist(), distortions.tolist(), strict=True)):
        while len(hull) > 1 and _turns_down(hull[-2], hull[-1], point):
            hull.pop()
        hull.append(point)
    corners = np.array(hull)
    best = np.minimum.accumulate(corners[:, 1])
    return np.interp(rate, corners[:, 0], best)


def _turns_down(first: tuple[float, float], middle: tuple[float, float], last: tuple[float, float]) -> bool:
    """Tell whether ``middle`` lies on or above the chord from ``first`` to ``last``."""
    run, rise = last[0] - first[0], last[1] - first[1]
    return (middle[1] - first[1]) * run >= (middle[0] - first[0]) * rise
