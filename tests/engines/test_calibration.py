from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import pytest

import rdsweep.training
from rdsweep.config import ObjectiveConfig, RunConfig, SourceConfig, TaskConfig, TrainingConfig
from rdsweep.engines import _calibration_cache
from rdsweep.engines._calibration import Calibrator, trial_run
from rdsweep.training import Calibration

MEASURED = Calibration(
    "one core", "2.6", "fp32", 1, (1, 2, 4, 8), (11e-3, 9e-3, 7.5e-3, 7.4e-3), bytes_per_run=12e6
)
CALIBRATOR = Calibrator.of([RunConfig()])
GIGABYTE = 1e9


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "rdsweep" / "calibrations"


@pytest.fixture
def measurements(cache: Path, monkeypatch: pytest.MonkeyPatch) -> list[RunConfig]:
    """The trials that were measured, on a machine with a gigabyte per core."""
    trials: list[RunConfig] = []

    def calibrate(trial: RunConfig, *, device: str) -> Calibration:
        trials.append(trial)
        return MEASURED

    monkeypatch.setattr(rdsweep.training, "calibrate", calibrate)
    monkeypatch.setattr(rdsweep.training, "free_memory", lambda device: GIGABYTE)
    return trials


def test_a_trial_has_the_shapes_of_most_images_and_nothing_else() -> None:
    order, bins = TaskConfig("order", weight=3.0), TaskConfig("bins", head="nonlinear")
    plain = [RunConfig(seed=seed, source=SourceConfig("alignment", 2.0)) for seed in range(3)]
    hybrid = [
        RunConfig(tasks=(order, bins), seed=seed, objective=ObjectiveConfig(capacity=7.0))
        for seed in range(4)
    ]
    trial = trial_run([*plain, *hybrid])
    assert trial.tasks == (bins, replace(order, weight=1.0))
    assert trial == trial_run([replace(run, seed=9) for run in hybrid[::-1]])
    short = [replace(run, training=TrainingConfig(n_train=640)) for run in hybrid]
    assert trial_run([*plain, *short]).tasks == ()


def test_a_trial_has_the_largest_batch() -> None:
    few = [RunConfig(training=TrainingConfig(batch_size=128, n_train=640, epochs=1, precision="bf16"))]
    trial = trial_run([*(RunConfig(seed=seed) for seed in range(9)), *few])
    assert (trial.training.batch_size, trial.training.precision) == (128, "bf16")


def test_a_device_is_measured_once(measurements: list[RunConfig], cache: Path) -> None:
    profile = CALIBRATOR("cpu")
    assert profile is not None
    assert (profile.pack_size, profile.seconds_per_step, profile.measured_on) == (4, 7.5e-3, "one core")
    assert pickle.loads(pickle.dumps(CALIBRATOR))("cpu") == CALIBRATOR.known("cpu") == profile
    assert measurements == [CALIBRATOR.trial]
    assert [file.suffix for file in cache.iterdir()] == [".json"]


def test_other_shapes_or_other_code_are_measured_anew(
    measurements: list[RunConfig], monkeypatch: pytest.MonkeyPatch
) -> None:
    CALIBRATOR("cpu")
    Calibrator.of([RunConfig(training=TrainingConfig(n_latents=3))])("cpu")
    assert len(measurements) == 2
    versions = {"rdsweep_version": "99", "torch_version": "99", "git_commit": ""}
    monkeypatch.setattr(_calibration_cache, "code_versions", lambda: versions)
    assert CALIBRATOR.known("cpu") is None
    CALIBRATOR("cpu")
    assert len(measurements) == 3


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"device": 1}', "\x00\xff"])
def test_a_broken_file_is_written_again(measurements: list[RunConfig], cache: Path, content: str) -> None:
    profile = CALIBRATOR("cpu")
    (file,) = cache.iterdir()
    whole = file.read_text()
    file.write_text(content)
    assert CALIBRATOR("cpu") == profile
    assert (len(measurements), file.read_text()) == (2, whole)


def test_a_cache_that_cannot_be_written_to_is_done_without(
    measurements: list[RunConfig], tmp_path: Path
) -> None:
    (tmp_path / "rdsweep").touch()  # a file where the folder should be, which stops even root
    assert CALIBRATOR("cpu") == CALIBRATOR("cpu") is not None
    assert len(measurements) == 2


@pytest.mark.parametrize(("n_sharing", "n_train", "size"), [(1, 75_000, 4), (8, 75_000, 2), (1, 900_000, 2)])
def test_packs_take_at_most_half_of_the_memory(
    measurements: list[RunConfig], n_sharing: int, n_train: int, size: int
) -> None:
    # A run takes 12 MB and 177 bytes per image: 25 MB or 171 MB.
    calibrator = Calibrator.of([RunConfig(training=TrainingConfig(n_train=n_train))])
    profile = calibrator("cpu", n_sharing=n_sharing)
    assert profile is not None
    assert (profile.pack_size, profile.bytes_per_run) == (size, 12e6)


def test_where_no_measured_pack_fits_a_smaller_one_is_taken(
    measurements: list[RunConfig], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rdsweep.training, "free_memory", lambda device: 1e6)
    profile = CALIBRATOR("cpu")
    assert profile is not None
    assert (profile.pack_size, profile.seconds_per_step) == (1, 11e-3)


def test_times_are_those_of_64_images(measurements: list[RunConfig]) -> None:
    profile = Calibrator.of([RunConfig(training=TrainingConfig(batch_size=128))])("cpu")
    assert profile is not None
    assert profile.seconds_per_step == pytest.approx(7.5e-3 / 2)


@pytest.mark.parametrize("error", [RuntimeError("CUDA error"), AssertionError("no CUDA"), MemoryError()])
def test_a_device_that_cannot_be_measured_gives_nothing(
    measurements: list[RunConfig], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: object, **__: object) -> Calibration:
        raise error

    monkeypatch.setattr(rdsweep.training, "calibrate", fail)
    assert CALIBRATOR("cpu") is None
