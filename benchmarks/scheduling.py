"""What a pack costs besides its training: leases, a trial of Ray Tune, progress, storage.

Packs of one run each that train nothing go through the whole engine, and the inline engine for comparison.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from rdsweep.config import RunConfig
from rdsweep.engines import open_engine, run_sweep
from rdsweep.sweeps import Sweep
from rdsweep.training import PackResult, RunResult


def train_nothing(configs: Sequence[RunConfig], **_: Any) -> PackResult:
    """Return that no run was trained."""
    runs = tuple(RunResult(config, "failed", "not trained") for config in configs)
    return PackResult(runs, device="none", precision="", wall_seconds=0.0)


def seconds_per_pack(n_packs: int, *, engine: str, n_workers: int) -> float:
    """Return wall time per pack, with Ray started beforehand but its workers not."""
    configs = tuple(RunConfig(seed=seed) for seed in range(n_packs))
    sweep = Sweep("scheduling", configs, n_packs, resolved={"name": "scheduling", "seeds": n_packs})
    where = {"engine": engine, "device": "cpu", "n_workers": n_workers if engine == "ray" else None}
    quiet = Console(file=io.StringIO())
    with (
        tempfile.TemporaryDirectory() as results,
        open_engine(engine, address=None, device="cpu", n_workers=where["n_workers"]),
    ):
        started = time.perf_counter()
        summary = run_sweep(sweep, results=results, pack_size=1, train=train_nothing, console=quiet, **where)
        seconds = time.perf_counter() - started
    assert summary.n_failed == n_packs, summary
    return seconds / n_packs


def main() -> None:
    """Time both engines and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packs", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    figures = {
        engine: seconds_per_pack(arguments.packs, engine=engine, n_workers=arguments.workers)
        for engine in ("inline", "ray")
    }
    print(f"{arguments.packs} packs, {arguments.workers} workers")
    for engine, seconds in figures.items():
        print(f"{engine:<8}{1e3 * seconds:8.1f} ms per pack")
    if arguments.json:
        arguments.json.write_text(json.dumps({**vars(arguments), "json": None, **figures}, indent=2))


if __name__ == "__main__":
    main()
