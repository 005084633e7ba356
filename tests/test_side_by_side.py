"""Two processes share the tests: a file's stay together, and so do all that start a Ray."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

TESTS = """
import os
from pathlib import Path

import pytest

{mark}

@pytest.mark.parametrize("number", range(4))
def test_something(number):
    with Path("ran").open("a") as ran:
        ran.write(f"{name} {{os.environ['PYTEST_XDIST_WORKER']}}\\n")
"""


def test_the_tests_of_a_file_and_all_that_start_a_ray_run_in_one_process(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    shutil.copy(Path(__file__).with_name("conftest.py"), tmp_path / "tests")
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n    ray\ntestpaths = tests\n")
    for name in ("a", "b", "c", "ray_d", "ray_e", "ray_f"):
        mark = "pytestmark = pytest.mark.ray" if name.startswith("ray") else ""
        (tmp_path / "tests" / f"test_{name}.py").write_text(TESTS.format(name=name, mark=mark))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    command = [sys.executable, "-m", "pytest", "-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    ran = [line.split() for line in (tmp_path / "ran").read_text().splitlines()]
    assert len(ran) == 6 * 4
    workers = {(name.partition("_")[0], worker) for name, worker in ran}
    assert len(workers) == 4, "each of a, b, c and of the three with a Ray in one process"
    assert {worker for _, worker in workers} == {"gw0", "gw1"}
