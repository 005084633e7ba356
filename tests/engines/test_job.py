from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from rdsweep import tasks
from rdsweep.config import RunConfig
from rdsweep.engines import PackJob
from rdsweep.engines._job import BrokenDevice, one_line
from rdsweep.engines._stop import Preempted
from rdsweep.engines._tasks import portable_tasks
from rdsweep.store import open_results
from rdsweep.sweeps import Pack, plan_packs
from rdsweep.tasks import Task, get_task, register_task
from rdsweep.training import PackResult


@pytest.fixture
def user_task(monkeypatch: pytest.MonkeyPatch) -> Task:
    monkeypatch.setattr(tasks, "_registry", dict(tasks._registry))
    task = Task("left", 2, lambda upper, lower: upper + lower < 7)  # a lambda does not pickle
    register_task(task)
    return task


def test_tasks_of_users_reach_workers_as_data(user_task: Task) -> None:
    tasks = {task.name: task for task in pickle.loads(pickle.dumps(portable_tasks()))}
    task = tasks["left"]
    assert (task.name, task.n_classes, task.digest()) == ("left", 2, user_task.digest())
    register_task(task)
    assert get_task("left").digest() == user_task.digest()


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("one\ntwo"), "ValueError: one"),
        (RuntimeError(), "RuntimeError"),
        (RuntimeError("\n  \n padded \n"), "RuntimeError: padded"),
    ],
)
def test_a_cause_is_one_line(error: Exception, line: str) -> None:
    assert one_line(error) == line


@pytest.fixture
def job(tiny: SimpleNamespace, tmp_path: Path) -> Callable[..., PackJob]:
    """Return a function that makes the job of a trainer."""
    results = open_results(tmp_path / "tiny", create=True)
    return lambda train: PackJob(results, "tiny", keep_weights=False, train=train)


def a_pack(tiny: SimpleNamespace, *, n_seeds: int = 2) -> Pack:
    (pack,) = plan_packs(tiny.grid(n_seeds=n_seeds).configs, pack_size=100)
    return pack


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory"),
        MemoryError(),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes"),
    ],
)
def test_a_pack_that_does_not_fit_is_halved_until_it_does(
    job: Callable[..., PackJob], tiny: SimpleNamespace, error: Exception
) -> None:
    sizes: list[int] = []

    def train(configs: Sequence[RunConfig], **options: Any) -> PackResult:
        sizes.append(len(configs))
        if len(configs) > 3:
            raise error
        return tiny.trainer()(configs, **options)

    fractions: list[float] = []
    pack, work = a_pack(tiny), job(train)
    notes = work(pack, device="cpu", progress=fractions.append)
    assert sizes == [8, 4, 2, 2, 4, 2, 2]
    assert notes == (
        "8 runs do not fit into memory at once: trained in halves",
        "4 runs do not fit into memory at once: trained in halves",
        "4 runs do not fit into memory at once: trained in halves",
    )
    assert fractions == sorted(fractions)
    runs = work.results.read("runs")
    assert sorted(runs["run_id"]) == sorted(config.run_id for config in pack.configs)
    assert set(runs["pack_size"]) == {2}, "the record of what was done"
    assert set(runs["status"]) == {"completed"}


def test_a_run_that_does_not_fit_alone_fails(job: Callable[..., PackJob], tiny: SimpleNamespace) -> None:
    def train(configs: Sequence[RunConfig], **_: Any) -> PackResult:
        raise torch.OutOfMemoryError("CUDA out of memory")

    work = job(train)
    work(a_pack(tiny, n_seeds=1), device="cpu", progress=lambda fraction: None)
    assert set(work.results.read("runs")["message"]) == {"OutOfMemoryError: CUDA out of memory"}


def test_a_broken_device_is_not_the_fault_of_its_runs(
    job: Callable[..., PackJob], tiny: SimpleNamespace
) -> None:
    def train(configs: Sequence[RunConfig], **_: Any) -> PackResult:
        raise torch.AcceleratorError("CUDA error: uncorrectable ECC error")

    work = job(train)
    with pytest.raises(BrokenDevice, match="uncorrectable ECC error"):
        work(a_pack(tiny), device="cpu", progress=lambda fraction: None)
    assert work.results.read("runs").empty


def test_training_ends_just_after_the_checkpoint_that_was_asked_for(
    job: Callable[..., PackJob], tiny: SimpleNamespace
) -> None:
    steps: list[int] = []

    def train(configs: Sequence[RunConfig], *, checkpointer: Any, **_: Any) -> PackResult:
        for step in range(10):
            steps.append(step)
            if checkpointer.due():
                checkpointer.save("pack", step, {"step": torch.tensor(step)})
        return tiny.trained_pack(configs)

    pack, work = a_pack(tiny), job(train)
    with pytest.raises(Preempted):
        work(pack, device="cpu", progress=lambda fraction: None, should_stop=lambda: len(steps) >= 4)
    assert steps == [0, 1, 2, 3]
    assert work.results.read("runs").empty
    assert work.results.checkpoint_file(pack.pack_id).read() is not None
