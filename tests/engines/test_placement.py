from __future__ import annotations

from dataclasses import replace

import pytest

from rdsweep.config import RunConfig, TrainingConfig
from rdsweep.engines._placement import share_runs
from rdsweep.sweeps import DEVICE_PROFILES

RUNS = tuple(RunConfig(seed=seed) for seed in range(2000))
SECONDS = {device: 7032 * profile.seconds_per_step for device, profile in DEVICE_PROFILES.items()}
"""Time of one run of the default budget."""


def test_one_kind_of_device_gets_all() -> None:
    assert {device: len(runs) for device, runs in share_runs(RUNS, {"cpu": 3}, DEVICE_PROFILES).items()} == {
        "cpu": 2000
    }


@pytest.mark.parametrize("n_cores", [16, 64, 1024])
def test_cores_beside_a_gpu_are_done_before_it(n_cores: int) -> None:
    shares = share_runs(RUNS, {"cuda": 1, "cpu": n_cores}, DEVICE_PROFILES)
    assert sorted(run.seed for some in shares.values() for run in some) == list(range(2000))
    gpu_alone = len(RUNS) * SECONDS["cuda"]
    on_gpu = len(shares["cuda"]) * SECONDS["cuda"]
    on_cpu = len(shares["cpu"]) / n_cores * SECONDS["cpu"]
    assert 0.0 < on_cpu <= on_gpu < gpu_alone


def test_cores_that_would_be_waited_for_get_nothing() -> None:
    # Fifteen seconds of a GPU, a minute of a core.
    shares = share_runs(RUNS[:100], {"cuda": 1, "cpu": 64}, DEVICE_PROFILES)
    assert shares["cpu"] == ()


def test_cores_get_the_shortest_runs() -> None:
    short = TrainingConfig(n_train=6_400, epochs=1)
    runs = (*RUNS, *(replace(run, training=short) for run in RUNS[:50]))
    shares = share_runs(runs, {"cuda": 1, "cpu": 64}, DEVICE_PROFILES)
    assert {run.training for run in shares["cpu"][:50]} == {short}


def test_every_launch_shares_alike() -> None:
    slots = {"cuda": 1, "cpu": 64}
    assert share_runs(RUNS, slots, DEVICE_PROFILES) == share_runs(RUNS[::-1], slots, DEVICE_PROFILES)  # type: ignore[arg-type]


def test_cores_that_were_measured_to_be_slow_get_less() -> None:
    slow = DEVICE_PROFILES | {"cpu": replace(DEVICE_PROFILES["cpu"], seconds_per_step=16e-3)}
    slots = {"cuda": 1, "cpu": 64}
    assert len(share_runs(RUNS, slots, slow)["cpu"]) < len(share_runs(RUNS, slots, DEVICE_PROFILES)["cpu"])
