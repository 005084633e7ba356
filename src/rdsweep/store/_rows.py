"""From a trained pack to the rows of its tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from rdsweep.config import RunConfig
from rdsweep.models import model_name
from rdsweep.store._provenance import code_versions
from rdsweep.store._schema import MEASURES, TABLES, table_schema

if TYPE_CHECKING:
    from rdsweep.sweeps import Pack
    from rdsweep.training import PackResult, RunResult


def condition_row(config: RunConfig) -> dict[str, Any]:
    """Return the columns of the runs table that the configuration determines.

    Examples
    --------
    >>> row = condition_row(RunConfig(seed=3))
    >>> row["model"], row["capacity"], row["beta_setting"], row["seed"]
    ('baseline', 1.0, None, 3)
    """
    weights = {task.weight for task in config.tasks}
    return {
        "run_id": config.run_id,
        "condition_id": config.condition_id,
        "model": model_name(config),
        "protocol": config.protocol,
        "imbalance": config.source.imbalance,
        "ratio": config.source.ratio,
        "tasks": "+".join(task.name for task in config.tasks),
        "task_weight": weights.pop() if len(weights) == 1 else None,
        "objective": config.objective.kind,
        "capacity": config.objective.capacity,
        "gamma": config.objective.gamma,
        "beta_setting": config.objective.beta,
        "rate_weight": config.objective.rate_weight,
        "n_latents": config.training.n_latents,
        "n_train": config.training.n_train,
        "epochs": config.training.epochs,
        "batch_size": config.training.batch_size,
        "learning_rate": config.training.learning_rate,
        "seed": config.seed,
        "config": config.canonical_json(),
    }


def condition_table(configs: Sequence[RunConfig]) -> pd.DataFrame:
    """Return `condition_row` of each of ``configs`` but for the column ``config``, in order.

    Runs of one condition differ in id and seed only, so that 100,000 runs take a second.
    """
    first_of = {config.condition_id: config for config in reversed(configs)}
    rows = pd.DataFrame([condition_row(config) for config in first_of.values()])
    wanted = [config.condition_id for config in configs]
    table = (
        rows.drop(columns="config").set_index("condition_id", drop=False).loc[wanted].reset_index(drop=True)
    )
    ids, seeds = [config.run_id for config in configs], [config.seed for config in configs]
    return table.assign(run_id=ids, seed=seeds)


def pack_tables(pack: Pack, result: PackResult, *, sweep_name: str) -> dict[str, pa.Table]:
    """Return the rows of a trained pack, by table, in the order in which they are to be stored.

    Parameters
    ----------
    pack : Pack
    result : PackResult
        Its runs are those of ``pack``, in order.
    sweep_name : str

    Raises
    ------
    ValueError
        If the runs differ, a completed run lacks a measure, or a row has a column that its table has not.
    """
    if [run.config.run_id for run in result.runs] != [config.run_id for config in pack.configs]:
        raise ValueError(f"result must hold the runs of pack {pack.pack_id} in order, but it does not")
    origin = _origin(pack, result, sweep_name=sweep_name)
    rows = {
        "scores": _labeled((run, run.scores) for run in result.runs),
        "history": _labeled((run, run.history) for run in result.runs),
        "score_history": _labeled((run, run.score_history) for run in result.runs),
        "maps": [_map_row(run) for run in result.runs if run.maps],
        "codes": [_code_row(run) for run in result.runs if run.codes is not None],
        "runs": [_run_row(run) | origin for run in result.runs],
    }
    return {table: arrow_table(table, rows[table]) for table in TABLES}


def _origin(pack: Pack, result: PackResult, *, sweep_name: str) -> dict[str, Any]:
    return {
        "sweep": sweep_name,
        "pack_id": pack.pack_id,
        "pack_size": len(pack.configs),
        "pack_seconds": result.wall_seconds,
        "wall_seconds": result.wall_seconds / len(pack.configs),
        "finished_at": datetime.now(UTC).isoformat(timespec="microseconds"),
        "device": result.device,
        "precision": result.precision,
        **code_versions(),
    }


def _run_row(run: RunResult) -> dict[str, Any]:
    missing = [column.name for column in MEASURES if column.name not in run.measures]
    if run.status == "completed" and missing:
        raise ValueError(f"measures of a completed run must be complete, but {missing} are missing")
    return condition_row(run.config) | {"status": run.status, "message": run.message} | dict(run.measures)


def _labeled(entries: Iterable[tuple[RunResult, Iterable[Mapping[str, Any]]]]) -> list[dict[str, Any]]:
    return [{"run_id": run.config.run_id, **row} for run, rows in entries for row in rows]


def _map_row(run: RunResult) -> dict[str, Any]:
    flat = {name: np.asarray(array, dtype=np.float32).ravel() for name, array in run.maps.items()}
    return {"run_id": run.config.run_id, "n_latents": run.config.training.n_latents, **flat}


def _code_row(run: RunResult) -> dict[str, Any]:
    codes = np.asarray(run.codes, dtype=np.float32)
    n_images, n_latents = codes.shape
    sizes = {"n_images": n_images, "n_latents": n_latents}
    return {"run_id": run.config.run_id, **sizes, "latent_mean": codes.ravel()}


def arrow_table(table: str, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Return ``rows`` as a table with the schema of ``table``; what a row lacks is missing in it."""
    schema = table_schema(table)
    unknown = {name for row in rows for name in row} - set(schema.names)
    if unknown:
        raise ValueError(f"rows of {table!r} must have columns of its schema, but got {sorted(unknown)}")
    # NaN is stored as null, so that SQL aggregates leave it out as pandas does.
    arrays = [
        pa.array([row.get(field.name) for row in rows], type=field.type, from_pandas=True) for field in schema
    ]
    return pa.Table.from_arrays(arrays, schema=schema)
