from __future__ import annotations

import math

import pytest
import torch

from rdsweep.config import ObjectiveConfig, RunConfig
from rdsweep.training._history import PackHistory

CONSTRAINED = RunConfig(objective=ObjectiveConfig(capacity=1.0))
CAPACITY = RunConfig(objective=ObjectiveConfig("capacity", capacity=1.0, gamma=1.0))


def history_of(log_betas: list[float], *configs: RunConfig) -> PackHistory:
    """Return the history of runs whose log β ends each chunk of two steps as listed."""
    history = PackHistory(configs, ())
    for chunk, log_beta in enumerate(log_betas):
        steps = torch.tensor([[-99.0], [log_beta]]).expand(2, len(configs))
        history.add_runs(2 * chunk + 2, steps, steps, steps, runs=torch.arange(len(configs)))
    return history


# Squares, so that no other share of the chunks has the same mean.
@pytest.mark.parametrize(
    ("n_chunks", "last"), [(1, [0]), (10, [81]), (11, [81, 100]), (20, [324, 361]), (21, [324, 361, 400])]
)
def test_final_beta_is_the_geometric_mean_over_the_last_tenth(n_chunks: int, last: list[int]) -> None:
    history = history_of([chunk**2 / 100 for chunk in range(n_chunks)], CONSTRAINED)
    expected = math.exp(sum(last) / len(last) / 100)
    assert history.final_beta(0) == pytest.approx(expected, rel=1e-6)


def test_a_capacity_run_has_no_final_beta() -> None:
    history = history_of([1.0, 2.0], CAPACITY, CONSTRAINED)
    assert math.isnan(history.final_beta(0))
    assert history.final_beta(1) == pytest.approx(math.exp(2.0))
