"""The free-support problem and its candidate solutions, in coordinates of the points' span."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from rdstats._validate import FloatArray


@dataclass(frozen=True, eq=False)
class Atoms:
    """Reproductions with their decisions and log-weights."""

    locations: FloatArray
    labels: NDArray[np.intp]
    log_weights: FloatArray


@dataclass(frozen=True, eq=False)
class Problem:
    """Points with probabilities, a slope, and a penalty in nats for each decision and state."""

    points: FloatArray
    log_p: FloatArray
    beta: float
    penalty: FloatArray

    def log_kernel(self, atoms: Atoms) -> FloatArray:
        """Return -beta |point - location|^2 - penalty, shape (n_states, n_atoms)."""
        return np.asarray(self.log_gaussian(atoms.locations) - self.penalty[atoms.labels].T)

    def log_gaussian(self, locations: FloatArray) -> FloatArray:
        """Return -beta |point - location|^2, shape (n_states, n_locations)."""
        squares = (self.points**2).sum(axis=1)[:, None] + (locations**2).sum(axis=1)
        return np.asarray(-self.beta * np.maximum(squares - 2.0 * self.points @ locations.T, 0.0))


def log_joint(problem: Problem, atoms: Atoms) -> tuple[FloatArray, FloatArray]:
    """Return the log of the joint law of state and atom, and log Z."""
    log_terms = atoms.log_weights + problem.log_kernel(atoms)
    log_z = logsumexp(log_terms, axis=1)
    return np.asarray(log_terms + (problem.log_p - log_z)[:, None]), log_z
