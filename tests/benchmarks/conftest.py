from __future__ import annotations

import importlib.util
import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Callable[..., ModuleType]:
    """Return a function that loads a benchmark and sets its command line and constants."""

    def loaded(name: str, *arguments: object, **constants: object) -> ModuleType:
        spec = importlib.util.spec_from_file_location(f"benchmark_{name}", FOLDER / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, spec.name, module)  # dataclasses look their module up
        spec.loader.exec_module(module)
        monkeypatch.setattr(sys, "argv", [f"{name}.py", *map(str, arguments)])
        for constant, value in constants.items():
            monkeypatch.setattr(module, constant, value)
        return module

    return loaded


@pytest.fixture(scope="session")
def tiny() -> SimpleNamespace:
    """The names of ``sweep_script.py``, with a trainer that costs nothing."""
    return SimpleNamespace(**runpy.run_path(str(Path(__file__).parents[1] / "engines" / "sweep_script.py")))
