import numpy as np
import pytest
import torch

from rdsweep.config import ObjectiveConfig, RunConfig, TaskConfig, TrainingConfig
from rdsweep.training import Checkpointer, PackResult, train_pack
from rdsweep.training._checkpoint import CheckpointWarning

TINY = TrainingConfig(n_train=400, batch_size=16, epochs=6)
CONFIGS = [
    RunConfig(tasks=(TaskConfig("bins", head="nonlinear"),), training=TINY),
    RunConfig(
        objective=ObjectiveConfig("capacity", capacity=1.0, gamma=300.0),
        training=TrainingConfig(n_train=400, batch_size=16, epochs=6, learning_rate=1e-3),
    ),
]
ALWAYS = 1e-9


class MemoryFile:
    """A checkpoint file without a disk, which may refuse to be written to."""

    def __init__(self) -> None:
        self.content: bytes | None = None
        self.is_full = False

    def read(self) -> bytes | None:
        return self.content

    def write(self, content: bytes) -> None:
        if self.is_full:
            raise OSError("cannot write pack.safetensors: No space left on device")
        self.content = content

    def remove(self) -> None:
        self.content = None


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
def test_a_killed_pack_continues_bit_for_bit(straight, at):
    file = MemoryFile()
    interrupt(CONFIGS, Checkpointer(file, seconds=ALWAYS), at=at)
    assert file.content is not None
    fractions: list[float] = []
    resumed = train_pack(CONFIGS, checkpointer=Checkpointer(file, seconds=ALWAYS), progress=fractions.append)
    # Saved chunks of 64 of the 150 steps are not repeated.
    assert len(fractions) == (2 if at == 0.5 else 1)
    assert_equal(resumed, straight)
    assert file.content is None


def test_the_checkpoint_of_another_pack_is_ignored(straight):
    checkpointer = Checkpointer(MemoryFile(), seconds=ALWAYS)
    interrupt(CONFIGS[:1], checkpointer, at=0.5)
    assert checkpointer.file.content is not None
    fractions: list[float] = []
    other = train_pack(CONFIGS, checkpointer=checkpointer, progress=fractions.append)
    assert len(fractions) == 3
    assert_equal(other, straight)


def test_training_outlives_a_full_disk(straight):
    file = MemoryFile()
    file.is_full = True
    with pytest.warns(
        CheckpointWarning, match=r"no checkpoint was saved: .* No space left.*; training goes on"
    ):
        result = train_pack(CONFIGS, checkpointer=Checkpointer(file, seconds=ALWAYS))
    assert_equal(result, straight)


def test_saving_waits_its_time():
    assert not Checkpointer(MemoryFile(), seconds=3600.0).due()
    assert Checkpointer(MemoryFile(), seconds=ALWAYS).due()


def test_a_state_comes_back_as_it_was():
    checkpointer, device = Checkpointer(MemoryFile()), torch.device("cpu")
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


def test_a_failed_save_keeps_the_last_one():
    checkpointer, device = Checkpointer(MemoryFile()), torch.device("cpu")
    checkpointer.save("mine", 1, {"steps": torch.tensor([64])})
    shared = torch.zeros(4)
    with pytest.raises(RuntimeError):
        checkpointer.save("mine", 2, {"one": shared, "other": shared})
    assert checkpointer.load("mine", device)[0] == 1


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: b"no safetensors at all",
        lambda content: content[:20],
        lambda content: content[:-1],
        lambda content: (2).to_bytes(8, "little") + b"{}",
    ],
)
def test_a_damaged_checkpoint_is_as_good_as_none(damage):
    checkpointer, device = Checkpointer(MemoryFile()), torch.device("cpu")
    checkpointer.save("mine", 1, {"steps": torch.tensor([64])})
    checkpointer.file.content = damage(checkpointer.file.content)
    with pytest.warns(CheckpointWarning, match="a damaged checkpoint is left out"):
        assert checkpointer.load("mine", device) is None


@pytest.mark.parametrize("seconds", [0.0, -1.0])
def test_saving_needs_time(seconds):
    with pytest.raises(ValueError, match=f"^seconds must be above 0, but got {seconds}"):
        Checkpointer(MemoryFile(), seconds=seconds)
