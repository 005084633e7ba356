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
    own = problem.starts()
    starts = [own, atoms.locations]
    if len(own) <= _MIDPOINT_LIMIT:
        first, second = np.triu_indices(len(own), k=1)
        starts.append((own[first] + own[second]) / 2.0)
    return np.concatenate(starts)


def _ascend(problem: Problem, tilted: FloatArray, starts: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Climb sum_s exp(tilted_s + log_closeness) by mean shift, then the best few by L-BFGS."""

    def shift(locations: FloatArray) -> tuple[FloatArray, FloatArray]:
        terms = tilted[:, None] + problem.log_closeness(locations)
        log_mass = logsumexp(terms, axis=0)
        return log_mass, np.exp(terms - log_mass).T @ problem.targets

    def negative(natural: FloatArray) -> tuple[float, FloatArray]:
        location = problem.locations(natural)
        log_mass, target = shift(location[None])
        return -float(log_mass[0]), problem.sensitivity * (location - target[0])

    locations = starts
    log_mass, target = shift(locations)
    for _ in range(_ASCENT_STEPS):
        locations, previous = target, log_mass
        log_mass, target = shift(locations)
        if np.max(log_mass - previous) < 1e-10:
            break
    locations = locations.copy()
    for index in np.argsort(-log_mass)[:_MOST_INSERTED]:
        first = problem.natural(locations[index])
        climbed = minimize(negative, first, jac=True, method="L-BFGS-B", options={"ftol": 1e-15})
        locations[index], log_mass[index] = problem.locations(climbed.x), -climbed.fun
    return log_mass, locations
