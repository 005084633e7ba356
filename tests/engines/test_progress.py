from __future__ import annotations

import io
import time
from types import SimpleNamespace

import pytest
from rich.console import Console

from rdsweep.engines._progress import SweepProgress
from rdsweep.sweeps import Pack, plan_packs


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(time, "monotonic", lambda: clock.now)
    return clock


@pytest.fixture
def packs(tiny: SimpleNamespace) -> tuple[Pack, ...]:
    return plan_packs(tiny.grid(n_seeds=2).configs, pack_size=4)


def test_lines_off_a_terminal(clock: SimpleNamespace, packs: tuple[Pack, ...]) -> None:
    shown = io.StringIO()
    with SweepProgress(
        {"cpu": packs}, slots={"cpu": 1}, n_runs=10, n_settled=2, console=Console(file=shown)
    ) as progress:
        progress.update(packs[0].pack_id, 0.5)
        assert shown.getvalue() == "training: 2/10 runs\n"
        clock.now += 30.0
        progress.update(packs[0].pack_id, 1.0)
        progress.update(packs[1].pack_id, 0.25)
        clock.now += 1.0
        progress.update(packs[1].pack_id, 1.0)
        progress.update(packs[1].pack_id, 1.0)
    assert shown.getvalue().splitlines()[1:] == [
        "6/10 runs, 8 per minute, 0:00:30 left",
        "10/10 runs, 15.5 per minute, 0:00:00 left",
    ]


def test_a_pack_that_starts_again_goes_back(clock: SimpleNamespace, packs: tuple[Pack, ...]) -> None:
    shown = io.StringIO()
    with SweepProgress(
        {"cpu": packs}, slots={"cpu": 1}, n_runs=8, n_settled=0, console=Console(file=shown)
    ) as progress:
        progress.update(packs[0].pack_id, 1.0)
        clock.now += 30.0
        progress.update(packs[0].pack_id, 0.25)
    assert shown.getvalue().splitlines()[1:] == ["1/8 runs, 2 per minute, 0:03:30 left"]


def test_one_bar_on_a_terminal(clock: SimpleNamespace, packs: tuple[Pack, ...]) -> None:
    shown = io.StringIO()
    console = Console(file=shown, force_terminal=True, width=80)
    with SweepProgress({"cpu": packs}, slots={"cpu": 1}, n_runs=8, n_settled=0, console=console) as progress:
        clock.now += 60.0
        for pack in packs:
            progress.update(pack.pack_id, 1.0)
    assert "8/8 runs, 8 per minute, 0:00:00 left" in shown.getvalue()
