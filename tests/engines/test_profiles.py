from __future__ import annotations

import io
import signal
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from rich.console import Console

import rdsweep.training
from rdsweep.config import RunConfig, TrainingConfig
from rdsweep.engines import Engine, known_profile, run_sweep, timed_profile
from rdsweep.engines._inline import InlineEngine
from rdsweep.engines._profiles import settle_profiles
from rdsweep.engines._stop import StopRequest
from rdsweep.store import Results, open_results, verify_results
from rdsweep.sweeps import DEVICE_PROFILES, DeviceProfile
from rdsweep.training import Calibration, PackResult

RUNS = [RunConfig(seed=seed) for seed in range(20)]
"""A sweep of 19 minutes on one core, and of hours on none."""

SLOW = DeviceProfile(seconds_per_step=20e-3, pack_size=2, bytes_per_run=12e6, measured_on="old core")
FAST = DeviceProfile(seconds_per_step=4e-3, pack_size=16, bytes_per_run=12e6, measured_on="new core")
TYPICAL = DEVICE_PROFILES["cpu"]


@dataclass
class FakeEngine:
    """An engine whose devices are measured to be as wanted."""

    answer: Callable[[], DeviceProfile | None]
    slots: dict[str, int] = field(default_factory=lambda: {"cpu": 2})
    asked: list[str] = field(default_factory=list)

    def measure(self, device: str, calibrator: object, *, stop: StopRequest) -> DeviceProfile | None:
        self.asked.append(device)
        return self.answer()


@pytest.fixture
def results(tmp_path: Path) -> Results:
    return open_results(tmp_path / "results", create=True)


@pytest.fixture
def settle(results: Results) -> Callable[..., dict[str, DeviceProfile]]:
    def settle(
        engine: Engine,
        configs: list[RunConfig] = RUNS,
        *,
        pack_size: int | None = None,
        stop: StopRequest | None = None,
    ) -> Any:
        quiet = Console(file=io.StringIO())
        options: Any = {"pack_size": pack_size, "stop": stop or StopRequest(), "console": quiet}
        return settle_profiles(configs, results, engine, **options)

    return settle


def test_all_launches_keep_to_what_the_first_one_measured(settle, results: Results) -> None:
    first, second = FakeEngine(lambda: SLOW), FakeEngine(lambda: FAST)
    assert settle(first) == settle(second) == {"cpu": SLOW}
    assert (first.asked, second.asked) == (["cpu"], [])
    assert known(results) == SLOW
    assert verify_results(results).problems == ()


def test_a_launch_yields_to_one_that_was_faster(settle) -> None:
    def answer() -> DeviceProfile:
        settle(FakeEngine(lambda: FAST))
        return SLOW

    assert settle(FakeEngine(answer)) == {"cpu": FAST}
    assert settle(FakeEngine(lambda: SLOW)) == {"cpu": FAST}


def test_typical_figures_stand_in_for_good_where_nothing_can_be_measured(settle) -> None:
    assert settle(FakeEngine(lambda: None)) == {"cpu": TYPICAL}
    assert settle(FakeEngine(lambda: FAST)) == {"cpu": TYPICAL}


def test_a_launch_that_is_to_end_settles_nothing(settle) -> None:
    stop = StopRequest()

    def answer() -> None:
        stop.ask(signal.SIGINT)

    assert settle(FakeEngine(answer), stop=stop) == {"cpu": TYPICAL}
    assert settle(FakeEngine(lambda: FAST)) == {"cpu": FAST}


def test_kinds_of_devices_are_measured_one_by_one(settle, results: Results) -> None:
    answers = iter([FAST, SLOW])
    many = [RunConfig(seed=seed) for seed in range(4000)]
    engine = FakeEngine(lambda: next(answers), slots={"cuda": 1, "cpu": 2})
    assert settle(engine, many) == {"cuda": FAST, "cpu": SLOW}
    assert len(results.storage.names("profiles")) == 2


def test_other_shapes_are_measured_anew(settle) -> None:
    settle(FakeEngine(lambda: SLOW))
    wide = [RunConfig(seed=seed, training=TrainingConfig(n_latents=9)) for seed in range(20)]
    assert settle(FakeEngine(lambda: FAST), wide) == {"cpu": FAST}
    assert settle(FakeEngine(lambda: FAST)) == {"cpu": SLOW}


def test_a_given_size_is_not_questioned(settle) -> None:
    engine = FakeEngine(lambda: FAST)
    assert settle(engine, pack_size=3)["cpu"].pack_size == 3
    assert engine.asked == []


@pytest.mark.parametrize(
    ("configs", "n_slots"),
    [
        ([RunConfig(seed=seed, training=TrainingConfig(n_train=640)) for seed in range(100)], 1),
        (RUNS, 8),  # two and a half minutes
        ([RunConfig(seed=seed, training=TrainingConfig(epochs=60)) for seed in range(6)], 6),  # one run each
    ],
)
def test_sweeps_that_would_not_gain_are_not_measured(
    settle, results: Results, configs: list[RunConfig], n_slots: int
) -> None:
    engine = FakeEngine(lambda: FAST, slots={"cpu": n_slots})
    assert settle(engine, configs) == {"cpu": TYPICAL}
    assert engine.asked == []
    assert not results.storage.is_folder("profiles")


@pytest.mark.parametrize("content", [b"", b"[]", b'{"pack_size": 4}', b'{"speed": 1}', b"\xff"])
def test_a_broken_file_is_settled_again(settle, results: Results, content: bytes) -> None:
    settle(FakeEngine(lambda: SLOW))
    (name,) = results.storage.names("profiles")
    results.storage.write({name: content})
    assert settle(FakeEngine(lambda: FAST)) == settle(FakeEngine(lambda: SLOW)) == {"cpu": FAST}


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, ...]]:
    """Times of packs of 1, 2 and 4 runs that the next measurements find, on a machine without a cache."""
    times: list[tuple[float, ...]] = []

    def calibrate(trial: RunConfig, *, device: str) -> Calibration:
        return Calibration("core", "2.6", "fp32", 1, (1, 2, 4), times.pop(0), bytes_per_run=1.0)

    monkeypatch.setattr(rdsweep.training, "calibrate", calibrate)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return times


def known(results: Results | None) -> DeviceProfile | None:
    return known_profile(RUNS, results, device="cpu", pack_size=None, n_slots=2, n_sharing=1)


def test_a_plan_knows_what_a_run_would_take(
    settle, results: Results, machine: list[tuple[float, ...]]
) -> None:
    assert known(None) is known(results) is None, "a run would measure first"
    machine.append((9e-3, 5e-3, 5e-3))
    settle(FakeEngine(lambda: None))
    assert known(results) == TYPICAL, "a run would not measure again"
    assert known(None) is None
    (name,) = results.storage.names("profiles")
    results.storage.remove(name)
    measured = settle(InlineEngine("cpu"))["cpu"]
    assert measured.pack_size == 2
    assert known(results) == known(None) == measured
    given = known_profile(RUNS, None, device="cpu", pack_size=7, n_slots=2, n_sharing=1)
    assert given is not None
    assert given.pack_size == 7
    assert known_profile(RUNS, None, device="cpu", pack_size=None, n_slots=20, n_sharing=1) == TYPICAL


def test_the_speed_of_this_machine_does_not_touch_packs(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, ...]] = []

    def calibrate(trial: RunConfig, *, device: str, pack_sizes: tuple[int, ...]) -> Calibration:
        asked.append(pack_sizes)
        return Calibration("core", "2.6", "fp32", 1, pack_sizes, (3e-3,), bytes_per_run=1.0)

    monkeypatch.setattr(rdsweep.training, "calibrate", calibrate)
    timed = timed_profile(RUNS, TYPICAL, device="cpu", n_slots=2)
    assert timed == replace(TYPICAL, seconds_per_step=3e-3, measured_on="core")
    few = [replace(run, training=replace(run.training, batch_size=16)) for run in RUNS[:5]]
    assert timed_profile(few, TYPICAL, device="cpu", n_slots=2).seconds_per_step == pytest.approx(12e-3)
    assert asked == [(8,), (3,)], "no pack is larger than its share of the runs"
    assert timed_profile(RUNS, SLOW, device="cpu", n_slots=2) == SLOW, "it was measured before"
    gpu = DEVICE_PROFILES["cuda"]
    assert timed_profile(RUNS, gpu, device="cuda", n_slots=1) == gpu
    assert len(asked) == 2


def test_a_second_launch_finds_the_checkpoint_of_the_first(
    tiny: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, machine: list[tuple[float, ...]]
) -> None:
    sweep, log = tiny.grid(n_seeds=4), tmp_path / "trained"
    options: Any = {"results": tmp_path / "tiny", "engine": "inline", "device": "cpu"}
    options["console"] = Console(file=io.StringIO())

    def die(configs: list[RunConfig], *, checkpointer: Any, **_: Any) -> PackResult:
        identity = " ".join(config.run_id for config in configs)
        checkpointer.save(identity, 1, {"step": torch.tensor(1)})
        raise ImportError("the machine is gone")

    machine += [(9e-3, 5e-3, 5e-3), (9e-3, 7e-3, 5e-3)]  # packs of two, then of four
    with pytest.raises(ImportError):
        run_sweep(sweep, train=die, **options)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "another machine"))
    run_sweep(sweep, train=tiny.trainer(n_steps=2, log=log), **options)
    starts = [line.split()[1] for line in log.read_text().splitlines()]
    assert sorted(starts) == ["0"] * 14 + ["1"] * 2
    assert len(machine) == 1, "the second machine was not measured"
    assert set(open_results(tmp_path / "tiny").read("runs")["pack_size"]) == {2}
