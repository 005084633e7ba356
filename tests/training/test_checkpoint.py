import numpy as np
import pytest
import torch

from rdsweep.config import ObjectiveConfig, RunConfig, TaskConfig, TrainingConfig
from rdsweep.training import Checkpointer, PackResult, train_pack

TINY = TrainingConfig(n_train=400, batch_size=16, epochs=6)
CONFIGS = [
    RunConfig(tasks=(TaskConfig("bins", head="nonlinear"),), training=TINY),
    RunConfig(
        objective=ObjectiveConfig("capacity", capacity=1.0, gamma=300.0),
        training=TrainingConfig(n_train=400, batch_size=16, epochs=6, learning_rate=1e-3),
    ),
]
ALWAYS = 1e-9


@pytest.fixture(scope="module")
def straight(small_test_set: None) -> PackResult:
    return train_pack(CONFIGS)


class KilledError(Exception):
    pass


def interrupt(configs, checkpointer, *, at: float) -> None:
    def progress(fraction: float) -> None:
        if fraction >= at:
            raise KilledError

    with pytest.raises(KilledError):
        train_pack(configs, checkpointer=checkpointer, progress=progress)


def assert_equal(one: PackResult, other: PackResult) -> None:
    for run, expected in zip(one.runs, other.runs, strict=True):
        assert run.measures == pytest.approx(expected.measures, rel=0, abs=0, nan_ok=True)
        assert run.scores == expected.scores
        assert run.score_history == expected.score_history
        for row, same in zip(run.history, expected.history, strict=True):
            assert row == pytest.approx(same, rel=0, abs=0, nan_ok=True)
        assert run.weights.keys() == expected.weights.keys()
        for name, leaf in expected.weights.items():
            assert np.array_equal(run.weights[name], leaf), name


@pytest.mark.parametrize("at", [0.5, 0.9])
def test_a_killed_pack_continues_bit_for_bit(tmp_path, straight, at):
    checkpointer = Checkpointer(tmp_path / "sweep" / "pack.safetensors", seconds=ALWAYS)
    interrupt(CONFIGS, checkpointer, at=at)
    assert [path.name for path in checkpointer.path.parent.iterdir()] == ["pack.safetensors"]
    fractions: list[float] = []
    resumed = train_pack(
        CONFIGS, checkpointer=Checkpointer(checkpointer.path, seconds=ALWAYS), progress=fractions.append
    )
    # Saved chunks of 64 of the 150 steps are not repeated.
    assert len(fractions) == (2 if at == 0.5 else 1)
    assert_equal(resumed, straight)
    assert not checkpointer.path.exists()


def test_the_checkpoint_of_another_pack_is_ignored(tmp_path, straight):
    checkpointer = Checkpointer(tmp_path / "pack.safetensors", seconds=ALWAYS)
    interrupt(CONFIGS[:1], checkpointer, at=0.5)
    assert checkpointer.path.exists()
    fractions: list[float] = []
    other = train_pack(CONFIGS, checkpointer=checkpointer, progress=fractions.append)
    assert len(fractions) == 3
    assert_equal(other, straight)


def test_saving_waits_its_time(tmp_path):
    patient = Checkpointer(tmp_path / "pack.safetensors", seconds=3600.0)
    assert not patient.due()
    assert Checkpointer(tmp_path / "pack.safetensors", seconds=ALWAYS).due()


def test_a_state_comes_back_as_it_was(tmp_path):
    checkpointer, device = Checkpointer(tmp_path / "pack.safetensors"), torch.device("cpu")
    assert checkpointer.load("mine", device) is None
    state = {"weights": torch.rand(2, 3).T, "steps": torch.tensor([64])}
    checkpointer.save("mine", 7, state)
    chunk, found = checkpointer.load("mine", device)
    assert chunk == 7
    assert found.keys() == state.keys()
    assert all(torch.equal(found[name], tensor) for name, tensor in state.items())
    assert checkpointer.load("other", device) is None
    checkpointer.remove()
    checkpointer.remove()
    assert checkpointer.load("mine", device) is None


def test_a_failed_save_keeps_the_last_one(tmp_path):
    checkpointer, device = Checkpointer(tmp_path / "pack.safetensors"), torch.device("cpu")
    checkpointer.save("mine", 1, {"steps": torch.tensor([64])})
    shared = torch.zeros(4)
    with pytest.raises(RuntimeError):
        checkpointer.save("mine", 2, {"one": shared, "other": shared})
    assert checkpointer.load("mine", device)[0] == 1
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("seconds", [0.0, -1.0])
def test_saving_needs_time(tmp_path, seconds):
    with pytest.raises(ValueError, match=f"^seconds must be above 0, but got {seconds}"):
        Checkpointer(tmp_path / "pack.safetensors", seconds=seconds)
