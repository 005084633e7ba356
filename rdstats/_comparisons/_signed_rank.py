"""The exact null distribution of the signed-rank sum, ties and zeros included."""

from __future__ import annotations

import numpy as np
from scipy import stats

from rdstats._validate import FloatArray


def signed_ranks(differences: FloatArray) -> FloatArray:
    """Return the midranks of ``|differences|`` with their signs; zeros are ranked, then get 0 (Pratt)."""
    return np.asarray(np.sign(differences) * stats.rankdata(np.abs(differences)))


def rank_sum_distribution(ranks: FloatArray) -> FloatArray:
    """Return the probabilities of twice the sum of ``ranks``, each counted or not with probability 1/2.

    Entry k is the probability of a sum of k / 2: midranks are multiples of one half.
    """
    doubled = np.rint(2 * np.abs(ranks)).astype(int)
    probability = np.zeros(int(doubled.sum()) + 1)
    probability[0] = 1.0
    top = 0
    for step in doubled[doubled > 0]:
        top += step
        shifted = probability[: top - step + 1].copy()
        probability[: top + 1] *= 0.5
        probability[step : top + 1] += 0.5 * shifted
    return probability


def rank_tail_probabilities(ranks: FloatArray) -> tuple[float, float]:
    """Return the exact one-sided p-values of signed ``ranks``, against a positive and a negative shift."""
    probability = rank_sum_distribution(ranks)
    observed = round(2 * float(ranks[ranks > 0].sum()))
    return float(probability[observed:].sum()), float(probability[: observed + 1].sum())


def walsh_averages(differences: FloatArray) -> FloatArray:
    """Return the sorted means of all pairs of ``differences``, each with itself included."""
    first, second = np.triu_indices(len(differences))
    return np.sort((differences[first] + differences[second]) / 2)


def walsh_interval(averages: FloatArray, n: int, alpha: float) -> tuple[float, float]:
    """Return the shifts that the signed-rank test of ``n`` untied differences does not reject."""
    probability = rank_sum_distribution(np.arange(1.0, n + 1))[::2]
    rank = int(np.searchsorted(np.cumsum(probability), alpha / 2 * (1 + 1e-12), side="right"))
    if rank == 0:
        return -np.inf, np.inf
    return float(averages[rank - 1]), float(averages[-rank])
