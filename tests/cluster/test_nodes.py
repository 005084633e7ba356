"""Clusters of several nodes on the loopback interface: what becomes of a sweep when a part of one dies."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from rdsweep.store import open_results

pytest.importorskip("ray")
pytestmark = [
    pytest.mark.ray,
    pytest.mark.skipif(
        " " in sys.executable, reason="Ray starts workers by a shell line that does not quote Python's path"
    ),
]

SCRIPT = Path(__file__).parents[1] / "engines" / "sweep_script.py"
CIRCUMSTANCES = ["pack_id", "pack_size", "pack_seconds", "wall_seconds", "finished_at"]
"""Columns of the runs table that say how a run came about rather than what it is."""

N_RUNS, N_STEPS = 16, 10
PATIENCE_SECONDS = 180.0
"""Six times what a test takes on two quiet cores: a busy machine is no failure."""

StartCluster = Callable[..., Any]


def launch(cluster: Any, results: Path, log: Path, *options: str) -> subprocess.Popen[str]:
    command = [
        sys.executable, str(SCRIPT), str(results), "--engine", "ray", "--address", cluster.address,
        "--workers", "2", "--steps", str(N_STEPS), "--log", str(log), *options,
    ]  # fmt: skip
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=cluster.environment
    )


def wait_until(condition: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    give_up = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < give_up, "nothing happened for minutes"
        time.sleep(0.02)


def parts(results: Path) -> dict[str, tuple[int, bytes]]:
    return {p.name: (p.stat().st_mtime_ns, p.read_bytes()) for p in (results / "runs").glob("*.parquet")}


def starts(log: Path) -> list[tuple[str, int, str]]:
    """Return run, first step and node of every start of a pack, once per run."""
    lines = log.read_text().splitlines() if log.exists() else []
    return [(run_id, int(step), node) for run_id, step, node in map(str.split, lines)]


def assert_equal_results(left: Path, right: Path) -> None:
    for table in ("runs", "scores", "history", "maps"):
        of_both = [
            open_results(path).read(table).drop(columns=CIRCUMSTANCES, errors="ignore")
            for path in (left, right)
        ]
        pd.testing.assert_frame_equal(*of_both, check_exact=True)


@pytest.fixture(scope="module")
def serial(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of a launch without Ray that nothing interrupted."""
    results = tmp_path_factory.mktemp("serial") / "tiny"
    subprocess.run(
        [sys.executable, str(SCRIPT), str(results)], check=True, capture_output=True, timeout=PATIENCE_SECONDS
    )
    return results


def test_the_packs_of_a_dead_node_go_on_from_their_checkpoints_on_another(
    start_cluster: StartCluster, serial: Path, tmp_path: Path
) -> None:
    cluster, results, log = start_cluster(), tmp_path / "tiny", tmp_path / "log"
    process = launch(cluster, results, log, "--seconds", "2")
    # Until packs are stored and another one, the last to start, is well under way on the node to be killed.
    wait_until(lambda: len(parts(results)) >= 1 and len(starts(log)) >= 8, process)
    time.sleep(1.0)
    before = parts(results)
    assert all(step == 0 for _, step, _ in starts(log)), "without a death nothing goes on part-way"
    victim = int(starts(log)[-1][2])
    cluster.kill(cluster.nodes[victim])
    output, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0, output
    after = parts(results)
    assert {name: after[name] for name in before} == before
    again = [(run_id, node) for run_id, step, node in starts(log) if step > 0]
    assert len(again) == 2, "one pack of two runs goes on part-way"
    first_nodes = {run_id: node for run_id, step, node in starts(log) if step == 0}
    assert all(first_nodes[run_id] != node for run_id, node in again)
    assert len(starts(log)) == N_RUNS + 2, "and nothing else is trained twice"
    assert_equal_results(results, serial)


def test_a_launcher_that_dies_is_replaced_on_the_same_cluster(
    start_cluster: StartCluster, serial: Path, tmp_path: Path
) -> None:
    cluster, results, log = start_cluster(), tmp_path / "tiny", tmp_path / "log"
    process = launch(cluster, results, log, "--seconds", "2")
    wait_until(lambda: len(parts(results)) >= 2 and len(starts(log)) >= 8, process)
    time.sleep(1.0)
    process.kill()
    process.communicate()
    time.sleep(1.0)  # for Ray to end the workers of the dead launcher
    before, n_starts = parts(results), len(starts(log))
    assert 2 <= len(before) < N_RUNS / 2
    restarted = launch(cluster, results, log)
    output, _ = restarted.communicate(timeout=PATIENCE_SECONDS)
    assert restarted.returncode == 0, output
    after = parts(results)
    assert {name: after[name] for name in before} == before
    assert len(starts(log)) - n_starts == N_RUNS - 2 * len(before), "finished packs are not trained again"
    assert any(step > 0 for _, step, _ in starts(log)[n_starts:]), "an unfinished one goes on part-way"
    assert_equal_results(results, serial)
