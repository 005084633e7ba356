"""Independent Bernoulli pixels under squared error, and Gray's conditional bounds built from them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import entr

from rdstats._validate import FloatArray, check_real
from rdstats.theory._mixture_source import BernoulliMixture

_CRITICAL_BETA = 2.0 + 1e-9


@dataclass(frozen=True)
class GrayBounds:
    """Bounds of the optimum at one slope that use the hidden state as side information.

    Attributes
    ----------
    lower, upper : float
        Bounds of the minimum of ``rate + beta * distortion``, in nats per image.
    conditional_rate : float
        Rate of the pixels given the state, in nats per image.
    conditional_distortion : float
        Squared error per image at that rate.
    """

    lower: float
    upper: float
    conditional_rate: float
    conditional_distortion: float


def water_level(beta: float) -> float:
    """Return the posterior probability y that a coded Bernoulli pixel keeps at slope ``beta``.

    Parameters
    ----------
    beta : float
        Nats per unit of squared error; positive.

    Returns
    -------
    float
        The root in (0, 1/2) of ``beta (1 - 2y) = log((1 - y) / y)``, or 1/2 where ``beta <= 2`` and no pixel
        is worth coding.

    Raises
    ------
    ValueError, TypeError
        If ``beta`` is not positive and finite.

    Examples
    --------
    >>> round(water_level(3.0), 6), water_level(2.0)
    (0.07072, 0.5)
    """
    beta = check_real("beta", beta, low=0.0, open_interval=True)
    if beta <= _CRITICAL_BETA:
        return 0.5
    contrast = brentq(lambda t: np.tanh(0.5 * beta * t) - t, 1e-9, 1.0, xtol=1e-15)
    return float(1.0 / (1.0 + np.exp(beta * contrast)))


def bernoulli_rd(p: ArrayLike, beta: float) -> tuple[FloatArray, FloatArray]:
    """Return rate and distortion of Bernoulli pixels at slope ``beta`` (reverse water-filling).

    Parameters
    ----------
    p : array_like
        Probabilities of 1, in [0, 1], any shape.
    beta : float
        Nats per unit of squared error; positive.

    Returns
    -------
    rate : ndarray
        ``h(p) - h(y)`` in nats where ``y < min(p, 1 - p)``, and 0 elsewhere.
    distortion : ndarray
        ``y (1 - y)`` where coded and ``p (1 - p)`` elsewhere.

    Raises
    ------
    ValueError, TypeError
        If ``p`` or ``beta`` is out of range.

    Notes
    -----
    A coded pixel is reproduced by one of the two values y and 1 - y. At the slope ``beta`` both satisfy the
    optimality condition with equality, so the closed form is exact for real reproductions.

    Examples
    --------
    >>> rate, distortion = bernoulli_rd([0.5, 0.01], 3.0)
    >>> rate.round(4), distortion.round(4)
    (array([0.4376, 0.    ]), array([0.0657, 0.0099]))
    """
    probabilities = np.asarray(p, dtype=np.float64)
    if not np.all((probabilities >= 0) & (probabilities <= 1)):
        raise ValueError(f"p must lie in [0, 1], but got {probabilities.tolist()}")
    minority = np.minimum(probabilities, 1.0 - probabilities)
    kept = np.minimum(water_level(beta), minority)
    return _binary_entropy(minority) - _binary_entropy(kept), kept * (1.0 - kept)


def gray_bounds(source: BernoulliMixture, beta: float, *, information: float | None = None) -> GrayBounds:
    """Bound the optimum of a mixture source at one slope through its state.

    Parameters
    ----------
    source : BernoulliMixture
        The image source.
    beta : float
        Nats per unit of squared error per image; positive.
    information : float, optional
        Mutual information of image and state in nats, or an upper bound of it; the entropy of the state by
        default.

    Returns
    -------
    GrayBounds
        Lower and upper bound of the minimum of ``rate + beta * distortion``, and the point of the conditional
        rate-distortion function.

    Raises
    ------
    ValueError, TypeError
        If ``beta`` or ``information`` is out of range.

    Notes
    -----
    ``R_{X|S}(D) <= R_X(D) <= I(X;S) + R_{X|S}(D)`` [1]_. Both inequalities are rigorous: side information at
    both ends cannot raise the rate, and an encoder that sees only the image can draw a state from its
    posterior and send it first. Given the state the pixels are independent, so ``R_{X|S}`` is the sum over
    pixels of `bernoulli_rd`.

    References
    ----------
    .. [1] R. M. Gray, "A new class of lower bounds to information rates of stationary sources via conditional
       rate-distortion functions", IEEE Transactions on Information Theory 19(4), 480-489, 1973.

    Examples
    --------
    >>> from rdstats.theory import corridor_source
    >>> bounds = gray_bounds(corridor_source(), 3.0)
    >>> round(bounds.upper - bounds.lower, 4), round(bounds.conditional_rate, 2)
    (5.1299, 13.96)
    """
    if information is None:
        information = source.state_entropy
    information = check_real("information", information, low=0.0)
    rate, distortion = bernoulli_rd(source.probabilities, beta)
    conditional_rate = float(source.copies * (source.weights @ rate).sum())
    conditional_distortion = float(source.copies * (source.weights @ distortion).sum())
    lower = conditional_rate + beta * conditional_distortion
    return GrayBounds(lower, lower + information, conditional_rate, conditional_distortion)


def _binary_entropy(p: FloatArray) -> FloatArray:
    return np.asarray(entr(p) + entr(1.0 - p))
