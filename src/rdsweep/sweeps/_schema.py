"""The vocabulary of a sweep file."""

from __future__ import annotations

import math
import re
import reprlib
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, model_validator

from rdsweep.config import HeadKind, Imbalance, ObjectiveKind, Precision, Protocol
from rdsweep.models import MODELS
from rdsweep.sweeps._declaration import Declaration, did_you_mean, mistake

T = TypeVar("T")

WeightsPolicy = Literal["keep", "drop"]

MAX_COUNT = 2**31 - 1
MAX_SEEDS = 100_000


def _listed(value: object) -> object:
    return value if isinstance(value, list) else [value]


def _filled(values: list[T]) -> list[T]:
    if not values:
        raise mistake("must have at least one value, but got []")
    return values


def _seed_list(value: object) -> object:
    """Read a count n as the seeds 0..n-1."""
    if isinstance(value, list):
        return value
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MAX_SEEDS:
        rule = f"a number of seeds in 1..{MAX_SEEDS}, or a list of seeds"
        raise mistake(f"must be {rule}, but got {reprlib.repr(value)}")
    return list(range(value))


def _sorted_distinct(seeds: list[int]) -> list[int]:
    if len(set(seeds)) < len(seeds):
        raise mistake(f"must be distinct, but got {reprlib.repr(seeds)}")
    return sorted(seeds)


def _known_model(name: str) -> str:
    if name not in MODELS:
        raise mistake(f"must be one of {', '.join(MODELS)}, but got {name!r}{did_you_mean(name, MODELS)}")
    return name


def _folder_name(name: str) -> str:
    """Keep names within the results folder, on any file system."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_.-]{0,99}", name):
        raise mistake(f"must be a letter and up to 99 letters, digits, '_', '.' or '-', but got {name!r}")
    return name


def _module_name(name: str) -> str:
    if not all(part.isidentifier() for part in name.split(".")):
        raise mistake(f"must be the dotted name of a module, but got {name!r}")
    return name


def _named_task(value: object) -> object:
    return {"task": value} if isinstance(value, str) else value


def _form(value: object) -> str | None:
    """Tell the alternatives of `ProbeChoice` and `TaskWeights` apart before they are checked."""
    forms = {str: "word", list: "list", dict: "mapping", int: "number", float: "number"}
    return forms.get(type(value))


Axis = Annotated[list[T], BeforeValidator(_listed), AfterValidator(_filled)]
Count = Annotated[int, Field(ge=1, le=MAX_COUNT)]
Calls = Annotated[int, Field(ge=0, le=MAX_COUNT)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Ratio = Annotated[float, Field(ge=1, allow_inf_nan=False)]
Seeds = Annotated[
    list[Calls], BeforeValidator(_seed_list), AfterValidator(_filled), AfterValidator(_sorted_distinct)
]
ModelName = Annotated[str, AfterValidator(_known_model)]
FolderName = Annotated[str, AfterValidator(_folder_name)]
ModuleName = Annotated[str, AfterValidator(_module_name)]


class HeadChoice(Declaration):
    """A task, and the kind of head that reads it: the paper's unless it is said."""

    task: str
    head: HeadKind | None = None


Heads = Annotated[list[Annotated[HeadChoice, BeforeValidator(_named_task)]], BeforeValidator(_listed)]

ProbeChoice = Annotated[
    Annotated[Literal["paper", "none"], Tag("word")] | Annotated[Heads, Tag("list")],
    Discriminator(
        _form,
        custom_error_type="mistake",
        custom_error_message="must be paper, none or a list of tasks",
    ),
]

TaskWeights = Annotated[
    Annotated[Positive, Tag("number")] | Annotated[dict[str, Positive], Tag("mapping")],
    Discriminator(
        _form,
        custom_error_type="mistake",
        custom_error_message="must be a number above 0, or a mapping from task to number",
    ),
]


class Axes(Declaration):
    """What a sweep varies: each axis with its values, in the order in which a product runs."""

    protocol: Axis[Protocol] | None = None
    model: Axis[ModelName] | None = None
    imbalance: Axis[Imbalance] | None = None
    ratio: Axis[Ratio] | None = None
    tasks: Axis[Heads] | None = None
    weight: Axis[TaskWeights] | None = None
    objective: Axis[ObjectiveKind] | None = None
    capacity: Axis[Positive] | None = None
    beta: Axis[Positive] | None = None
    gamma: Axis[Positive] | None = None
    n_latents: Axis[Count] | None = None
    n_train: Axis[Count] | None = None
    epochs: Axis[Count] | None = None
    batch_size: Axis[Count] | None = None
    fresh: Axis[bool] | None = None
    learning_rate: Axis[Positive] | None = None
    precision: Axis[Precision] | None = None
    probes: Axis[ProbeChoice] | None = None

    def values(self) -> dict[str, list[Any]]:
        """Return the axes that are set."""
        return {axis: values for axis, values in self if values is not None}


class Block(Declaration):
    """A part of the space: the product of ``grid``, times the parallel lists of ``zip``."""

    grid: Axes = Axes()
    zip: Axes = Axes()

    @model_validator(mode="after")
    def _check_axes(self) -> Block:
        grid, rows = self.grid.values(), self.zip.values()
        both = sorted(grid.keys() & rows.keys())
        lengths = {axis: len(values) for axis, values in rows.items()}
        if not grid and not rows:
            raise mistake("must have at least one axis under grid or zip")
        if both:
            raise mistake(f"must have each axis once, but {both[0]} is in grid and in zip")
        if len(set(lengths.values())) > 1:
            raise mistake(f"must have lists of equal length under zip, but got {lengths}")
        _check_company(grid | rows)
        return self

    def n_points(self) -> int:
        """Return the number of points of the block."""
        rows = self.zip.values().values()
        return math.prod(map(len, self.grid.values().values())) * max(map(len, rows), default=1)


def _check_company(axes: dict[str, list[Any]]) -> None:
    """Refuse axes that contradict each other, and axes that no point of the block would feel."""
    for one, other in (("model", "imbalance"), ("model", "tasks"), ("capacity", "beta")):
        if one in axes and other in axes:
            raise mistake(f"must have {one} or {other}, but not both")
    models = [MODELS[name] for name in axes.get("model", [])]
    imbalances = {model.imbalance for model in models} | set(axes.get("imbalance", []))
    if "ratio" in axes and imbalances <= {"none"}:
        raise mistake("must have an imbalance, or a model with one, where it has ratio")
    if "weight" in axes and not any(axes.get("tasks", [])) and not any(model.tasks for model in models):
        raise mistake("must have tasks, or a model with tasks, where it has weight")


class Objective(Declaration):
    """Settings of the objective for every run that does not say otherwise."""

    kind: ObjectiveKind | None = None
    capacity: Positive | None = None
    beta: Positive | None = None
    gamma: Positive | None = None
    rate_weight: Positive | None = None
    ramp_calls: Calls | None = None
    early_calls: Calls | None = None
    validation_calls: Calls | None = None
    task_ramp_calls: Calls | None = None


class Training(Declaration):
    """Settings of training for every run that does not say otherwise."""

    n_train: Count | None = None
    epochs: Count | None = None
    batch_size: Count | None = None
    fresh: bool | None = None
    shards: Count | None = None
    learning_rate: Positive | None = None
    learning_rate_decay: Positive | None = None
    cooldown: Share | None = None
    n_latents: Count | None = None
    precision: Precision | None = None


class SweepFile(Declaration):
    """A sweep file."""

    misplaced_keys: ClassVar = dict.fromkeys(
        ("kind", "search", "n_configs"), "is a key of a study, which 'rdsweep study' runs, and not of a sweep"
    )
    name: FolderName
    description: str = ""
    plugins: list[ModuleName] = Field(default_factory=list)
    protocol: Protocol = "matched"
    seeds: Seeds
    space: Annotated[list[Block], BeforeValidator(_listed), AfterValidator(_filled)]
    objective: Objective = Objective()
    training: Training = Training()
    probes: ProbeChoice = "none"
    weights: WeightsPolicy = "drop"
    pack_size: Count | None = None
