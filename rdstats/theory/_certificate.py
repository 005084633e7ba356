"""The dual certificate of the free-support solver: where another reproduction would help, and how much."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import logsumexp

from rdstats._validate import FloatArray
from rdstats.theory._reproductions import Atoms, Problem, log_joint

_MOST_INSERTED = 8
_ASCENT_STEPS = 300
_MIDPOINT_LIMIT = 20


def certificate(problem: Problem, atoms: Atoms, *, tol: float) -> tuple[float, FloatArray, NDArray[np.intp]]:
    """Return the gap, and locations with labels that violate the dual constraint by more than ``tol``."""
    tilted = problem.log_p - log_joint(problem, atoms)[1]
    starts = _starts(problem, atoms)
    gap = 0.0
    locations, labels = [], []
    for label, penalty in enumerate(problem.penalty):
        log_mass, peaks = _ascend(problem, tilted - penalty, starts)
        gap = max(gap, float(log_mass.max()))
        highest = np.argsort(-log_mass)[:_MOST_INSERTED]
        violating = highest[log_mass[highest] > tol]
        locations.append(peaks[violating])
        labels.append(np.full(len(violating), label))
    return gap, np.concatenate(locations), np.concatenate(labels)


def _starts(problem: Problem, atoms: Atoms) -> FloatArray:
    starts = [problem.points, atoms.locations]
    if len(problem.points) <= _MIDPOINT_LIMIT:
        first, second = np.triu_indices(len(problem.points), k=1)
        starts.append((problem.points[first] + problem.points[second]) / 2.0)
    return np.concatenate(starts)


def _ascend(problem: Problem, tilted: FloatArray, starts: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Climb sum_s exp(tilted_s - beta |y_s - a|^2) by mean shift, then the best few by L-BFGS."""

    def shift(locations: FloatArray) -> tuple[FloatArray, FloatArray]:
        terms = tilted[:, None] + problem.log_gaussian(locations)
        log_mass = logsumexp(terms, axis=0)
        return log_mass, np.exp(terms - log_mass).T @ problem.points

    def negative(location: FloatArray) -> tuple[float, FloatArray]:
        log_mass, target = shift(location[None])
        return -float(log_mass[0]), 2.0 * problem.beta * (location - target[0])

    locations = starts
    log_mass, target = shift(locations)
    for _ in range(_ASCENT_STEPS):
        locations, previous = target, log_mass
        log_mass, target = shift(locations)
        if np.max(log_mass - previous) < 1e-10:
            break
    locations = locations.copy()
    for index in np.argsort(-log_mass)[:_MOST_INSERTED]:
        climbed = minimize(negative, locations[index], jac=True, method="L-BFGS-B", options={"ftol": 1e-15})
        locations[index], log_mass[index] = climbed.x, -climbed.fun
    return log_mass, locations
