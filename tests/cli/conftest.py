from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from rdsweep.cli import _activity, main
from rdsweep.config import RunConfig
from rdsweep.engines import run_sweep
from rdsweep.store import MEASURES
from rdsweep.sweeps import load_sweep
from rdsweep.training import Calibration, PackResult, RunResult

SWEEP = """\
name: tiny
seeds: 3
space:
  grid: {model: [baseline, E1M1], capacity: [1, 3]}
training: {n_train: 128, epochs: 1}
pack_size: 5
"""


def train_all_but_one(configs: Sequence[RunConfig], *, device: str = "cpu", **options: Any) -> PackResult:
    """Train nothing: the run of E1M1 at 3 nats and seed 2 fails, the others measure 1 everywhere."""
    measures = {column.name: 1 for column in MEASURES}

    def result(config: RunConfig) -> RunResult:
        if (config.source.imbalance, config.objective.capacity, config.seed) == ("lower_corridor", 3.0, 2):
            return RunResult(config, "failed", "loss became NaN at step 7")
        return RunResult(config, "completed", measures=measures)

    return PackResult(tuple(map(result, configs)), device, "fp32", 1.0)


def calibrate_at_once(config: RunConfig, *, device: str, pack_sizes: Sequence[int] = (4,)) -> Calibration:
    """Measure nothing: a step takes ten milliseconds."""
    seconds = (10e-3,) * len(pack_sizes)
    return Calibration("old core", "2.13", "fp32", 1, tuple(pack_sizes), seconds, bytes_per_run=1e7)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a sweep file of 12 runs, on a machine that is measured at once."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("rdsweep.training.calibrate", calibrate_at_once)
    (tmp_path / "tiny.yaml").write_text(SWEEP)
    return tmp_path


@pytest.fixture
def with_results(here: Path) -> Path:
    """The same after a run in which one of the 12 failed."""
    sweep = load_sweep("tiny.yaml")
    run_sweep(sweep, results="results/tiny", engine="inline", device="cpu", train=train_all_but_one)
    return here


@pytest.fixture
def rdsweep(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, str, str]]:
    """Run the command line in this process and return its exit code, output and errors."""
    for name in ("_SECONDS_OF_SILENCE", "_SECONDS_BETWEEN_LINES"):  # a slow machine changes no output
        monkeypatch.setattr(_activity, name, 3600.0)

    def call(*arguments: object) -> tuple[int, str, str]:
        capfd.readouterr()
        with pytest.raises(SystemExit) as caught:
            main([str(argument) for argument in arguments])
        printed = capfd.readouterr()
        return int(caught.value.code or 0), printed.out, printed.err

    return call
