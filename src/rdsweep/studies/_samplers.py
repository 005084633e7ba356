"""Where the next configuration comes from, as a function of the study's seed and what was tried before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from optuna import Study
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, TPESampler
from optuna.trial import FrozenTrial

LEAST_DESIGN = 8
"""Configurations, at least, that are spread over the space before the search learns from results."""


class GivenSampler(BaseSampler):
    """Proposes given parameters, so that points chosen otherwise stand in Optuna's storage like its own."""

    def __init__(self, parameters: Mapping[str, float]) -> None:
        self._parameters = parameters

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Return nothing: every parameter stands for itself."""
        return {}

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Return nothing."""
        return {}

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> float:
        """Return the given value."""
        return self._parameters[param_name]


def learning_sampler(seed: int, rank: int) -> TPESampler:
    """Return a tree-structured Parzen estimator, seeded by the study's seed and the trial's rank.

    Built anew for each proposal, it gives the same one after a restart. Configurations still in training
    count as bad (a constant liar), so that those of a batch keep apart. Parameters are drawn one by one:
    Optuna draws them together only before a trial knows its rank.
    """
    state = np.random.SeedSequence([seed, rank]).generate_state(1)
    return TPESampler(seed=int(state[0]), n_startup_trials=1, constant_liar=True, multivariate=False)
