"""Specialization: what a code spends on the stimuli that are frequent or relevant, against the others."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rdsweep.geometry._checks import FloatArray, IntArray, check_gaussians

_SIDE = 13


def log_contrast(values: ArrayLike, favored: ArrayLike) -> float:
    """Return the logarithm of the mean over favored stimuli or pairs over the mean of the others.

    Parameters
    ----------
    values : array_like of float, shape (n,)
        At least 0: the distortion by position, or the discriminability by pair of positions.
    favored : array_like of bool, shape (n,)
        Which of them are frequent, or relevant to a task.

    Returns
    -------
    float
        Nats of ratio: 0 without specialization. A code that serves the favored stimuli better has a negative
        contrast of distortion and a positive one of discriminability. NaN where both means are 0. Ignores
        the scale of ``values``.

    Raises
    ------
    ValueError, TypeError
        If shapes differ, a value is negative or not finite, or one of the two groups is empty.

    Examples
    --------
    >>> round(log_contrast([1.0, 1.0, 2.0, 2.0], [True, True, False, False]), 4)
    -0.6931
    """
    numbers, mask = _check_values(values), np.asarray(favored)
    if mask.dtype != np.bool_:
        raise TypeError(f"favored must hold truth values, but got {mask.dtype}")
    if mask.shape != numbers.shape:
        raise ValueError(f"favored must have the shape of values, {numbers.shape}, but got {mask.shape}")
    if mask.all() or not mask.any():
        raise ValueError(
            f"favored must be true for some values and not for all, but is true for {mask.sum()}"
        )
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.log(numbers[mask].mean()) - np.log(numbers[~mask].mean()))


def neighbor_pairs() -> tuple[IntArray, IntArray]:
    """Return the 312 pairs of positions that differ by one column in one of the two corridors.

    Returns
    -------
    first, second : ndarray of int64, shape (312,)
        Positions, ``13 * x_UC + x_LC``; ``first`` is the lower number.

    Examples
    --------
    >>> first, second = neighbor_pairs()
    >>> first[:2], second[:2]
    (array([0, 1]), array([13, 14]))
    """
    grid = np.arange(_SIDE**2).reshape(_SIDE, _SIDE)
    first = np.concatenate([grid[:-1].ravel(), grid[:, :-1].ravel()])
    second = np.concatenate([grid[1:].ravel(), grid[:, 1:].ravel()])
    return first, second


def discriminability(mean: ArrayLike, sd: ArrayLike, first: ArrayLike, second: ArrayLike) -> FloatArray:
    """Return d′ of pairs of positions: how far their codes lie apart, in units of noise.

    For neighbors it is the square root of the Fisher information of the code about the position, to first
    order.

    Parameters
    ----------
    mean, sd : array_like, shape (n_positions, n_latents)
        Mean and standard deviation (above 0) of the sampled latents at each position, which are taken to be
        independent and normal.
    first, second : array_like of int, shape (n_pairs,)
        The positions of each pair, for example `neighbor_pairs`.

    Returns
    -------
    ndarray, shape (n_pairs,)
        √ Σ_k Δmean_k² / mean variance_k, without unit, at least 0. Ignores translation, scale and permutation
        of latents, but not rotation.

    Raises
    ------
    ValueError
        If shapes do not fit, or a value is not finite or not above 0.
    IndexError
        If a position does not exist.

    References
    ----------
    Averbeck and Lee (2006), *J. Neurophysiol.* 95, 3633-3644: d′ of a population and its Fisher information.

    Examples
    --------
    >>> discriminability([[0.0], [3.0]], [[1.0], [1.0]], [0], [1])
    array([3.])
    """
    means, sds = check_gaussians(mean, sd)
    a, b = np.asarray(first), np.asarray(second)
    variance = 0.5 * (np.square(sds[a]) + np.square(sds[b]))
    return np.asarray(np.sqrt((np.square(means[a] - means[b]) / variance).sum(1)))


def frequency_exponent(dprime: ArrayLike, frequency: ArrayLike) -> float:
    """Return the exponent α of d′ ∝ frequency^α.

    Parameters
    ----------
    dprime : array_like, shape (n_pairs,)
        Discriminability of each pair, at least 0.
    frequency : array_like, shape (n_pairs,)
        How often the stimuli of the pair are shown, above 0, in any unit.

    Returns
    -------
    float
        Slope of log mean d′ on log frequency over the distinct frequencies, each weighted by its number of
        pairs: 0 where frequency does not matter, 1 for a code that spreads out its stimuli as it would to
        carry the most information. NaN where all frequencies are equal, or a mean d′ is 0. Ignores the scale
        of both arguments.

    Raises
    ------
    ValueError
        If shapes differ, or a value is not finite or out of range.

    References
    ----------
    Ganguli and Simoncelli (2014), *Neural Computation* 26(10) 2103-2134, and Morais and Pillow (2018),
    *NeurIPS* 31, for the exponents of optimal codes.

    Examples
    --------
    >>> round(frequency_exponent([1.0, 1.0, 10.0], [1.0, 1.0, 100.0]), 3)
    0.5
    """
    numbers, shown = _check_values(dprime), np.asarray(frequency, dtype=np.float64)
    if shown.shape != numbers.shape:
        raise ValueError(f"frequency must have the shape of dprime, {numbers.shape}, but got {shown.shape}")
    if not (np.isfinite(shown).all() and shown.min() > 0.0):
        raise ValueError(f"frequency must be finite and above 0, but got a minimum of {shown.min()}")
    # Frequencies that differ by rounding only are one.
    log_levels, level, sizes = np.unique(np.log(shown).round(9), return_inverse=True, return_counts=True)
    means = np.bincount(level, weights=numbers) / sizes
    if len(log_levels) < 2 or means.min() == 0.0:
        return float("nan")
    return float(
        np.polynomial.Polynomial.fit(log_levels, np.log(means), 1, w=np.sqrt(sizes)).convert().coef[1]
    )


def crossing(labels: ArrayLike, first: ArrayLike, second: ArrayLike) -> NDArray[np.bool_]:
    """Return which pairs of positions belong to different classes.

    Parameters
    ----------
    labels : array_like, shape (n_positions,)
        Class of each position.
    first, second : array_like of int, shape (n_pairs,)

    Returns
    -------
    ndarray of bool, shape (n_pairs,)

    Examples
    --------
    >>> crossing([0, 0, 1], [0, 1], [1, 2])
    array([False,  True])
    """
    classes = np.asarray(labels)
    return np.asarray(classes[np.asarray(first)] != classes[np.asarray(second)])


def _check_values(values: ArrayLike) -> FloatArray:
    numbers = np.asarray(values, dtype=np.float64)
    if numbers.ndim != 1 or numbers.size == 0:
        raise ValueError(f"values must have shape (n,) with n of at least 1, but got shape {numbers.shape}")
    if not (np.isfinite(numbers).all() and numbers.min() >= 0.0):
        raise ValueError(f"values must be finite and at least 0, but got a minimum of {numbers.min()}")
    return numbers
