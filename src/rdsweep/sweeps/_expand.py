"""From a declared space to its runs: pure, deterministic and free of duplicates."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, Literal

from rdsweep.config import (
    ObjectiveConfig,
    ProbeConfig,
    Protocol,
    RunConfig,
    SourceConfig,
    TaskConfig,
    TrainingConfig,
)
from rdsweep.models import MODELS, Model, default_head, model_kind, model_name
from rdsweep.sweeps._declaration import did_you_mean
from rdsweep.sweeps._protocols import default_objective_kind, objective_defaults, training_defaults
from rdsweep.sweeps._schema import Block, HeadChoice, SweepFile
from rdsweep.tasks import BUILTIN_TASKS, UnknownTaskError, get_task, registered_tasks, unknown_task

_PROBED_MODELS = ("baseline", "E2M1", "E2M2", "E2M3", "E2M4")
"""Models whose frozen latents the paper reads other tasks from (figure 6, panels A and D)."""

_OBJECTIVE_AXES = ("capacity", "beta", "gamma")
_TRAINING_AXES = tuple(field.name for field in fields(TrainingConfig))


def expand_block(block: Block, file: SweepFile) -> list[RunConfig]:
    """Return the conditions of a block, with seed 0, in the order of its axes.

    Raises
    ------
    UnknownTaskError
        If a point names a task that is not registered.
    ValueError
        If a point is no valid condition.
    """
    return [_condition(point, file) for point in _points(block)]


def order_conditions(conditions: Sequence[RunConfig]) -> list[RunConfig]:
    """Return the distinct conditions in an order that only depends on what they are."""
    return sorted(set(conditions), key=_order)


def _order(config: RunConfig) -> tuple[Any, ...]:
    name = model_kind(config)
    rank = list(MODELS).index(name) if name in MODELS else len(MODELS)
    price = config.objective.capacity or config.objective.beta
    return rank, name, config.source.ratio, price, config.canonical_json()


def _points(block: Block) -> Iterator[dict[str, Any]]:
    grid, rows = block.grid.values(), block.zip.values()
    for values in itertools.product(*grid.values()):
        for row in zip(*rows.values(), strict=True) if rows else [()]:
            yield dict(zip((*grid, *rows), (*values, *row), strict=True))


def _condition(point: Mapping[str, Any], file: SweepFile) -> RunConfig:
    protocol: Protocol = point.get("protocol", file.protocol)
    model = MODELS[point["model"]] if "model" in point else Model("", point.get("imbalance", "none"))
    source = model.source(ratio=point.get("ratio"), protocol=protocol)
    heads = point.get("tasks", [HeadChoice(task=task) for task in model.tasks])
    tasks = _tasks(heads, point.get("weight", 1.0))
    config = RunConfig(
        source=source,
        tasks=tasks,
        objective=_objective(point, file, protocol, n_tasks=len(tasks)),
        training=_training(point, file, protocol, source),
        protocol=protocol,
    )
    return replace(config, probes=_probes(point.get("probes", file.probes), config))


def _tasks(heads: Sequence[HeadChoice], weight: float | Mapping[str, float]) -> tuple[TaskConfig, ...]:
    weights = weight if isinstance(weight, Mapping) else {head.task: weight for head in heads}
    for name in (*weights, *(head.task for head in heads)):
        _check_task(name)
    return tuple(
        TaskConfig(head.task, weights.get(head.task, 1.0), head.head or default_head(head.task))
        for head in heads
    )


def _objective(
    point: Mapping[str, Any], file: SweepFile, protocol: Protocol, *, n_tasks: int
) -> ObjectiveConfig:
    said = file.objective.model_dump(exclude_none=True) | _picked(point, _OBJECTIVE_AXES)
    if "objective" in point:
        said["kind"] = point["objective"]
    if "capacity" not in said and "beta" not in said:
        raise ValueError("capacity or beta must be given, in the space or under objective")
    kind = said.setdefault("kind", "beta" if "beta" in said else default_objective_kind(protocol))
    return ObjectiveConfig(**objective_defaults(protocol, kind=kind, n_tasks=n_tasks) | said)


def _training(
    point: Mapping[str, Any], file: SweepFile, protocol: Protocol, source: SourceConfig
) -> TrainingConfig:
    defaults = training_defaults(protocol, imbalance=source.imbalance)
    said = file.training.model_dump(exclude_none=True) | _picked(point, _TRAINING_AXES)
    return TrainingConfig(**defaults | said)


def _picked(point: Mapping[str, Any], axes: Sequence[str]) -> dict[str, Any]:
    return {axis: point[axis] for axis in axes if axis in point}


def _probes(
    choice: Literal["paper", "none"] | list[HeadChoice], config: RunConfig
) -> tuple[ProbeConfig, ...]:
    if choice == "none":
        return ()
    if choice == "paper":
        return _paper_probes(config)
    for head in choice:
        _check_task(head.task)
    return tuple(ProbeConfig(head.task, head.head or default_head(head.task)) for head in choice)


def _check_task(name: str) -> None:
    try:
        get_task(name)
    except UnknownTaskError:
        names = [*BUILTIN_TASKS, *(task.name for task in registered_tasks())]
        raise unknown_task(name, suggestion=did_you_mean(name, names)) from None


def _paper_probes(config: RunConfig) -> tuple[ProbeConfig, ...]:
    """Return the probes of the paper's figure 6, and a non-linear one beside each linear one."""
    if model_name(config) not in _PROBED_MODELS:
        return ()
    learned = {task.name for task in config.tasks}
    probed = [task for task in BUILTIN_TASKS if task not in learned]
    heads = {(task, head) for task in probed for head in (default_head(task), "nonlinear")}
    return tuple(ProbeConfig(task, head) for task, head in heads)
