from __future__ import annotations

import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest


@pytest.fixture(scope="session")
def tiny() -> SimpleNamespace:
    """The names of ``sweep_script.py``, which other processes run as a program."""
    return SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("sweep_script.py"))))
