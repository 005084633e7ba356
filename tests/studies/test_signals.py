"""A study that is interrupted, by Ctrl-C or by whoever owns the machine, is left whole and goes on."""

from __future__ import annotations

import io
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.console import Console

from rdsweep.studies import StudyFile, StudySummary, read_study, run_study

FILE = StudyFile(
    name="tiny", kind="frontier", seeds=2, search={"beta": [3.0, 300.0]}, n_configs=10, batch=4, pack_size=4
)
QUIET = Console(file=io.StringIO())


def launch(results: Path, train: Any) -> StudySummary:
    return run_study(FILE, results=results, engine="inline", device="cpu", train=train, console=QUIET)


def signalled(train: Any, *signals: signal.Signals, pack: int) -> Callable[..., Any]:
    """Return a training function whose process gets signals in the middle of its ``pack``-th pack."""
    n_packs = 0

    def training(configs: Any, *, checkpointer: Any, **options: Any) -> Any:
        nonlocal n_packs
        n_packs += 1
        for number in signals if n_packs == pack else ():
            os.kill(os.getpid(), number)
        if checkpointer.due():
            checkpointer.save("tiny", 0, {"weights": torch.zeros(1)})
        return train(configs, **options)

    return training


def outcome(results: Path) -> list[tuple[object, ...]]:
    (tried,) = read_study(FILE, results=results).tried.values()
    return [(dict(each.parameters), each.state, each.rates, each.distortions) for each in tried]


@pytest.fixture
def undisturbed(train: Any, tmp_path: Path) -> list[tuple[object, ...]]:
    """What an undisturbed launch tries, and what comes of it."""
    launch(tmp_path / "undisturbed", train)
    return outcome(tmp_path / "undisturbed")


def assert_goes_on(results: Path, train: Any, undisturbed: list[tuple[object, ...]]) -> None:
    assert not list((results / "workers").iterdir())
    again = launch(results, train)
    assert (again.n_completed, again.n_running, again.stopped_by) == (10, 0, None)
    assert outcome(results) == undisturbed


def test_the_first_interrupt_ends_a_study_after_the_packs_in_training(
    train: Any, tmp_path: Path, undisturbed: list[tuple[object, ...]]
) -> None:
    # Each batch of 4 configurations with 2 seeds is 2 packs; the third pack is the first of the second batch.
    summary = launch(tmp_path, signalled(train, signal.SIGINT, pack=3))
    assert (summary.stopped_by, summary.stopped) == (signal.SIGINT, {"": ""})
    assert summary.n_completed + summary.n_running == 8, "no further batch may be asked for"
    assert summary.n_completed >= 4
    assert_goes_on(tmp_path, train, undisturbed)


def test_the_second_interrupt_ends_a_study_at_once(
    train: Any, tmp_path: Path, undisturbed: list[tuple[object, ...]]
) -> None:
    with pytest.raises(KeyboardInterrupt):
        launch(tmp_path, signalled(train, signal.SIGINT, signal.SIGINT, pack=4))
    states = [state for _, state, _, _ in outcome(tmp_path)]
    assert states == ["completed"] * 4 + ["running"] * 4
    assert_goes_on(tmp_path, train, undisturbed)


def test_a_wish_to_terminate_leaves_a_batch_to_the_next_launch(
    train: Any, tmp_path: Path, undisturbed: list[tuple[object, ...]]
) -> None:
    # The fifth pack belongs to the last batch, so the budget has been asked for, but not tried.
    summary = launch(tmp_path, signalled(train, signal.SIGTERM, pack=5))
    assert (summary.stopped_by, summary.stopped) == (signal.SIGTERM, {"": ""})
    assert (summary.n_completed, summary.n_running) == (8, 2)
    assert_goes_on(tmp_path, train, undisturbed)


def test_an_interrupt_in_the_last_pack_ends_nothing_early(train: Any, tmp_path: Path) -> None:
    summary = launch(tmp_path, signalled(train, signal.SIGINT, pack=5))
    assert summary.stopped_by is None
    assert summary.stopped == {"": "budget of 10 configurations spent"}
    assert summary.n_completed == 10
