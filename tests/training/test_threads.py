from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch

from rdsweep.config import RunConfig, TrainingConfig
from rdsweep.training import _calibration as calibration_module
from rdsweep.training import calibrate, train_pack

RUN = RunConfig(training=TrainingConfig(n_train=16, batch_size=8, epochs=1))


@pytest.fixture
def three_threads() -> Iterator[None]:
    """The setting of a user: three threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of threads with which packs were trained and evaluated, which takes no time here."""
    numbers: list[int] = []
    for part in ("train_runs", "run_results"):
        note = lambda *_, **__: numbers.append(torch.get_num_threads()) or [None]  # noqa: E731
        monkeypatch.setattr(f"rdsweep.training._pack.{part}", note)
    return numbers


@pytest.mark.usefixtures("three_threads")
@pytest.mark.parametrize(("options", "n_threads"), [({}, 1), ({"n_threads": 2}, 2)])
def test_a_pack_is_trained_with_its_own_number_of_threads(
    seen: list[int], options: dict[str, int], n_threads: int
) -> None:
    train_pack([RUN], **options)
    assert seen == [n_threads, n_threads]
    assert torch.get_num_threads() == 3


@pytest.mark.usefixtures("three_threads")
def test_the_setting_comes_back_when_training_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise KeyError(torch.get_num_threads())

    monkeypatch.setattr("rdsweep.training._pack.train_runs", fail)
    with pytest.raises(KeyError, match="1"):
        train_pack([RUN])
    assert torch.get_num_threads() == 3


@pytest.mark.parametrize("n_threads", [0, -1])
def test_there_is_at_least_one_thread(n_threads: int) -> None:
    with pytest.raises(
        ValueError, match=rf"^n_threads must be an integer of at least 1, but got {n_threads}"
    ):
        train_pack([RUN], n_threads=n_threads)


@pytest.mark.usefixtures("three_threads")
def test_packs_are_measured_with_as_many_threads_as_they_are_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    measure, seen = calibration_module._measure, list[int]()

    def spy(*arguments: Any) -> Any:
        seen.append(torch.get_num_threads())
        return measure(*arguments)

    monkeypatch.setattr(calibration_module, "_measure", spy)
    monkeypatch.setattr(calibration_module, "_RUN_STEPS", {"cpu": 1})
    assert calibrate(RUN, device="cpu", pack_sizes=(2,)).n_threads == 1
    assert seen == [1]
    assert torch.get_num_threads() == 3
