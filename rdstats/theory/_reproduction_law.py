"""Laws of reproductions that are mixtures of products over pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

from rdstats._validate import FloatArray
from rdstats.theory._mixture_source import BernoulliMixture
from rdstats.theory._water_filling import water_level


@dataclass(frozen=True, eq=False)
class ReproductionMixture:
    """A law of reproductions: a mixture of products over pixels, equal in all rows.

    A pixel whose mean reproduction lies between y and 1 - y (the `water_level` of ``beta``) is reproduced by
    one of these two values, any other by its mean.

    Attributes
    ----------
    beta : float
        Nats per unit of squared error.
    weights : ndarray, shape (n_components,)
        Probabilities of the components.
    means : ndarray, shape (n_components, n_columns)
        Mean reproduction of each column, in [0, 1].
    """

    beta: float
    weights: FloatArray
    means: FloatArray

    def kernels(self, pixel: int) -> tuple[FloatArray, FloatArray]:
        """Return how well each component and column reproduces a pixel that is 0 or 1.

        Parameters
        ----------
        pixel : {0, 1}
            Value of the pixel.

        Returns
        -------
        log_kernel : ndarray, shape (n_components, n_columns)
            ``log E exp(-beta (pixel - a)^2)`` over the law of the reproduction a.
        distortion : ndarray, shape (n_components, n_columns)
            Expected ``(pixel - a)^2`` under the law tilted by that exponential.
        """
        distance = np.abs(pixel - self.means)
        level = water_level(self.beta)
        near, far = level**2, (1.0 - level) ** 2
        coded = (distance > level) & (distance < 1.0 - level)
        share = np.where(coded, (distance - level) / (1.0 - 2.0 * level or 1.0), 0.5)
        log_near, log_far = np.log1p(-share) - self.beta * near, np.log(share) - self.beta * far
        log_pair = np.logaddexp(log_near, log_far)
        posterior = np.exp(log_far - log_pair)
        return (
            np.where(coded, log_pair, -self.beta * distance**2),
            np.where(coded, (1.0 - posterior) * near + posterior * far, distance**2),
        )


def log_terms(source: BernoulliMixture, law: ReproductionMixture, counts: FloatArray) -> FloatArray:
    """Return log w_k + log E exp(-beta |x - a|^2) under component k, shape (n_images, n_components)."""
    (zero, _), (one, _) = law.kernels(0), law.kernels(1)
    constant = np.log(law.weights) + source.copies * zero.sum(axis=1)
    return np.asarray(constant + counts @ (one - zero).T)


def linearization(source: BernoulliMixture, law: ReproductionMixture) -> tuple[FloatArray, FloatArray]:
    """Return -log Z at each state's mean image and its slope in the counts of ones per column.

    Returns
    -------
    value : ndarray, shape (n_states,)
    slope : ndarray, shape (n_states, n_columns)
    """
    (zero, _), (one, _) = law.kernels(0), law.kernels(1)
    terms = log_terms(source, law, source.copies * source.probabilities)
    log_z = logsumexp(terms, axis=1)
    return -log_z, -np.exp(terms - log_z[:, None]) @ (one - zero)
