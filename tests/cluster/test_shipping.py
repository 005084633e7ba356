"""Workers that do not have this package: its code is sent to them, or the sweep ends at once."""

from __future__ import annotations

import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rdsweep.store import code_versions, open_results

pytest.importorskip("ray")
pytestmark = pytest.mark.ray

SCRIPT = Path(__file__).parents[1] / "engines" / "sweep_script.py"
UNSHIPPED = """
import runpy, sys
from rdsweep.engines._ray import _connection
_connection.shipped_code = dict
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
"""Runs a script with a launcher that sends nothing."""


@pytest.fixture(scope="module")
def bare_python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An environment with all that is installed in this one, except this package."""
    environment = tmp_path_factory.mktemp("bare")
    venv.create(environment, symlinks=True)
    packages = Path("lib", f"python{sys.version_info[0]}.{sys.version_info[1]}", "site-packages")
    for entry in Path(sys.prefix, packages).iterdir():
        if "rdsweep" not in entry.name:
            (environment / packages / entry.name).symlink_to(entry)
    return str(environment / "bin" / "python")


def test_the_environment_is_bare(bare_python: str, tmp_path: Path) -> None:
    for module, found in (("torch", True), ("rdsweep", False)):
        imported = subprocess.run([bare_python, "-c", f"import {module}"], cwd=tmp_path, capture_output=True)
        assert (imported.returncode == 0) is found, imported.stderr


def launch(cluster: Any, results: Path, *program: str) -> subprocess.CompletedProcess[str]:
    options = [str(results), "--engine", "ray", "--address", cluster.address, "--workers", "2"]
    return subprocess.run(
        [sys.executable, *program, str(SCRIPT), *options],
        cwd=results.parent, env=cluster.environment, capture_output=True, text=True, timeout=90,
    )  # fmt: skip


def test_the_code_of_the_launcher_reaches_workers_that_do_not_have_it(
    start_cluster: Callable[..., Any], bare_python: str, tmp_path: Path
) -> None:
    cluster = start_cluster(python=bare_python)
    results = tmp_path / "tiny"
    finished = launch(cluster, results)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    runs = open_results(results).read("runs")
    assert len(runs) == 16
    assert set(runs["git_commit"]) == {code_versions()["git_commit"]}

    stopped = launch(cluster, tmp_path / "unshipped", "-c", UNSHIPPED)
    assert stopped.returncode == 1
    last = stopped.stdout.splitlines()[-1]
    assert last.startswith("stopped after 3 failed starts of workers: "), stopped.stdout + stopped.stderr
    assert last.endswith("No module named 'rdsweep'")
    assert open_results(tmp_path / "unshipped").read("runs").empty
