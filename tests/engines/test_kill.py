from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from rdsweep.store import Results, open_results

SCRIPT = Path(__file__).with_name("sweep_script.py")
CIRCUMSTANCES = ["pack_id", "pack_size", "pack_seconds", "wall_seconds", "finished_at"]
"""Columns of the runs table that say how a run came about rather than what it is."""


def launch(results: Path, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, str(SCRIPT), str(results), *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def wait_for_parts(results: Path, n_parts: int, process: subprocess.Popen[str]) -> None:
    while len(list((results / "runs").glob("*.parquet"))) < n_parts:
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.01)


def finished_parts(results: Path) -> dict[Path, tuple[int, bytes]]:
    parts = (results / "runs").glob("*.parquet")
    return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in parts}


def outcome(store: Results, table: str) -> pd.DataFrame:
    return store.read(table).drop(columns=CIRCUMSTANCES, errors="ignore")


def assert_equal_results(left: Path, right: Path) -> None:
    for table in ("runs", "scores", "history", "maps"):
        pd.testing.assert_frame_equal(
            outcome(open_results(left), table), outcome(open_results(right), table), check_exact=True
        )


@pytest.fixture(scope="module")
def serial(tiny: SimpleNamespace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of a launch that nothing interrupted."""
    results = tmp_path_factory.mktemp("serial") / "tiny"
    process = launch(results)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    return results


def test_a_killed_sweep_goes_on_where_it_was(serial: Path, tmp_path: Path) -> None:
    results, log = tmp_path / "tiny", tmp_path / "trained"
    process = launch(results, "--seconds", "0.3", "--log", str(log))
    wait_for_parts(results, 3, process)
    process.kill()
    process.communicate()
    before = finished_parts(results)
    assert 3 <= len(before) < 8

    log.unlink()
    restarted = launch(results, "--log", str(log))
    output, _ = restarted.communicate(timeout=60)
    assert restarted.returncode == 0, output
    after = finished_parts(results)
    assert {path: after[path] for path in before} == before
    assert len(log.read_text().splitlines()) == 16 - 2 * len(before)
    assert_equal_results(results, serial)
