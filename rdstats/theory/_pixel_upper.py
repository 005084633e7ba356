"""An upper bound of the image source's optimum: mixtures of product reproductions, fitted by EM."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

from rdstats._validate import FloatArray, RNGLike, as_generator, check_count
from rdstats.theory._free_support import FreeSupportSolution
from rdstats.theory._images import Images, draw_images
from rdstats.theory._mixture_source import BernoulliMixture
from rdstats.theory._reproduction_law import ReproductionMixture, linearization, log_terms

_STEP_TOLERANCE = 1e-6
_SILENT_RATE = 0.05
_ADDED_WEIGHT = 0.1


@dataclass(frozen=True, eq=False)
class PixelUpperBound:
    """An upper bound of the image source's optimum at one slope.

    Attributes
    ----------
    value : float
        Estimate of what the fitted law achieves for ``rate + beta * distortion``, in nats per image.
    standard_error : float
        Monte Carlo standard error of ``value`` on held-out images; 0 where the images were enumerated.
    rate : float
        Upper bound of the rate of the channel that achieves it, ``value - beta * distortion``.
    distortion : float
        Its squared error per image.
    law : ReproductionMixture
        The fitted law.
    """

    value: float
    standard_error: float
    rate: float
    distortion: float
    law: ReproductionMixture


def pixel_upper_bound(
    source: BernoulliMixture,
    factor: FreeSupportSolution,
    *,
    n_train: int = 500,
    n_test: int = 4000,
    n_iterations: int = 200,
    rng: RNGLike = None,
) -> PixelUpperBound:
    """Bound the optimum of an image source from above by an explicit law of reproductions.

    Parameters
    ----------
    source : BernoulliMixture
        The image source.
    factor : FreeSupportSolution
        Solution of `free_support` for ``source.points``; its slope is used and its support is the start.
    n_train, n_test : int, default 500 and 4000
        Images drawn per state to fit the law and, independently, to evaluate it. Sources with few images
        are enumerated instead.
    n_iterations : int, default 200
        Most iterations of expectation-maximization.
    rng : int, Generator or None
        Source of the images.

    Returns
    -------
    PixelUpperBound
        Value with its standard error, rate, distortion and the law.

    Raises
    ------
    ValueError, TypeError
        If a count or ``rng`` is out of range, or ``factor`` does not fit ``source``.

    Notes
    -----
    For every law q of reproductions ``-E log E_q exp(-beta |X - a|^2)`` is at least the optimum [1]_: that
    inequality is rigorous, and what is estimated is its left-hand side, on images that the fit has not seen.
    The estimate uses the law's linearization at each state's mean image as a control variate.

    References
    ----------
    .. [1] I. Csiszar, "On an extremum problem of information theory", Studia Scientiarum Mathematicarum
       Hungarica 9, 57-71, 1974.

    Examples
    --------
    >>> from rdstats.theory import free_support
    >>> source = BernoulliMixture([0.5, 0.5], [[0.1, 0.2], [0.8, 0.9]], copies=2)
    >>> factor = free_support(source.points, source.weights, 1.5)
    >>> bound = pixel_upper_bound(source, factor)
    >>> round(bound.value, 4), bound.standard_error
    (1.2965, 0.0)
    """
    n_train, n_test = check_count("n_train", n_train), check_count("n_test", n_test, minimum=2)
    n_iterations = check_count("n_iterations", n_iterations)
    if factor.support.shape[1] != source.probabilities.shape[1]:
        raise ValueError(
            f"factor must have {source.probabilities.shape[1]} dimensions like source, "
            f"but got {factor.support.shape[1]}"
        )
    rng = as_generator(rng)
    law = _first_law(source, factor)
    law = _expectation_maximization(source, law, draw_images(source, n_train, rng), n_iterations)
    return _evaluate(source, law, draw_images(source, n_test, rng))


def _first_law(source: BernoulliMixture, factor: FreeSupportSolution) -> ReproductionMixture:
    """Start at the factor solution; where it is silent, add the mean images so that it can split."""
    weights, means = factor.weights, np.clip(factor.support / np.sqrt(source.copies), 0.0, 1.0)
    if factor.rate < _SILENT_RATE:
        weights = np.concatenate([(1.0 - _ADDED_WEIGHT) * weights, _ADDED_WEIGHT * source.weights])
        means = np.concatenate([means, source.probabilities])
    return ReproductionMixture(factor.beta, weights, means)


def _expectation_maximization(
    source: BernoulliMixture, law: ReproductionMixture, images: Images, n_iterations: int
) -> ReproductionMixture:
    """Fit weights and means; the best mean is the posterior mean whether or not the pixel is coded."""
    previous = np.inf
    for _ in range(n_iterations):
        terms = log_terms(source, law, images.counts)
        log_z = logsumexp(terms, axis=1)
        value = -float(images.weights @ log_z)
        if previous - value < _STEP_TOLERANCE:
            break
        previous = value
        posterior = np.exp(terms - log_z[:, None]) * images.weights[:, None]
        mass = np.maximum(posterior.sum(axis=0), 1e-300)
        means = np.clip(posterior.T @ images.counts / (source.copies * mass[:, None]), 0.0, 1.0)
        law = ReproductionMixture(law.beta, mass / mass.sum(), means)
    return law


def _evaluate(source: BernoulliMixture, law: ReproductionMixture, images: Images) -> PixelUpperBound:
    terms = log_terms(source, law, images.counts)
    log_z = logsumexp(terms, axis=1)
    _, slope = linearization(source, law)
    noise = images.counts - source.copies * source.probabilities[images.states]
    cost = -log_z - (noise * slope[images.states]).sum(axis=1)
    value = float(images.weights @ cost)
    standard_error = 0.0 if images.exhaustive else _stratified_error(cost, images, source)

    (_, zero), (_, one) = law.kernels(0), law.kernels(1)
    squared_error = source.copies * zero.sum(axis=1) + images.counts @ (one - zero).T
    distortion = float(images.weights @ (np.exp(terms - log_z[:, None]) * squared_error).sum(axis=1))
    rate = max(value - law.beta * distortion, 0.0)
    return PixelUpperBound(value, standard_error, rate, distortion, law)


def _stratified_error(cost: FloatArray, images: Images, source: BernoulliMixture) -> float:
    """Return the standard error of the weighted mean of equally large samples per state."""
    by_state = cost.reshape(len(source.weights), -1)
    variances = by_state.var(axis=1, ddof=1) / by_state.shape[1]
    return float(np.sqrt(source.weights**2 @ variances))
