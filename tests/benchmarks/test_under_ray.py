"""The parts of benchmarks that start a Ray."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import pytest

pytest.importorskip("ray")
pytestmark = [pytest.mark.slow, pytest.mark.ray]

Load = Callable[..., ModuleType]


def test_packed_training_against_one_run_per_trial(load: Load) -> None:
    assert set(load("packed_training").one_run_per_trial(2, 1)) == {"packed", "one run per trial"}


def test_scheduling_under_ray(load: Load, capsys: pytest.CaptureFixture[str]) -> None:
    load("scheduling", "--packs", 2, "--workers", 1).main()
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["2", "inline", "ray"]
