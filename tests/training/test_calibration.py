from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from rdsweep.config import RunConfig, TaskConfig, TrainingConfig
from rdsweep.training import Calibration, calibrate, device_name, free_memory
from rdsweep.training import _calibration as calibration_module

RUN = RunConfig(tasks=(TaskConfig("order"),), training=TrainingConfig(n_train=64, batch_size=4, epochs=1))


def calibration(**seconds: float) -> Calibration:
    sizes = tuple(int(name.removeprefix("k")) for name in seconds)
    return Calibration("one core", "2.6", "fp32", 1, sizes, tuple(seconds.values()), bytes_per_run=1e7)


@pytest.mark.parametrize(
    ("times", "max_runs", "best"),
    [
        (calibration(k1=11.0, k2=9.0, k4=7.5, k8=7.4, k16=7.6), 100, 4),
        (calibration(k1=11.0, k2=9.0, k4=8.0, k8=7.0, k16=6.0), 100, 16),
        (calibration(k1=11.0, k2=9.0, k4=8.0, k8=7.0, k16=6.0), 8.5, 8),
        (calibration(k1=7.0, k2=7.0, k4=9.0), 100, 1),
        (calibration(k32=30.0, k64=25.0), 40, 32),
        (calibration(k32=30.0, k64=25.0), 17.9, 17),
        (calibration(k32=30.0, k64=25.0), 0.2, 1),
    ],
)
def test_the_best_pack_is_the_smallest_that_is_nearly_fastest_and_fits(
    times: Calibration, max_runs: float, best: int
) -> None:
    assert times.best_pack_size(max_runs) == best


@pytest.mark.parametrize("sizes", [(), (1, 2)])
def test_a_calibration_has_a_time_for_each_size(sizes: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="seconds_per_step must hold one number for each of pack_sizes"):
        replace(calibration(k1=1.0), pack_sizes=sizes)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(calibration_module, "_RUN_STEPS", {"cpu": 4})
    monkeypatch.setattr(calibration_module, "PACK_SIZES", {"cpu": (1, 2, 4)})
    return monkeypatch


def test_steps_of_every_size_are_timed(quick: pytest.MonkeyPatch) -> None:
    measured = calibrate(RUN, device="cpu")
    assert (measured.device, measured.torch_version) == (device_name("cpu"), torch.__version__)
    assert (measured.precision, measured.n_threads) == ("fp32", 1)
    assert measured.pack_sizes == (1, 2, 4)
    # A step of four images takes a few milliseconds; the bounds leave room for any machine.
    assert all(1e-5 < seconds < 1.0 for seconds in measured.seconds_per_step)
    # Weights and Adam's two moments are 4.2 MB, and a batch is small.
    assert 4.0e6 < measured.bytes_per_run < 1e8


def test_it_leaves_the_global_state_as_it_was(quick: pytest.MonkeyPatch) -> None:
    torch.manual_seed(3)
    before = torch.get_rng_state(), torch.get_float32_matmul_precision()
    calibrate(RUN, device="cpu")
    assert torch.equal(before[0], torch.get_rng_state())
    assert before[1] == torch.get_float32_matmul_precision()


def test_packs_that_would_not_fit_are_not_tried(quick: pytest.MonkeyPatch) -> None:
    quick.setattr(calibration_module, "free_memory", lambda device: 10e6)
    assert calibrate(RUN, device="cpu").pack_sizes in [(1,), (1, 2)]


def test_it_stops_when_time_is_short(quick: pytest.MonkeyPatch) -> None:
    quick.setattr(calibration_module, "_BUDGET_SECONDS", 0.0)
    assert calibrate(RUN, device="cpu").pack_sizes == (1,)


@pytest.mark.parametrize(("too_large", "sizes"), [(4, (1, 2)), (2, (1,))])
def test_a_pack_that_does_not_fit_after_all_is_the_last(
    quick: pytest.MonkeyPatch, too_large: int, sizes: tuple[int, ...]
) -> None:
    measure = calibration_module._measure

    def fail(config: RunConfig, n_runs: int, *rest: object) -> object:
        if n_runs == too_large:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return measure(config, n_runs, *rest)  # type: ignore[arg-type]

    quick.setattr(calibration_module, "_measure", fail)
    assert calibrate(RUN, device="cpu").pack_sizes == sizes


def test_a_device_without_room_for_the_smallest_pack_is_an_error(quick: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> object:
        raise torch.OutOfMemoryError("CUDA out of memory")

    quick.setattr(calibration_module, "_measure", fail)
    with pytest.raises(torch.OutOfMemoryError):
        calibrate(RUN, device="cpu")


def test_an_impossible_precision_is_refused() -> None:
    impossible = replace(RUN, training=replace(RUN.training, precision="tf32"))
    with pytest.raises(ValueError, match="precision must be auto, fp32 or bf16 on cpu, but got 'tf32'"):
        calibrate(impossible, device="cpu")


def test_the_memory_of_a_core_is_a_part_of_the_machine() -> None:
    assert 1e8 < free_memory("cpu") < 1e14


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_a_device_that_is_not_there_has_no_name() -> None:
    with pytest.raises(RuntimeError, match="where there is no CUDA device, but got 'cuda'"):
        device_name("cuda")


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_packs_on_a_gpu() -> None:
    run = RunConfig(training=TrainingConfig(n_train=64 * 64, epochs=1))
    measured = calibrate(run, device="cuda")
    assert measured.device == torch.cuda.get_device_name()
    assert measured.precision == "tf32"
    assert measured.pack_sizes[0] == 32
    assert all(1e-6 < seconds < 1e-2 for seconds in measured.seconds_per_step)
    assert 4e6 < measured.bytes_per_run < 1e8
