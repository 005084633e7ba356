from __future__ import annotations

import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest

from rdsweep.store import Results, open_results
from rdsweep.sweeps import Pack
from rdsweep.training import PackResult


@pytest.fixture(scope="session")
def tiny() -> SimpleNamespace:
    """The names of ``sweep_script.py``, with a trainer that costs nothing."""
    return SimpleNamespace(**runpy.run_path(str(Path(__file__).parents[1] / "engines" / "sweep_script.py")))


@pytest.fixture
def pack(tiny: SimpleNamespace) -> Pack:
    return Pack(tiny.grid(n_seeds=1).configs)


@pytest.fixture
def trained(tiny: SimpleNamespace, pack: Pack) -> PackResult:
    return tiny.trained_pack(pack.configs)


@pytest.fixture
def results(tmp_path: Path) -> Results:
    return open_results(tmp_path / "tiny", create=True)
