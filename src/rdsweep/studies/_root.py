"""Finding the β of a wanted rate: bracketing on a monotone curve that is known with noise."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression
from scipy.stats import t as student

from rdsweep.studies._gaps import even_beta, rounded_beta

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Root:
    """The β at which the rate falls through the wanted one.

    Attributes
    ----------
    beta : float
        Geometric mean over seeds; NaN where the status is not ``ok``.
    low, high : float
        Student's t interval of log β over seeds, as β; NaN for a single seed.
    of_seeds : tuple of float
        β of each seed.
    slope : float
        Change of the mean rate in nats per unit of log β there, below 0.
    status : {"ok", "too_few_points", "not_bracketed"}
    message : str
        Cause and remedy where the status is not ``ok``.
    """

    beta: float
    low: float
    high: float
    of_seeds: tuple[float, ...]
    slope: float
    status: str
    message: str


def find_root(
    betas: Sequence[float], rates: FloatArray, target: float, *, confidence_level: float = 0.95
) -> Root:
    """Return the β of the rate ``target``, with its uncertainty over seeds.

    Rate falls with β. So the rates of each seed are made monotone (isotonic regression, which averages
    neighbors that noise put in the wrong order) and interpolated over log β; seeds share their data and noise
    across β, so each has a curve of its own, and the spread of their roots is that of the answer.

    Parameters
    ----------
    betas : sequence of float, length n
        Distinct.
    rates : ndarray, shape (n, n_seeds)
        Nats per image.
    target : float
        Wanted rate, nats per image.
    confidence_level : float
        Of the interval.

    Examples
    --------
    >>> betas = np.array([1.0, 10.0, 100.0])
    >>> root = find_root(betas, np.array([[4.0, 4.2], [2.0, 2.2], [0.5, 0.7]]), 2.0)
    >>> round(root.beta, 1), root.status
    (11.7, 'ok')
    """
    order = np.argsort(betas)
    log_betas, rates = np.log(np.asarray(betas, dtype=float)[order]), np.asarray(rates)[order]
    if len(log_betas) < 2:
        return _no_root("too_few_points", "a root takes at least two configurations")
    curves = [falling_curve(curve) for curve in rates.T]
    roots = [_crossing(log_betas, curve, target) for curve in curves]
    if any(root is None for root in roots):
        least, most = rates.min(axis=1).min(), rates.max(axis=1).max()
        span = f"rates from {least:.3g} to {most:.3g} nats"
        return _no_root(
            "not_bracketed", f"the search range of beta gives {span}, but {target:g} is wanted of every seed"
        )
    found = np.array(roots, dtype=float)
    center, n = float(found.mean()), len(found)
    margin = math.nan
    if n > 1:
        quantile = float(student.ppf((1 + confidence_level) / 2, n - 1))
        margin = quantile * float(found.std(ddof=1)) / math.sqrt(n)
    slope = _slope(log_betas, falling_curve(rates.mean(axis=1)), center)
    ends = math.exp(center - margin), math.exp(center + margin)
    return Root(math.exp(center), *ends, tuple(np.exp(found)), slope, "ok", "")


def falling_curve(rates: FloatArray) -> FloatArray:
    """Return the nearest curve that does not rise, by least squares."""
    return np.asarray(isotonic_regression(rates, increasing=False).x)


def propose_beta(
    betas: Sequence[float],
    rates: FloatArray,
    target: float,
    *,
    ends: tuple[float, float],
    index: int,
    n_points: int,
) -> float:
    """Return a β to try next.

    The first ``n_points`` go evenly over the log range, ends included. Later batches look at the interval
    between the two tried β around the root: its first point is the root itself, the others stand on both
    sides of it, so that the interval shrinks by a factor of about ``n_points`` per batch, whatever the noise.

    Parameters
    ----------
    betas, rates, target
        As for `find_root`: what was tried before this batch.
    ends : (float, float)
        Search range of β.
    index, n_points : int
        Place in the batch, and its size.

    Examples
    --------
    >>> propose_beta([], np.empty((0, 1)), 2.0, ends=(1.0, 100.0), index=1, n_points=3)
    10.0
    """
    if len(betas) < max(n_points, 2):
        return even_beta(ends, len(betas) + index, max(n_points, 2))
    low, high = math.log(ends[0]), math.log(ends[1])
    order = np.argsort(betas)
    log_betas = np.log(np.asarray(betas, dtype=float)[order])
    curve = falling_curve(np.asarray(rates)[order].mean(axis=1))
    root = _crossing(log_betas, curve, target)
    if root is None:
        root = low if curve[0] < target else high
    left = log_betas[log_betas < root].max(initial=low)
    right = log_betas[log_betas > root].min(initial=high)
    side = (index + 1) // 2 / (n_points // 2 + 1)
    offset = side * (right - root) if index % 2 else -side * (root - left)
    return rounded_beta(root + offset, ends)


def _crossing(log_betas: FloatArray, curve: FloatArray, target: float) -> float | None:
    """Return where a curve that does not rise falls through ``target``, or None if it does not."""
    if not curve[0] >= target >= curve[-1]:
        return None
    # Of a level stretch at the target itself, take the middle.
    right = float(np.interp(-target, -curve, log_betas))
    left = float(-np.interp(target, curve[::-1], -log_betas[::-1]))
    return (left + right) / 2


def _slope(log_betas: FloatArray, curve: FloatArray, center: float) -> float:
    place = int(np.clip(np.searchsorted(log_betas, center), 1, len(log_betas) - 1))
    rise = curve[place] - curve[place - 1]
    return float(rise / (log_betas[place] - log_betas[place - 1]))


def _no_root(status: str, message: str) -> Root:
    return Root(math.nan, math.nan, math.nan, (), math.nan, status, message)
