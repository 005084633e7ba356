from __future__ import annotations

import io
import warnings
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from rich.console import Console

from rdsweep.engines import SweepSummary, run_sweep, slow_precisions
from rdsweep.sweeps import Sweep
from rdsweep.training import PackResult, PrecisionWarning

CPUS = {"without": {"avx2": True, "avx512_bf16": False}, "with": {"avx2": True, "avx512_bf16": True}}


@pytest.fixture
def cpu(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A CPU with or without instructions for bf16."""
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: CPUS[request.param], raising=False)
    return request.param


def in_bf16(sweep: Sweep) -> Sweep:
    return replace(
        sweep,
        configs=tuple(replace(c, training=replace(c.training, precision="bf16")) for c in sweep.configs),
    )


def run(tiny: SimpleNamespace, place: Path, sweep: Sweep, **options: Any) -> tuple[SweepSummary, str]:
    """Run a sweep in packs of three with a trainer that warns as `train_pack` does."""
    train = tiny.trainer()

    def warn_and_train(configs: Any, **arguments: Any) -> PackResult:
        warnings.warn("bf16 is slow", PrecisionWarning)
        return train(configs, **arguments)

    shown = io.StringIO()
    options = {"engine": "inline", "device": "cpu", "pack_size": 3, "train": warn_and_train} | options
    summary = run_sweep(sweep, results=place, console=Console(file=shown), **options)
    return summary, shown.getvalue()


@pytest.mark.parametrize("cpu", ["without"], indirect=True)
def test_a_slow_precision_is_told_once_at_the_start(cpu: str, tiny: SimpleNamespace, tmp_path: Path) -> None:
    summary, shown = run(tiny, tmp_path, in_bf16(tiny.grid(n_seeds=2)))
    (line,) = slow_precisions(in_bf16(tiny.grid(n_seeds=1)).configs, "cpu")
    assert shown.startswith(f"{line}\n")
    assert shown.count("6 to 8 times") == 1
    assert (summary.n_missing, summary.problems) == (0, ())


@pytest.mark.parametrize("cpu", ["without"], indirect=True)
def test_workers_of_a_cluster_tell_it_at_the_end(
    cpu: str, tiny: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The launcher of a cluster does not know its nodes; the inline engine stands in for one.
    monkeypatch.setattr("rdsweep.engines._sweep.slow_precisions", lambda configs, device: ())
    sweep = in_bf16(tiny.grid(n_seeds=2))
    summary, shown = run(tiny, tmp_path, sweep)
    assert "6 to 8 times" not in shown
    assert summary.problems == slow_precisions(sweep.configs, "cpu")


@pytest.mark.parametrize(("cpu", "precision"), [("with", "bf16"), ("without", "auto")], indirect=["cpu"])
def test_nothing_is_told_where_nothing_is_slow(
    cpu: str, precision: str, tiny: SimpleNamespace, tmp_path: Path
) -> None:
    sweep = tiny.grid(n_seeds=1)
    summary, shown = run(tiny, tmp_path, in_bf16(sweep) if precision == "bf16" else sweep)
    assert "times as long" not in shown
    assert (summary.n_missing, summary.problems) == (0, ())
