from __future__ import annotations

import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).with_name("study_script.py")


@pytest.fixture
def launch() -> Callable[..., int]:
    """A function that runs a study in another process and returns its exit status."""

    def run(study: Path, results: Path, *options: str) -> int:
        command = [sys.executable, "-W", "error", str(SCRIPT), str(study), str(results), *options]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert ended.returncode in (0, -9), ended.stderr
        return ended.returncode

    return run


@pytest.fixture(scope="session")
def train() -> Any:
    """A training function with a known front: D = 0.05 + 0.1 exp(-R / 2), R falling with log β."""
    return runpy.run_path(str(SCRIPT))["train"]
