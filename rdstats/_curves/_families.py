"""The registry of curve families, and the closed forms that have three or four parameters."""

from __future__ import annotations

import math

import numpy as np

from rdstats._curves._convex import convex_monotone_family
from rdstats._curves._family import Family, Parameter, guessed_range, half_rate, stack
from rdstats._curves._water_filling import parallel_gaussian_family
from rdstats._validate import FloatArray

_D_INF = Parameter("d_inf", "distortion left at infinite rate", "distortion", 0.0, math.inf)
_D_ZERO = Parameter("d_zero", "distortion at zero rate", "distortion", 0.0, math.inf)


def gaussian(rate: FloatArray, d_inf: FloatArray, d_zero: FloatArray, n_dim: FloatArray) -> FloatArray:
    """Distortion of a Gaussian source with ``n_dim`` equal components above a floor."""
    return d_inf + (d_zero - d_inf) * np.exp(-2 * rate / n_dim)


def _gaussian_jacobian(
    rate: FloatArray, d_inf: FloatArray, d_zero: FloatArray, n_dim: FloatArray
) -> FloatArray:
    decay = np.exp(-2 * rate / n_dim)
    return stack(1 - decay, decay, (d_zero - d_inf) * decay * 2 * rate / n_dim**2)


def _gaussian_derivative(
    rate: FloatArray, d_inf: FloatArray, d_zero: FloatArray, n_dim: FloatArray
) -> FloatArray:
    return -2 / n_dim * (d_zero - d_inf) * np.exp(-2 * rate / n_dim)


def _gaussian_inverse(
    distortion: FloatArray, d_inf: FloatArray, d_zero: FloatArray, n_dim: FloatArray
) -> FloatArray:
    return -n_dim / 2 * _log_remaining(distortion, d_inf, d_zero)


def _gaussian_guess(rate: FloatArray, distortion: FloatArray) -> FloatArray:
    return np.array([*guessed_range(distortion), 2 * half_rate(rate, distortion) / math.log(2)])


def stretched_exponential(
    rate: FloatArray, d_inf: FloatArray, d_zero: FloatArray, r_scale: FloatArray, shape: FloatArray
) -> FloatArray:
    """Distortion that decays as exp(−(R/r_scale)^shape) above a floor."""
    return d_inf + (d_zero - d_inf) * np.exp(-((rate / r_scale) ** shape))


def _stretched_jacobian(
    rate: FloatArray, d_inf: FloatArray, d_zero: FloatArray, r_scale: FloatArray, shape: FloatArray
) -> FloatArray:
    power = (rate / r_scale) ** shape
    decay = np.exp(-power)
    steepness = (d_zero - d_inf) * decay * power
    with np.errstate(divide="ignore", invalid="ignore"):
        by_shape = np.where(rate > 0, -steepness * np.log(rate / r_scale), 0.0)
    return stack(1 - decay, decay, steepness * shape / r_scale, by_shape)


def _stretched_derivative(
    rate: FloatArray, d_inf: FloatArray, d_zero: FloatArray, r_scale: FloatArray, shape: FloatArray
) -> FloatArray:
    with np.errstate(divide="ignore"):
        growth = shape / r_scale * (rate / r_scale) ** (shape - 1)
    return -(d_zero - d_inf) * growth * np.exp(-((rate / r_scale) ** shape))


def _stretched_inverse(
    distortion: FloatArray, d_inf: FloatArray, d_zero: FloatArray, r_scale: FloatArray, shape: FloatArray
) -> FloatArray:
    return r_scale * (-_log_remaining(distortion, d_inf, d_zero)) ** (1 / shape)


def _stretched_guess(rate: FloatArray, distortion: FloatArray) -> FloatArray:
    return np.array([*guessed_range(distortion), half_rate(rate, distortion) / math.log(2), 1.0])


def shifted_power(
    rate: FloatArray, d_inf: FloatArray, d_zero: FloatArray, r_scale: FloatArray, power: FloatArray
) -> FloatArray:
    """Distortion that decays as (1 + R/r_scale)^(−power) above a floor."""
    return d_inf + (d_zero - d_inf) * (1 + rate / r_scale) ** -power


def _power_jacobian(
    rate: FloatArray, d_inf: FloatArray, d_zero: FloatArray, r_scale: FloatArray, power: FloatArray
) -> FloatArray:
    base = 1 + rate / r_scale
    decay = base**-power
    height = (d_zero - d_inf) * decay
    return stack(1 - decay, decay, height * power * rate / (r_scale**2 * base), -height * np.log(base))


def _power_derivative(
    rate: FloatArray, d_inf: FloatArray, d_zero: FloatArray, r_scale: FloatArray, power: FloatArray
) -> FloatArray:
    return -(d_zero - d_inf) * power / r_scale * (1 + rate / r_scale) ** (-power - 1)


def _power_inverse(
    distortion: FloatArray, d_inf: FloatArray, d_zero: FloatArray, r_scale: FloatArray, power: FloatArray
) -> FloatArray:
    return r_scale * np.expm1(-_log_remaining(distortion, d_inf, d_zero) / power)


def _power_guess(rate: FloatArray, distortion: FloatArray) -> FloatArray:
    return np.array([*guessed_range(distortion), half_rate(rate, distortion) / (math.sqrt(2) - 1), 2.0])


def _log_remaining(distortion: FloatArray, d_inf: FloatArray, d_zero: FloatArray) -> FloatArray:
    """Return log((D − d_inf)/(d_zero − d_inf)), at most 0; NaN where no rate reaches D."""
    with np.errstate(divide="ignore", invalid="ignore"):
        remaining = (distortion - d_inf) / (d_zero - d_inf)
        return np.log(np.where((remaining > 0) & (remaining <= 1), remaining, np.nan))


FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        Family(
            "gaussian",
            "d_inf + (d_zero - d_inf) exp(-2 R / n_dim)",
            (_D_INF, _D_ZERO, Parameter("n_dim", "effective dimension of the source", "1", 1e-3, 1e4)),
            gaussian,
            _gaussian_jacobian,
            _gaussian_derivative,
            _gaussian_inverse,
            _gaussian_guess,
        ),
        Family(
            "stretched_exponential",
            "d_inf + (d_zero - d_inf) exp(-(R / r_scale)^shape)",
            (
                _D_INF,
                _D_ZERO,
                Parameter("r_scale", "rate at which a share 1/e is left", "nats per image", 1e-3, 1e4),
                Parameter("shape", "exponent; above 1 the curve is not convex", "1", 0.05, 5.0),
            ),
            stretched_exponential,
            _stretched_jacobian,
            _stretched_derivative,
            _stretched_inverse,
            _stretched_guess,
        ),
        Family(
            "shifted_power",
            "d_inf + (d_zero - d_inf) (1 + R / r_scale)^(-power)",
            (
                _D_INF,
                _D_ZERO,
                Parameter("r_scale", "rate at which the power law sets in", "nats per image", 1e-3, 1e4),
                Parameter("power", "exponent of the decay at high rate", "1", 0.01, 1e3),
            ),
            shifted_power,
            _power_jacobian,
            _power_derivative,
            _power_inverse,
            _power_guess,
        ),
        parallel_gaussian_family(2),
        convex_monotone_family(np.empty(0)),
    )
}
"""Curve families by name; :class:`Family` tells what each holds."""
