"""The non-parametric curve: any falling, convex, piecewise-linear function of rate."""

from __future__ import annotations

import math

import numpy as np

from rdstats._curves._family import Family, Parameter, stack
from rdstats._validate import FloatArray

MAX_KNOTS = 30


def convex_monotone_family(rate: FloatArray) -> Family:
    """Return the falling convex curves with knots at the observed rates.

    D(R) = level + Σ fⱼ max(0, tⱼ − R) with level and every fⱼ non-negative. With a knot at each distinct rate
    but the least these are all falling convex piecewise-linear curves, as the R-D function of any source
    is falling and convex [1]_. More than 30 distinct rates are thinned to 30 knots at their quantiles.
    Below the least rate the curve goes on in a straight line, beyond the greatest it stays level.

    Parameters
    ----------
    rate : ndarray, shape (n,)
        Observed rates in nats; empty for the constant curve.

    Returns
    -------
    Family
        With the parameters ``level`` and ``fall_1``, ``fall_2``, …

    References
    ----------
    .. [1] Cover and Thomas (2006), *Elements of Information Theory*, 2nd ed., lemma 10.4.1.

    Examples
    --------
    >>> import numpy as np
    >>> family = convex_monotone_family(np.array([0.0, 1.0, 3.0]))
    >>> family.names
    ('level', 'fall_1', 'fall_2')
    >>> family.function(np.array([0.0, 1.0, 3.0]), 0.1, 0.0, 0.2).round(6)
    array([0.7, 0.5, 0.1])
    """
    knots = _knots(rate)
    return Family(
        name="convex_monotone",
        equation="level + sum_j fall_j max(0, t_j - R)",
        parameters=(
            Parameter("level", "distortion at the greatest observed rate", "distortion", 0.0, math.inf),
            *(
                Parameter(
                    f"fall_{j}", f"slope added below {knot:.6g} nats", "distortion per nat", 0.0, math.inf
                )
                for j, knot in enumerate(knots, start=1)
            ),
        ),
        function=lambda rate, *parameters: (stack(*parameters) * _basis(rate, knots)).sum(axis=-1),
        jacobian=lambda rate, *parameters: _basis(rate, knots),
        derivative=lambda rate, *parameters: (
            -(stack(*parameters)[..., 1:] * (np.asarray(rate)[..., None] < knots)).sum(axis=-1)
        ),
        inverse=lambda distortion, *parameters: _inverse(distortion, knots, np.array(parameters)),
        guess=lambda rate, distortion: np.array([distortion.min(), *np.zeros(len(knots))]),
        linear=True,
        adapt=convex_monotone_family,
    )


def _knots(rate: FloatArray) -> FloatArray:
    distinct = np.unique(rate)
    if len(distinct) > MAX_KNOTS + 1:
        distinct = np.quantile(distinct, np.linspace(0, 1, MAX_KNOTS + 1))
    return distinct[1:]


def _basis(rate: FloatArray, knots: FloatArray) -> FloatArray:
    hinges = np.maximum(knots - np.asarray(rate)[..., None], 0.0)
    return np.concatenate([np.ones_like(hinges, shape=(*hinges.shape[:-1], 1)), hinges], axis=-1)


def _inverse(distortion: FloatArray, knots: FloatArray, parameters: FloatArray) -> FloatArray:
    rates = np.concatenate([[0.0], knots])
    heights = _basis(rates, knots) @ parameters
    falling = np.concatenate([[True], np.diff(heights) < 0])  # of a level stretch only its least rate
    inverse = np.interp(distortion, heights[falling][::-1], rates[falling][::-1], left=np.nan, right=np.nan)
    return np.asarray(inverse)
