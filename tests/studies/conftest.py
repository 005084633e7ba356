from __future__ import annotations

import json
import runpy
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).with_name("study_script.py")


@pytest.fixture(scope="module")
def launch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., int]]:
    """A function that runs a study in another process and returns its exit status."""
    errors = tmp_path_factory.mktemp("launches") / "errors"
    with (
        errors.open("wb") as log,
        subprocess.Popen(
            [sys.executable, "-W", "error", str(SCRIPT), "--serve"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
        ) as server,
    ):  # fmt: skip
        assert server.stdin is not None
        assert server.stdout is not None

        def run(study: Path, results: Path, *options: str) -> int:
            print(json.dumps([str(study), str(results), *options]), file=server.stdin, flush=True)
            status = int(server.stdout.readline() or 1)
            assert status in (0, -9), errors.read_text()
            return status

        yield run
        server.stdin.close()


@pytest.fixture(scope="session")
def train() -> Any:
    """A training function with a known front: D = 0.05 + 0.1 exp(-R / 2), R falling with log β."""
    return runpy.run_path(str(SCRIPT))["train"]
