from __future__ import annotations

import dataclasses
import io
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from rich.console import Console

from rdsweep.config import RunConfig
from rdsweep.engines import SweepSummary, run_sweep
from rdsweep.engines._inline import InlineEngine
from rdsweep.store import ResultsError, open_results
from rdsweep.sweeps import Sweep
from rdsweep.training import PackResult


@pytest.fixture
def run(tiny: SimpleNamespace, tmp_path: Path) -> Callable[..., SweepSummary]:
    """Return `run_sweep` with the settings that most tests share."""

    def run(sweep: Sweep, **options: Any) -> SweepSummary:
        defaults = {
            "results": tmp_path / "tiny",
            "engine": "inline",
            "device": "cpu",
            "pack_size": 2,
            "console": Console(file=io.StringIO()),
            "train": tiny.trainer(log=tmp_path / "trained"),
        }
        return run_sweep(sweep, **{**defaults, **options})

    return run


def trained_runs(folder: Path) -> list[str]:
    return [line.split()[0] for line in (folder / "trained").read_text().splitlines()]


def counts(summary: SweepSummary) -> dict[str, int]:
    fields = dataclasses.asdict(summary)
    return {name: value for name, value in fields.items() if name.startswith("n_") and value}


def test_a_second_launch_trains_nothing(run, tiny: SimpleNamespace, tmp_path: Path) -> None:
    sweep = tiny.grid(n_seeds=2)
    assert counts(run(sweep)) == {"n_planned": 8, "n_trained": 8}
    assert counts(run(sweep)) == {"n_planned": 8, "n_done_before": 8}
    assert sorted(trained_runs(tmp_path)) == sorted(config.run_id for config in sweep.configs)


def test_a_larger_grid_trains_what_is_new(run, tiny: SimpleNamespace, tmp_path: Path) -> None:
    run(tiny.grid(n_seeds=1))
    larger = tiny.grid(n_seeds=2, capacities=[1.0, 3.0, 6.0])
    assert counts(run(larger)) == {"n_planned": 12, "n_done_before": 4, "n_trained": 8}
    assert sorted(trained_runs(tmp_path)) == sorted(config.run_id for config in larger.configs)
    assert "seeds: 2" in (tmp_path / "tiny" / "sweep.yaml").read_text()


def test_a_smaller_grid_counts_its_own_runs(run, tiny: SimpleNamespace) -> None:
    run(tiny.grid(n_seeds=3))
    assert counts(run(tiny.grid(n_seeds=1))) == {"n_planned": 4, "n_done_before": 4}


def test_packs_have_the_size_asked_for(run, tiny: SimpleNamespace, tmp_path: Path) -> None:
    sweep = tiny.grid(n_seeds=3)
    run(dataclasses.replace(sweep, pack_size=4), pack_size=None)
    store = open_results(tmp_path / "tiny")
    assert set(store.read("runs")["pack_size"]) == {4}


@pytest.mark.parametrize("policy", ["keep", "drop"])
def test_the_sweep_says_whether_weights_are_kept(
    run, tiny: SimpleNamespace, tmp_path: Path, policy: str
) -> None:
    run(dataclasses.replace(tiny.grid(n_seeds=1), weights=policy))
    assert len(list((tmp_path / "tiny" / "weights").iterdir())) == (2 if policy == "keep" else 0)


@pytest.mark.parametrize("error", [ValueError("no such layer\nin the model"), RuntimeError("no such layer")])
def test_a_failure_is_stored_with_its_cause_and_the_sweep_goes_on(
    run, tiny: SimpleNamespace, tmp_path: Path, error: Exception
) -> None:
    sweep = tiny.grid(n_seeds=2)
    poisoned = sweep.configs[0].run_id

    def train(configs: Sequence[RunConfig], **options: Any) -> PackResult:
        if poisoned in [config.run_id for config in configs]:
            raise error
        return tiny.trainer()(configs, **options)

    assert counts(run(sweep, train=train)) == {"n_planned": 8, "n_trained": 6, "n_failed": 2}
    status = open_results(tmp_path / "tiny").status(sweep.configs)
    assert status["message"].iloc[0] == f"{type(error).__name__}: no such layer"

    assert counts(run(sweep)) == {"n_planned": 8, "n_done_before": 6, "n_failed": 2}
    assert counts(run(sweep, retry_failed=True)) == {"n_planned": 8, "n_done_before": 6, "n_trained": 2}
    assert len(trained_runs(tmp_path)) == 2


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ImportError("no such module")])
def test_what_ends_a_sweep_keeps_finished_packs(
    run, tiny: SimpleNamespace, tmp_path: Path, error: BaseException
) -> None:
    sweep = tiny.grid(n_seeds=2)
    packs = iter(range(100))

    def train(configs: Sequence[RunConfig], **options: Any) -> PackResult:
        if next(packs) == 2:
            raise error
        return tiny.trainer()(configs, **options)

    with pytest.raises(type(error)):
        run(sweep, train=train)
    store = open_results(tmp_path / "tiny")
    assert (len(store.done()), len(store.failed())) == (4, 0)
    assert counts(run(sweep)) == {"n_planned": 8, "n_done_before": 4, "n_trained": 4}


@pytest.mark.parametrize(("number", "n_stored"), [(signal.SIGINT, 4), (signal.SIGTERM, 2)])
def test_a_signal_ends_a_launch_and_the_next_one_goes_on(
    run, tiny: SimpleNamespace, tmp_path: Path, number: signal.Signals, n_stored: int
) -> None:
    packs = iter(range(100))

    def train(configs: Sequence[RunConfig], *, checkpointer: Any, **options: Any) -> PackResult:
        if next(packs) == 1:
            os.kill(os.getpid(), number)
        if checkpointer.due():
            checkpointer.save("pack", 1, {"step": torch.tensor(1)})
        return tiny.trainer()(configs, **options)

    sweep = tiny.grid(n_seeds=2)
    summary = run(sweep, train=train)
    assert (summary.stopped_by, summary.n_trained, summary.n_missing) == (number, n_stored, 8 - n_stored)
    assert (tmp_path / "tiny" / "checkpoints").is_dir() is (number == signal.SIGTERM)
    assert counts(run(sweep)) == {
        "n_planned": 8, "n_done_before": n_stored, "n_trained": 8 - n_stored,
    }  # fmt: skip


def test_a_pack_without_a_checkpoint_in_time_is_dropped(
    run, tiny: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rdsweep.engines._stop.GRACE_SECONDS", 0.05)
    packs = iter(range(100))

    def train(configs: Sequence[RunConfig], **options: Any) -> PackResult:
        if next(packs) == 1:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(30.0)  # as an evaluation that asks for nothing
        return tiny.trainer()(configs, **options)

    sweep = tiny.grid(n_seeds=2)
    summary = run(sweep, train=train)
    assert (summary.stopped_by, summary.n_trained, summary.n_missing) == (signal.SIGTERM, 2, 6)
    assert summary.seconds < 20.0
    assert not list((tmp_path / "tiny" / "leases").iterdir())


def test_a_signal_before_training_starts_no_pack(
    run, tiny: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def open_and_be_asked(*_: Any, **__: Any) -> Iterator[Any]:
        os.kill(os.getpid(), signal.SIGINT)
        yield InlineEngine("cpu")

    monkeypatch.setattr("rdsweep.engines._sweep.open_engine", open_and_be_asked)
    summary = run(tiny.grid(n_seeds=2))
    assert (summary.stopped_by, summary.n_trained, summary.n_missing) == (signal.SIGINT, 0, 8)
    assert not (tmp_path / "tiny" / "leases").exists()


def test_two_launches_at_once_train_each_run_once(run, tiny: SimpleNamespace, tmp_path: Path) -> None:
    sweep = tiny.grid(n_seeds=4)
    options = {"train": tiny.trainer(log=tmp_path / "trained", seconds=0.05)}
    with ThreadPoolExecutor(2) as launches:
        summaries = list(launches.map(lambda size: run(sweep, pack_size=size, **options), [2, 3]))
    assert sorted(trained_runs(tmp_path)) == sorted(config.run_id for config in sweep.configs)
    assert all(summary.n_missing == 0 for summary in summaries)


def test_results_that_cannot_be_stored_end_the_sweep(run, tiny: SimpleNamespace, tmp_path: Path) -> None:
    packs = iter(range(100))

    def train(configs: Sequence[RunConfig], **options: Any) -> PackResult:
        if next(packs) == 1:
            (tmp_path / "tiny" / "runs").rename(tmp_path / "lost")
        return tiny.trainer()(configs, **options)

    with pytest.raises(ResultsError, match=r"cannot write .*/runs/.*: No such file or directory"):
        run(tiny.grid(n_seeds=2), train=train)
    assert not list((tmp_path / "tiny").rglob("*.tmp"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"engine": "dask"}, "engine must be one of ray, inline, but got 'dask'"),
        ({"pack_size": 0}, "pack_size must be an integer of at least 1, but got 0"),
        ({"n_workers": -1}, "n_workers must be an integer of at least 1, but got -1"),
        ({"n_workers": 2}, "n_workers must be 1 for the inline engine, but got 2"),
        ({"address": "auto"}, "address must be left out for the inline engine, but got 'auto'"),
        ({"device": "tpu"}, "device must be one of auto, cpu, cuda, both, but got 'tpu'"),
    ],
)
def test_options_out_of_range_are_refused(
    run, tiny: SimpleNamespace, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        run(tiny.grid(n_seeds=1), **options)
