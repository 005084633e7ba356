"""Images of a mixture source, drawn or enumerated, as counts of ones per column."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from rdstats._validate import FloatArray
from rdstats.theory._mixture_source import BernoulliMixture

_EXHAUSTIVE_LIMIT = 4096


@dataclass(frozen=True, eq=False)
class Images:
    """Images as counts of ones per column, with their states and probabilities."""

    counts: FloatArray
    states: NDArray[np.intp]
    weights: FloatArray
    exhaustive: bool


def draw_images(source: BernoulliMixture, n_per_state: int, rng: np.random.Generator) -> Images:
    n_states, n_columns = source.probabilities.shape
    if (source.copies + 1) ** n_columns <= _EXHAUSTIVE_LIMIT:
        return _all_images(source)
    states = np.repeat(np.arange(n_states), n_per_state)
    counts = rng.binomial(source.copies, source.probabilities[states]).astype(np.float64)
    return Images(counts, states, source.weights[states] / n_per_state, exhaustive=False)


def _all_images(source: BernoulliMixture) -> Images:
    n_states, n_columns = source.probabilities.shape
    patterns = np.array(list(itertools.product(range(source.copies + 1), repeat=n_columns)), dtype=np.float64)
    chance = binom.pmf(patterns, source.copies, source.probabilities[:, None, :]).prod(axis=2)
    weights = source.weights[:, None] * chance
    return Images(
        counts=np.tile(patterns, (n_states, 1)),
        states=np.repeat(np.arange(n_states), len(patterns)),
        weights=weights.ravel(),
        exhaustive=True,
    )
