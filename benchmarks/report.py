"""Time a whole report of many runs: page, tables and figures in every format, on one core."""

from __future__ import annotations

import argparse
import cProfile
import pstats
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from rdsweep.report import build_report
from rdsweep.store import open_results, table_schema
from rdsweep.sweeps import parse_sweep

_SWEEP = """\
name: many
seeds: {n_seeds}
space:
  - grid: {{model: [baseline, E1M1, E1M2, E2M1, E2M2, E2M3, E2M4, E2M5], capacity: {capacities}}}
"""
_REPORT = Path(__file__).parents[1] / "reports" / "paper.yaml"


def synthetic_tables(n_capacities: int, n_seeds: int) -> dict[str, pd.DataFrame]:
    """Return runs and scores of the paper's models that follow a Gaussian source's curve with noise."""
    capacities = np.linspace(0.3, 10, n_capacities).round(3).tolist()
    text = _SWEEP.format(n_seeds=n_seeds, capacities=capacities)
    configs = parse_sweep(text, name="many").configs
    with tempfile.TemporaryDirectory() as folder:
        runs = open_results(Path(folder), create=True).status(configs)
    rng = np.random.default_rng(0)
    noise = rng.standard_normal((2, len(runs)))
    rate = runs["capacity"] * (1 + 0.006 * noise[0])
    distortion = 0.0535 + 0.1 * np.exp(-rate / (2.5 + 0.1 * runs["tasks"].str.len())) + 5e-4 * noise[1]
    measures = {name: distortion for name in table_schema("runs").names if name.startswith("distortion")}
    measures |= dict.fromkeys(("rate", "rate_own", "mutual_information"), rate)
    configs_text = [config.canonical_json() for config in configs]
    runs = runs.assign(config=configs_text, status="completed", wall_seconds=1.0, pack_id="pack", **measures)
    tasks = runs.assign(task=runs["tasks"].str.split("+")).explode("task").query("task != ''")
    scores = tasks[["run_id", "task"]].assign(regime="joint", head="linear", f1=1 - tasks["distortion_mse"])
    return {"scores": scores, "runs": runs}


def write_tables(tables: dict[str, pd.DataFrame], folder: Path) -> None:
    """Write the tables as a results folder of one pack."""
    for name, frame in tables.items():
        schema = table_schema(name)
        (folder / name).mkdir(parents=True)
        filled = frame.reindex(columns=schema.names)
        texts = [field.name for field in schema if pa.types.is_string(field.type)]
        filled[texts] = filled[texts].astype(object).fillna("")
        part = pa.Table.from_pandas(filled, schema=schema, preserve_index=False)
        pq.write_table(part, folder / name / "pack.parquet")


def main() -> None:
    """Write the tables, build the report and print its time and size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--capacities", type=int, default=25)
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--report", type=Path, default=_REPORT)
    parser.add_argument("--profile", action="store_true", help="print where the time goes")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tables = synthetic_tables(options.capacities, options.seeds)
        write_tables(tables, folder / "results")
        profile = cProfile.Profile()
        start = time.perf_counter()
        if options.profile:
            profile.enable()
        page = build_report(options.report, results=folder / "results", out=folder / "report")
        profile.disable()
        seconds = time.perf_counter() - start
        size = page.stat().st_size / 1e6
        print(f"{len(tables['runs'])} runs: {seconds:.1f} s, page of {size:.1f} MB")
        if options.profile:
            pstats.Stats(profile).sort_stats("cumulative").print_stats("rdsweep|rdstats", 40)


if __name__ == "__main__":
    main()
