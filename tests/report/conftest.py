"""Tables of a sweep as training would leave them, made from a Gaussian source."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rdsweep.config import ObjectiveConfig, ProbeConfig, RunConfig
from rdsweep.models import MODELS, default_head
from rdsweep.report import build_report
from rdsweep.store import table_schema

Tables = tuple[pd.DataFrame, pd.DataFrame]

QUICK = """\
title: A <small> sweep & its report
summary: Three models at three capacities.
metrics: [distortion_mse]
panels:
  - {title: Imbalanced source, conditions: [E1M1]}
  - {title: Hybrid model, conditions: [E2M1]}
"""

_DIMENSION = 5.6  # of the Gaussian source whose curve the runs follow
# Nats that each model spends on its task: what shifts its curve against the baseline's.
_TASK_RATE = {"E2M1": 0.35, "E2M2": 0.25, "E2M3": 0.5, "E2M4": 0.9, "E2M5": 1.4}
_CHANCE = {"order": 0.70, "region": 0.86, "equality": 0.14, "bins": 0.01}
_EASE = {"order": 1.0, "region": 1.3, "equality": 0.5, "bins": 0.45}


def _config(model: str, capacity: float, seed: int) -> RunConfig:
    entry = MODELS[model]
    objective = ObjectiveConfig(capacity=capacity)
    return RunConfig(entry.source(), entry.heads(), objective, probes=_probes(model), seed=seed)


def _probes(model: str) -> tuple[ProbeConfig, ...]:
    """Return probes for the tasks that a model does not learn: none for the imbalanced models and E2M5."""
    if model not in ("baseline", "E2M1", "E2M2", "E2M3", "E2M4"):
        return ()
    tasks = [task for task in _CHANCE if task not in MODELS[model].tasks]
    again = [ProbeConfig(task, "nonlinear") for task in tasks if default_head(task) == "linear"]
    return (*(ProbeConfig(task, default_head(task)) for task in tasks), *again)


def _run_row(model: str, config: RunConfig, rng: np.random.Generator) -> dict[str, object]:
    capacity = config.objective.capacity or 0.0
    rate = capacity * (1 + 0.006 * rng.standard_normal())
    spare = max(rate - _TASK_RATE.get(model, 0.0) * min(rate, 1.0), 0.0)
    # A common part by seed, since equal seeds share weights and noise.
    noise = 4e-4 * np.random.default_rng(config.seed).standard_normal() + 5e-4 * rng.standard_normal()
    distortion = 0.0535 + 0.1018 * np.exp(-2 * spare / _DIMENSION) + noise
    return {
        "run_id": config.run_id, "condition_id": config.condition_id, "model": model,
        "protocol": "matched", "imbalance": config.source.imbalance, "ratio": config.source.ratio,
        "tasks": "+".join(task.name for task in config.tasks), "task_weight": 1.0 if config.tasks else np.nan,
        "objective": "constrained", "capacity": capacity, "gamma": np.nan, "beta_setting": np.nan,
        "rate_weight": 0.0003, "n_latents": 5, "n_train": 75_000, "epochs": 6, "batch_size": 64,
        "learning_rate": 5e-4, "seed": config.seed, "config": config.canonical_json(),
        "rate": rate, "rate_own": rate, "distortion_mse": distortion, "distortion_mse_own": distortion,
        "distortion_mse_mean": distortion - 0.001, "distortion_mse_mean_own": distortion - 0.001,
        "mutual_information": 0.97 * rate, "marginal_mismatch": 0.03 * rate,
        "beta": 0.2036 / _DIMENSION * np.exp(-2 * spare / _DIMENSION), "objective_value": distortion,
        "active_latents": 5, "steps": 7032, "status": "completed", "message": "", "sweep": "synthetic",
        "pack_id": f"pack{config.seed}", "pack_size": 40, "pack_seconds": 2240.0, "wall_seconds": 56.0,
        "finished_at": "2026-11-24T06:00:00+00:00", "device": "cpu", "precision": "fp32",
        "rdsweep_version": "0.1.0", "torch_version": "2.9.0", "git_commit": "0123456789abcdef0123",
    }  # fmt: skip


def _score_rows(config: RunConfig, rate: float, rng: np.random.Generator) -> list[dict[str, object]]:
    readers = [(task.name, "joint", task.head) for task in config.tasks]
    readers += [(probe.name, "probe", probe.head) for probe in config.probes]
    rows = []
    for task, regime, head in readers:
        gain = 1 - np.exp(-(3.0 if regime == "joint" else 0.6) * rate * _EASE[task])
        score = _CHANCE[task] + (0.995 - _CHANCE[task]) * gain + 0.003 * rng.standard_normal()
        rows.append(
            {
                "run_id": config.run_id, "task": task, "regime": regime, "head": head, "f1": score,
                "accuracy": score, "cross_entropy": 1 - score, "f1_batch": score, "f1_chance": _CHANCE[task],
                "accuracy_chance": 0.5, "cross_entropy_chance": 0.69,
            }
        )  # fmt: skip
    return rows


def synthetic_tables(
    models: Sequence[str] = ("baseline", "E1M1", "E2M1"),
    capacities: Sequence[float] = (0.5, 2.0, 5.0),
    seeds: Sequence[int] = (0, 1, 2),
) -> Tables:
    """Return the runs and scores tables of a crossed sweep."""
    rng = np.random.default_rng(20261124)
    runs, scores = [], []
    for model in models:
        for capacity in capacities:
            for seed in seeds:
                config = _config(model, capacity, seed)
                row = _run_row(model, config, rng)
                runs.append(row)
                scores += _score_rows(config, float(row["rate"]), rng)
    names = table_schema("runs").names, table_schema("scores").names
    return pd.DataFrame(runs, columns=names[0]), pd.DataFrame(scores, columns=names[1])


def failed(
    runs: pd.DataFrame, rows: Sequence[int], message: str = "loss became NaN at step 812"
) -> pd.DataFrame:
    """Return ``runs`` with the rows at these places turned into failures."""
    runs = runs.copy()
    runs.loc[list(rows), ["rate", "distortion_mse", "mutual_information", "wall_seconds"]] = np.nan
    runs.loc[list(rows), ["status", "message"]] = ["failed", message]
    return runs


def write_results(folder: Path, tables: Tables) -> Path:
    """Write the tables as a results folder, one part per pack."""
    runs, scores = tables
    pack_of_run = runs.set_index("run_id")["pack_id"]
    for name, frame in (("scores", scores), ("runs", runs)):
        (folder / name).mkdir(parents=True)
        for pack_id, rows in frame.groupby(frame["run_id"].map(pack_of_run)):
            part = pa.Table.from_pandas(rows, schema=table_schema(name), preserve_index=False)
            pq.write_table(part, folder / name / f"{pack_id}.parquet")
    return folder


@pytest.fixture
def make_tables() -> Callable[..., Tables]:
    """Return the maker of runs and scores tables."""
    return synthetic_tables


@pytest.fixture
def make_failures() -> Callable[..., pd.DataFrame]:
    """Return the function that turns runs into failures."""
    return failed


@pytest.fixture
def make_results(tmp_path: Path) -> Callable[[Tables], Path]:
    """Return the function that writes tables as a results folder."""
    return lambda tables: write_results(tmp_path / "results", tables)


@pytest.fixture(scope="session")
def quick_report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a report of 27 runs, two of which failed."""
    folder = tmp_path_factory.mktemp("quick")
    runs, scores = synthetic_tables()
    results = write_results(folder / "results", (failed(runs, [7, 20]), scores))
    report_file = folder / "report.yaml"
    report_file.write_text(QUICK, encoding="utf-8")
    build_report(report_file, results=results, out=folder / "report")
    return folder
