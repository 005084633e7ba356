"""Runs that a pruner stops: recorded with step and reason, freed, and nothing to their neighbors."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from rdsweep.config import ObjectiveConfig, ProbeConfig, RunConfig, TaskConfig, TrainingConfig
from rdsweep.store._storage import StoredFile, open_storage
from rdsweep.training import Checkpointer, PackReport, train_pack
from rdsweep.training._pruning import GRAPH_CAPTURE_COST, compaction_pays

pytestmark = pytest.mark.usefixtures("small_test_set")

TINY = TrainingConfig(n_train=400, batch_size=16, epochs=8)
FAST = replace(TINY, learning_rate=1e-3)
ORDER = RunConfig(tasks=(TaskConfig("order"),), probes=(ProbeConfig("region"),), training=FAST)
BETA = RunConfig(objective=ObjectiveConfig("beta", beta=5.0), training=TINY)
BINS = RunConfig(tasks=(TaskConfig("bins", head="nonlinear"),), training=TINY, seed=1)
# Ordered so that training, which sorts by learning rate, takes them in another order.
RUNS = [ORDER, BETA, BINS]
CHUNK = 64
# As for packs of another size (test_independence), over 200 steps rather than 75.
TOLERANCE = 2e-2


class Stop:
    """Stops some runs after some steps, and keeps the reports."""

    def __init__(self, reasons: Mapping[int, str], *, after: int = CHUNK) -> None:
        self.reasons, self.after = reasons, after
        self.reports: list[PackReport] = []

    def __call__(self, report: PackReport) -> Mapping[int, str]:
        self.reports.append(report)
        return self.reasons if report.steps >= self.after else {}


@pytest.fixture(scope="module")
def whole(small_test_set: None):
    return train_pack(RUNS).runs


@pytest.mark.parametrize("compact", [True, False], ids=["compacted", "masked"])
def test_a_stopped_run_leaves_its_neighbors_alone(whole, compact, monkeypatch):
    monkeypatch.setattr("rdsweep.training._loop.compaction_pays", lambda *_, **__: compact)
    stop = Stop({0: "dominated"})
    stopped, *others = train_pack(RUNS, pruner=stop).runs
    assert (stopped.config, stopped.status, stopped.message) == (ORDER, "pruned", "dominated")
    assert stopped.measures == {"steps": CHUNK}
    assert [row["step"] for row in stopped.history] == [CHUNK]
    assert (stopped.scores, stopped.maps, stopped.codes) == ((), {}, None)
    for run, expected in zip(others, whole[1:], strict=True):
        assert (run.config, run.status) == (expected.config, "completed")
        assert len(run.history) == len(expected.history)
        assert {row["task"] for row in run.score_history} == {row["task"] for row in expected.score_history}
        for name in ("rate", "distortion_mse"):
            assert run.measures[name] == pytest.approx(expected.measures[name], rel=TOLERANCE)
        if not compact:
            assert run.measures == pytest.approx(expected.measures, rel=0, abs=0, nan_ok=True)


def test_a_pruner_is_told_of_runs_in_the_order_of_their_configurations(whole):
    stop = Stop({0: "enough"}, after=2 * CHUNK)
    train_pack(RUNS, pruner=stop)
    first, second, third, last = stop.reports
    assert [report.steps for report in stop.reports] == [64, 128, 192, 200]
    assert {report.n_steps for report in stop.reports} == {200}
    for index, run in enumerate(whole):
        assert first.rate[index] == pytest.approx(run.history[0]["rate"])
        assert second.distortion_mse[index] == pytest.approx(run.history[1]["distortion_mse"])
    for report in (third, last):
        assert np.isnan(report.rate).tolist() == [True, False, False]


def test_a_pack_ends_when_no_run_is_left():
    stop = Stop({0: "a", 1: "b", 2: "c"})
    fractions: list[float] = []
    runs = train_pack(RUNS, pruner=stop, progress=fractions.append).runs
    assert [(run.status, run.message) for run in runs] == [("pruned", reason) for reason in "abc"]
    assert len(stop.reports) == 1
    assert fractions[-1] == 1.0


def test_a_pack_in_which_all_runs_diverge_ends_at_once():
    wild = replace(BETA, training=replace(TINY, learning_rate=1e6))
    fractions: list[float] = []
    (run,) = train_pack([wild], progress=fractions.append).runs
    assert (run.status, run.measures["steps"]) == ("failed", CHUNK)
    assert fractions == [1.0]


def test_a_killed_pack_remembers_which_runs_were_stopped(tmp_path):
    straight = train_pack(RUNS, pruner=Stop({1: "dominated"})).runs
    checkpointer = Checkpointer(StoredFile(open_storage(tmp_path), "pack.safetensors"), seconds=1e-9)

    def kill(fraction: float) -> None:
        if fraction > 0.7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_pack(RUNS, pruner=Stop({1: "dominated"}), checkpointer=checkpointer, progress=kill)
    resumed = train_pack(RUNS, checkpointer=checkpointer).runs
    for run, expected in zip(resumed, straight, strict=True):
        assert (run.status, run.message) == (expected.status, expected.message)
        assert run.measures == pytest.approx(expected.measures, rel=0, abs=0, nan_ok=True)
        assert len(run.history) == len(expected.history)


def test_a_pruner_that_names_no_run_of_the_pack_is_refused():
    with pytest.raises(ValueError, match=r"^pruner must name runs in 0..2, but named 3$"):
        train_pack(RUNS, pruner=Stop({3: "?"}))


def test_a_graph_is_captured_anew_only_where_that_saves_steps():
    assert compaction_pays(1, 1, captured=False)
    assert not compaction_pays(0, 7000, captured=False)
    assert not compaction_pays(5, GRAPH_CAPTURE_COST // 10, captured=True)
    assert compaction_pays(10, GRAPH_CAPTURE_COST // 10, captured=True)
