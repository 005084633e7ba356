"""A real local Ray, in processes of its own: its warnings are not ours, and a test must be able to end it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from rdsweep.store import open_results

pytest.importorskip("ray")
pytestmark = pytest.mark.ray

SCRIPT = Path(__file__).with_name("sweep_script.py")


@pytest.mark.parametrize(
    ("device", "n_workers", "n_gpus", "resources"),
    [
        ("cpu", 2, 1, {"CPU": 1}),
        ("cuda", 2, 2, {"CPU": 1, "GPU": 1.0}),
        ("cuda", 1, 2, {"CPU": 1, "GPU": 1.0}),
        ("cuda", 5, 2, {"CPU": 1, "GPU": 1 / 3}),
    ],
)
def test_a_trial_takes_a_core_and_a_share_of_a_gpu(
    device: str, n_workers: int, n_gpus: int, resources: dict[str, float]
) -> None:
    from rdsweep.engines._ray import RayEngine

    assert RayEngine(device, n_workers, n_gpus).trial_resources() == resources  # type: ignore[arg-type]


def launch(results: Path, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, str(SCRIPT), str(results), "--engine", "ray", *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def temporary_folders(process: subprocess.Popen[str]) -> list[Path]:
    return list(Path("/tmp").glob(f"rdsweep-{process.pid}-*"))


def test_a_dead_worker_costs_no_run_and_numbers_are_those_of_the_inline_engine(
    tiny: SimpleNamespace, tmp_path: Path
) -> None:
    results, log, died = tmp_path / "tiny", tmp_path / "trained", tmp_path / "died"
    process = launch(results, "--log", str(log), "--die-once", str(died))
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    assert died.exists()

    configs = tiny.grid(n_seeds=4).configs
    assert sorted(log.read_text().split()) == sorted(config.run_id for config in configs)
    runs = open_results(results).read("runs").set_index("run_id")
    for config in configs:
        expected = tiny.trained(config).measures
        assert {name: runs.loc[config.run_id, name] for name in expected} == expected
    assert "16/16 runs" in output
    assert "WARNING" not in output
    assert sorted(path.name for path in results.iterdir() if path.is_file()) == ["sweep.yaml"]
    assert temporary_folders(process) == []


def test_an_interrupt_keeps_finished_packs_and_leaves_nothing_running(tmp_path: Path) -> None:
    results, log = tmp_path / "tiny", tmp_path / "trained"
    process = launch(results, "--seconds", "2", "--log", str(log))
    while len(list((results / "runs").glob("*.parquet"))) < 2:
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.01)
    assert temporary_folders(process)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode != 0
    assert output.rstrip().endswith("KeyboardInterrupt")

    done = open_results(results).done()
    assert 4 <= len(done) < 16
    time.sleep(2.5)  # long enough for two more packs, if a worker were still alive
    assert open_results(results).done() == done
    assert temporary_folders(process) == []
