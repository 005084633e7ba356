from __future__ import annotations

import pickle

import numpy as np
import pytest

from rdsweep.config import ObjectiveConfig, RunConfig, TrainingConfig
from rdsweep.studies._pruner import DominatedRuns, PrunedTraining
from rdsweep.training import PackReport


def report(steps: int, rate: list[float], distortion: list[float]) -> PackReport:
    return PackReport(steps, 100, np.array(rate), np.array(distortion))


def test_only_rivals_by_more_than_the_margin_stop_a_run() -> None:
    pruner = DominatedRuns(0.5, 0.1, families=(0, 0, 1))
    worse = report(50, [1.0, 2.0, 2.0], [0.10, 0.14, 0.14])
    assert list(pruner(worse)) == [1]
    assert pruner(report(49, [1.0, 2.0, 2.0], [0.10, 0.14, 0.14])) == {}
    assert pruner(report(50, [1.0, 1.05, 2.0], [0.10, 0.14, 0.14])) == {}
    assert pruner(report(50, [1.0, np.nan, 2.0], [0.10, np.nan, 0.14])) == {}


def test_a_run_worse_than_no_code_is_stopped() -> None:
    assert list(DominatedRuns(0.5, 0.1, families=(0,))(report(60, [3.0], [0.18]))) == [0]


@pytest.mark.usefixtures("small_test_set")
def test_a_dominated_run_is_stopped_in_training_and_its_neighbor_is_not() -> None:
    slow, good = (
        RunConfig(
            objective=ObjectiveConfig("beta", beta=30.0),
            training=TrainingConfig(n_train=64 * 192, epochs=1, learning_rate=learning_rate),
        )
        for learning_rate in (1e-7, 1e-3)
    )
    training = pickle.loads(pickle.dumps(PrunedTraining(after=0.6, margin=0.1)))
    result = training([slow, good], device="cpu", keep_weights=False)
    stopped, completed = result.runs
    assert completed.status == "completed"
    # With a learning rate of nearly 0 it stays the code that it was: worse than none.
    assert stopped.status == "pruned"
    assert stopped.message.startswith("worse than no code after 128 steps")
    assert stopped.measures["steps"] == 128
