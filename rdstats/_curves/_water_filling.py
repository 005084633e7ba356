"""Parallel Gaussian components: the curve of reverse water-filling."""

from __future__ import annotations

import math

import numpy as np

from rdstats._curves._family import Family, Parameter, guessed_range, half_rate, stack
from rdstats._validate import FloatArray, check_count

_MIN_SHARE = 1e-6  # a component with a smaller share of the one above it is numerically absent


def parallel_gaussian_family(n_components: int) -> Family:
    """Return the family of ``n_components`` independent Gaussian components above a floor.

    Component i stands for ``n_each`` equal dimensions whose variances add to vᵢ. At water level θ the
    distortion is D = d_inf + Σ min(θ, vᵢ) and the rate R = n_each Σ max(0, ½ log(vᵢ/θ)) [1]_. The greatest vᵢ
    is a parameter; each further one is a share, at most 1, of the one before it, which keeps the components
    in order and the fit identifiable. All shares equal to 1 give the ``gaussian`` family.

    Parameters
    ----------
    n_components : int
        Number of components, at least 1.

    Returns
    -------
    Family
        With the parameters ``d_inf``, ``n_each``, ``variance`` and ``share_2``, ``share_3``, …

    Raises
    ------
    TypeError, ValueError
        If ``n_components`` is not a positive integer.

    References
    ----------
    .. [1] Cover and Thomas (2006), *Elements of Information Theory*, 2nd ed., theorem 10.3.3.

    Examples
    --------
    >>> import numpy as np
    >>> family = parallel_gaussian_family(2)
    >>> family.names
    ('d_inf', 'n_each', 'variance', 'share_2')
    >>> float(family.function(np.array(0.0), 0.1, 1.0, 1.0, 0.5))  # no rate: the floor and both variances
    1.6
    """
    n_components = check_count("n_components", n_components)
    shares = (
        Parameter(f"share_{i}", f"variance of component {i} per that of the one before", "1", _MIN_SHARE, 1.0)
        for i in range(2, n_components + 1)
    )
    return Family(
        name="parallel_gaussian",
        equation="d_inf + sum_i min(theta, v_i), R = n_each sum_i max(0, log(v_i / theta) / 2)",
        parameters=(
            Parameter("d_inf", "distortion left at infinite rate", "distortion", 0.0, math.inf),
            Parameter("n_each", "dimensions per component", "1", 1e-3, 1e4),
            Parameter("variance", "greatest variance of a component", "distortion", 1e-12, math.inf),
            *shares,
        ),
        function=_function,
        jacobian=_jacobian,
        derivative=_derivative,
        inverse=_inverse,
        guess=lambda rate, distortion: _guess(rate, distortion, n_components),
    )


def _variances(variance: FloatArray, shares: tuple[FloatArray, ...]) -> FloatArray:
    """Return the variances in falling order along a new last axis."""
    return np.asarray(np.cumprod(stack(variance, *shares), axis=-1))


def _water_level(rate: FloatArray, n_each: FloatArray, variances: FloatArray) -> FloatArray:
    """Return θ(R).

    With the k greatest components active, k log θ = Σ log vᵢ − 2R/n_each. Any other choice of components
    gives a lower θ, since it counts non-positive or leaves out positive terms of the rate; so θ is their
    maximum.
    """
    n_active = np.arange(1, variances.shape[-1] + 1)
    totals = np.cumsum(np.log(variances), axis=-1)
    levels = (totals - np.asarray(2 * rate / n_each)[..., None]) / n_active
    return np.asarray(np.exp(levels.max(axis=-1)))


def _function(
    rate: FloatArray, d_inf: FloatArray, n_each: FloatArray, variance: FloatArray, *shares: FloatArray
) -> FloatArray:
    variances = _variances(variance, shares)
    level = _water_level(rate, n_each, variances)
    return np.asarray(d_inf + np.minimum(level[..., None], variances).sum(axis=-1))


def _jacobian(
    rate: FloatArray, d_inf: FloatArray, n_each: FloatArray, variance: FloatArray, *shares: FloatArray
) -> FloatArray:
    variances = _variances(variance, shares)
    level = _water_level(rate, n_each, variances)
    # dD/dlog vᵢ = min(θ, vᵢ), and share_j scales every component from j on.
    reached = np.minimum(level[..., None], variances)
    by_scale = np.cumsum(reached[..., ::-1], axis=-1)[..., ::-1] / stack(variance, *shares)
    by_n_each = level * 2 * rate / n_each**2
    return np.concatenate([stack(np.ones_like(by_n_each), by_n_each), by_scale], axis=-1)


def _derivative(
    rate: FloatArray, d_inf: FloatArray, n_each: FloatArray, variance: FloatArray, *shares: FloatArray
) -> FloatArray:
    return -2 / n_each * _water_level(rate, n_each, _variances(variance, shares))


def _inverse(
    distortion: FloatArray, d_inf: float, n_each: float, variance: FloatArray, *shares: FloatArray
) -> FloatArray:
    """Invert Σ min(θ, vᵢ), which is piecewise linear in θ with its kinks at the variances."""
    variances = _variances(variance, shares)
    levels = np.concatenate([[0.0], variances[::-1]])
    totals = np.minimum(levels[:, None], variances).sum(axis=-1)
    remaining = np.asarray(distortion - d_inf)
    at_top = np.isclose(remaining, totals[-1], rtol=1e-12, atol=0.0)  # which rounding may put beyond it
    level = np.interp(np.where(at_top, totals[-1], remaining), totals, levels, left=np.nan, right=np.nan)
    with np.errstate(divide="ignore"):
        rate = 0.5 * n_each * np.log(np.maximum(variances / level[..., None], 1.0)).sum(axis=-1)
    return np.where(np.isfinite(rate), rate, np.nan)


def _guess(rate: FloatArray, distortion: FloatArray, n_components: int) -> FloatArray:
    low, high = guessed_range(distortion)
    share = 0.7
    variance = (high - low) / sum(share**i for i in range(n_components))
    n_each = 2 * half_rate(rate, distortion) / (math.log(2) * n_components)
    return np.array([low, n_each, max(variance, 1e-12), *[share] * (n_components - 1)])
