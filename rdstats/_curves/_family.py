"""What a curve family is: a plain function with its derivatives, and what each parameter means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from rdstats._validate import FloatArray

CurveFunction = Callable[..., FloatArray]


@dataclass(frozen=True)
class Parameter:
    """One parameter of a curve family.

    Attributes
    ----------
    name : str
        Identifier, used as key and column value.
    meaning : str
        What the parameter is, in words.
    unit : str
        ``"distortion"`` stands for the unit of the distortion that is fitted; rates are in nats per image.
    low, high : float
        Bounds within which the parameter is fitted.
    """

    name: str
    meaning: str
    unit: str
    low: float
    high: float


@dataclass(frozen=True)
class Family:
    """A parametric distortion-rate curve D(R).

    Every function takes the rate (or distortion) first and the parameters after it, and broadcasts them, so
    parameters of shape (n_fits, 1) evaluate many curves at once.

    Attributes
    ----------
    name : str
        Key in ``FAMILIES``.
    equation : str
        D(R) in plain text.
    parameters : tuple of Parameter
        In the order in which the functions take them.
    function : callable
        ``function(rate, *parameters)``: distortion at a rate in nats.
    jacobian : callable
        ``jacobian(rate, *parameters)``: derivatives by the parameters, along a new last axis.
    derivative : callable
        ``derivative(rate, *parameters)``: dD/dR, distortion per nat.
    inverse : callable
        ``inverse(distortion, *parameters)``: least rate that reaches a distortion; NaN where none does.
    guess : callable
        ``guess(rate, distortion)``: starting point within the bounds.
    linear : bool
        Whether D is linear in the parameters, so that a fit is a convex problem with one minimum.
    adapt : callable or None
        Makes the family for given rates, where the number of parameters depends on the data.
    """

    name: str
    equation: str
    parameters: tuple[Parameter, ...] = field(repr=False)
    function: CurveFunction = field(repr=False)
    jacobian: CurveFunction = field(repr=False)
    derivative: CurveFunction = field(repr=False)
    inverse: CurveFunction = field(repr=False)
    guess: Callable[[FloatArray, FloatArray], FloatArray] = field(repr=False)
    linear: bool = field(default=False, repr=False)
    adapt: Callable[[FloatArray], Family] | None = field(default=None, repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parameters."""
        return tuple(parameter.name for parameter in self.parameters)

    @property
    def low(self) -> FloatArray:
        """Lower bounds of the parameters."""
        return np.array([parameter.low for parameter in self.parameters])

    @property
    def high(self) -> FloatArray:
        """Upper bounds of the parameters."""
        return np.array([parameter.high for parameter in self.parameters])

    def adapted_to(self, rate: FloatArray) -> Family:
        """Return the family whose parameters suit the observed rates."""
        return self if self.adapt is None else self.adapt(rate)


def columns(parameters: FloatArray) -> tuple[FloatArray, ...]:
    """Split parameters of shape (n_fits, n_parameters) into columns that broadcast against rates."""
    return tuple(np.moveaxis(parameters[..., None], -2, 0))


def stack(*derivatives: ArrayLike) -> FloatArray:
    """Broadcast derivatives against one another and stack them along a new last axis."""
    return np.stack(np.broadcast_arrays(*derivatives), axis=-1)


def half_rate(rate: FloatArray, distortion: FloatArray) -> float:
    """Return the observed rate whose distortion lies nearest the middle of its range; never zero."""
    positive = rate > 0
    middle = (distortion.min() + distortion.max()) / 2
    return float(rate[positive][np.argmin(np.abs(distortion[positive] - middle))]) if positive.any() else 1.0


def guessed_range(distortion: FloatArray) -> tuple[float, float]:
    """Return a floor slightly below the least distortion (never negative) and the greatest distortion."""
    low, high = float(distortion.min()), float(distortion.max())
    return max(low - 0.05 * (high - low), 0.0), high
