"""Time the commands that look at results on 100,000 runs in 2,000 packs, of which 1,900 are stored.

On one core: ``OMP_NUM_THREADS=1 python benchmarks/store_scale.py [--csv FILE]``. The parts are made up and as
large as real ones. Each command runs in a process of its own; its peak memory is at least that of this one.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from rdsweep.store import MEASURES, open_results
from rdsweep.sweeps import load_sweep, plan_packs
from rdsweep.training import PackResult, RunResult

PACK_SIZE = 50
SWEEP = """\
name: large
seeds: {n_seeds}
space:
  grid: {{model: [baseline, E1M1, E1M2, E2M1, E2M2, E2M3, E2M4, E2M5], capacity: [0.3, 1, 3, 6, 10]}}
pack_size: 50
"""
READ = "from rdsweep.store import open_results; open_results({results!r}).{call}"


def make_results(folder: Path, *, n_runs: int) -> Path:
    """Store 95 % of the runs of a sweep with made-up measures, and return its file."""
    file = folder / "large.yaml"
    file.write_text(SWEEP.format(n_seeds=n_runs // 40))
    sweep = load_sweep(file)
    packs = plan_packs(sweep.configs, pack_size=PACK_SIZE)
    results = open_results(folder / "results", create=True)
    results.write_sweep(file.read_text())
    rng = np.random.default_rng(0)
    for pack in packs[: len(packs) * 95 // 100]:
        numbers = rng.random((len(pack.configs), len(MEASURES)))
        runs = tuple(
            RunResult(config, "completed", measures=_measures(row))
            for config, row in zip(pack.configs, numbers, strict=True)
        )
        results.write_pack(pack, PackResult(runs, "cpu", "fp32", 1.0), sweep_name="large")
    return file


def _measures(numbers: np.ndarray) -> dict[str, float]:
    return {
        column.name: 7 if str(column.type) == "int64" else float(number)
        for column, number in zip(MEASURES, numbers, strict=True)
    }


def measure(name: str, arguments: list[str]) -> dict[str, object]:
    """Run Python with ``arguments`` and return its wall time, CPU time and peak memory."""
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, *arguments], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{name} ended with exit code {process.returncode}")
    unit = 1 if sys.platform == "darwin" else 1024
    return {
        "operation": name,
        "wall, s": time.perf_counter() - started,
        "CPU, s": usage.ru_utime + usage.ru_stime,
        "peak memory, GB": usage.ru_maxrss * unit / 1e9,
    }


def main() -> None:
    """Print one row per operation."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--csv", type=Path, help="file to write the table to")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        file, results = make_results(Path(name), n_runs=options.runs), f"{name}/results"
        command = ["-c", "from rdsweep.cli import main; main()"]
        operations = {
            "rdsweep plan": [*command, "plan", str(file), "--results", results, "--device", "cpu"],
            "rdsweep status": [*command, "status", results],
            "rdsweep verify": [*command, "verify", results],
            "ledger: outcomes()": ["-c", READ.format(results=results, call="outcomes()")],
            "reader: read('runs')": ["-c", READ.format(results=results, call="read('runs')")],
        }
        table = pd.DataFrame([measure(name, arguments) for name, arguments in operations.items()])
    print(table.round(2).to_string(index=False))
    if options.csv is not None:
        table.to_csv(options.csv, index=False)


if __name__ == "__main__":
    main()
