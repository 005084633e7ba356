"""The free-support problem and its candidate solutions, in coordinates of the points' span.

What is reproduced of a state is a point and, under log loss, its class. A reproduction is likewise a
location: a point followed by class probabilities. Squared error and log loss are both Bregman divergences, so
the best location is the mean of what it stands for, and in natural parameters (the point itself; the
logarithms of the probabilities) both have the gradient ``sensitivity * (target - location)``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp, softmax

from rdstats._validate import FloatArray

_SMALLEST_PROBABILITY = 1e-300
_SOFTENING = 0.5


@dataclass(frozen=True, eq=False)
class Atoms:
    """Reproductions with their decisions and log-weights."""

    locations: FloatArray
    labels: NDArray[np.intp]
    log_weights: FloatArray


@dataclass(frozen=True, eq=False)
class Problem:
    """What to reproduce at which price.

    Attributes
    ----------
    targets : ndarray, shape (n_states, n_dimensions + n_classes)
        Point of each state, followed by its class as a one-hot vector.
    log_p : ndarray, shape (n_states,)
    beta, class_price : float
        Nats per unit of squared error, and per nat of log loss.
    penalty : ndarray, shape (n_labels, n_states)
        Nats for each decision and state.
    n_classes : int
        0 where there is no log loss.
    """

    targets: FloatArray
    log_p: FloatArray
    beta: float
    penalty: FloatArray
    n_classes: int = 0
    class_price: float = 0.0

    @property
    def n_dimensions(self) -> int:
        """Dimensions of the points."""
        return int(self.targets.shape[1]) - self.n_classes

    @property
    def sensitivity(self) -> FloatArray:
        """Factor of ``target - location`` in the gradient of `log_closeness`, by natural parameter."""
        return np.repeat([2.0 * self.beta, self.class_price], [self.n_dimensions, self.n_classes])

    def natural(self, locations: FloatArray) -> FloatArray:
        """Return the natural parameters of locations."""
        points, beliefs = np.split(locations, [self.n_dimensions], axis=-1)
        return np.concatenate([points, np.log(np.maximum(beliefs, _SMALLEST_PROBABILITY))], axis=-1)

    def locations(self, natural: FloatArray) -> FloatArray:
        """Return the locations with the given natural parameters."""
        points, logits = np.split(natural, [self.n_dimensions], axis=-1)
        return np.concatenate([points, softmax(logits, axis=-1)], axis=-1) if self.n_classes else points

    def starts(self) -> FloatArray:
        """Return each state's own target, half unsure of its class: certainty could not be unlearned."""
        points, classes = np.split(self.targets, [self.n_dimensions], axis=1)
        prior = np.exp(self.log_p) @ classes
        return np.hstack([points, (1.0 - _SOFTENING) * classes + _SOFTENING * prior])

    def squared_errors(self, locations: FloatArray) -> FloatArray:
        """Return |point - location|^2, shape (n_states, n_locations)."""
        points, at = self.targets[:, : self.n_dimensions], locations[:, : self.n_dimensions]
        squares = (points**2).sum(axis=1)[:, None] + (at**2).sum(axis=1)
        return np.asarray(np.maximum(squares - 2.0 * points @ at.T, 0.0))

    def log_closeness(self, locations: FloatArray) -> FloatArray:
        """Return -beta |point - location|^2 - class_price * log loss, shape (n_states, n_locations)."""
        closeness = -self.beta * self.squared_errors(locations)
        if self.n_classes:
            beliefs = np.maximum(locations[:, self.n_dimensions :], _SMALLEST_PROBABILITY)
            closeness += self.class_price * self.targets[:, self.n_dimensions :] @ np.log(beliefs).T
        return closeness

    def log_kernel(self, atoms: Atoms) -> FloatArray:
        """Return `log_closeness` minus the penalty of each atom's decision, shape (n_states, n_atoms)."""
        return np.asarray(self.log_closeness(atoms.locations) - self.penalty[atoms.labels].T)


def log_joint(problem: Problem, atoms: Atoms) -> tuple[FloatArray, FloatArray]:
    """Return the log of the joint law of state and atom, and log Z."""
    log_terms = atoms.log_weights + problem.log_kernel(atoms)
    log_z = logsumexp(log_terms, axis=1)
    return np.asarray(log_terms + (problem.log_p - log_z)[:, None]), log_z
