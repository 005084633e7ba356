"""The vocabulary of a study file, and its reader."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator

from rdsweep.sweeps import (
    Axes,
    Count,
    Declaration,
    Document,
    FolderName,
    ModuleName,
    Objective,
    Positive,
    ProbeChoice,
    Seeds,
    SweepError,
    Training,
    WeightsPolicy,
    did_you_mean,
    expand_sweep,
    import_plugins,
    mistake,
    read_document,
    validate_document,
)

StudyKind = Literal["frontier", "target_rate", "task", "compare"]
Metric = Literal["f1", "accuracy", "cross_entropy"]

_SWEEP_KEYS = ("name", "plugins", "protocol", "seeds", "objective", "training", "probes", "weights")


def _rising(ends: list[float]) -> list[float]:
    if len(ends) != 2 or not ends[0] < ends[1]:
        raise mistake(f"must be [low, high] with low below high, but got {ends}")
    return ends


def _single(axes: Axes) -> Axes:
    for axis, values in axes.values().items():
        if len(values) != 1:
            raise mistake(f"must have one value, but got {len(values)}", axis)
        if axis in _SEARCHED:
            raise mistake("must stand under search or a common setting, not in a condition", axis)
    return axes


Range = Annotated[list[Positive], AfterValidator(_rising)]
CountRange = Annotated[list[Count], AfterValidator(_rising)]
Condition = Annotated[Axes, AfterValidator(_single)]


class Space(Declaration):
    """What Optuna searches, each between two ends: on a log scale, but counts on a linear one."""

    beta: Range | None = None
    capacity: Range | None = None
    gamma: Range | None = None
    weight: Range | None = None
    learning_rate: Range | None = None
    n_latents: CountRange | None = None

    def ranges(self) -> dict[str, tuple[float, float]]:
        """Return the ends of each parameter that is searched."""
        return {name: (ends[0], ends[1]) for name, ends in self if ends is not None}

    @model_validator(mode="after")
    def _check_company(self) -> Space:
        if (self.beta is None) == (self.capacity is None):
            raise mistake("must have beta or capacity, and not both")
        if self.gamma is not None and self.capacity is None:
            raise mistake("must have capacity where it has gamma")
        return self


_SEARCHED = tuple(Space.model_fields)


class Target(Declaration):
    """The rate that is wanted, in nats per image, and how near a mean over seeds must come to it."""

    rate: Positive
    tolerance: Positive = 0.1


class Score(Declaration):
    """The score of a task's joint head that is sought, and the bounds (mean plus standard error) on it."""

    task: str
    metric: Metric = "cross_entropy"
    rate_at_most: Positive | None = None
    distortion_at_most: Positive | None = None


class Stop(Declaration):
    """When to stop before the budget: after this many batches without a gain in hypervolume beyond noise."""

    stagnation: Count | None = None


class Pruning(Declaration):
    """When a run is stopped early: after this share of training, if dominated by more than this margin."""

    after: Annotated[float, Field(gt=0, lt=1)] = 0.5
    margin: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.1


class StudyFile(Declaration):
    """A study: what is searched, what is sought, and what every run has in common.

    Attributes
    ----------
    kind : {"frontier", "target_rate", "task", "compare"}
        What is sought: the Pareto front of rate and distortion, the β of a wanted rate, the best score of a
        task under bounds, or the front of each of several conditions.
    search : Space
        What Optuna may choose.
    condition : Axes
        The condition that is searched, one value per axis; for all kinds but ``compare``.
    conditions : dict of str to Axes
        The conditions that are compared, by name; ``reference`` names the one that others are compared with.
    n_configs, batch : int
        Configurations to try for each condition, and how many of them are asked for and trained at a time.
    sampler_seed : int
        What the sequence of configurations depends on, besides their results.
    """

    misplaced_keys: ClassVar = {"space": "is a key of a sweep, which 'rdsweep run' runs, and not of a study"}
    name: FolderName
    description: str = ""
    kind: StudyKind
    plugins: list[ModuleName] = Field(default_factory=list)
    protocol: Literal["matched", "published"] = "matched"
    seeds: Seeds
    search: Space
    condition: Condition | None = None
    conditions: dict[FolderName, Condition] | None = None
    reference: str | None = None
    target: Target | None = None
    score: Score | None = None
    n_configs: Count
    batch: Count = 8
    sampler_seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    stop: Stop = Stop()
    prune: Pruning | None = None
    objective: Objective = Objective()
    training: Training = Training()
    probes: ProbeChoice = "none"
    weights: WeightsPolicy = "drop"
    pack_size: Count | None = None

    @property
    def sweep_settings(self) -> dict[str, Any]:
        """The keys that a sweep file has as well, as plain data."""
        plain = self.model_dump(exclude_none=True, include=set(_SWEEP_KEYS))
        return {key: value for key, value in plain.items() if value not in ({}, [], "")}

    @property
    def named_conditions(self) -> dict[str, dict[str, Any]]:
        """The axes of each condition by its name; the name is empty where there is only one."""
        conditions = self.conditions or {"": self.condition or Axes(model=["baseline"])}
        return {name: axes.model_dump(exclude_none=True) for name, axes in conditions.items()}

    @model_validator(mode="after")
    def _check_kind(self) -> StudyFile:
        wanted = {"target_rate": ("target",), "task": ("score",), "compare": ("conditions", "reference")}
        for key in ("target", "score", "conditions", "reference"):
            owner = next(kind for kind, keys in wanted.items() if key in keys)
            if self.kind == owner and getattr(self, key) is None:
                raise mistake(f"must come with the key {key!r} where it is {owner}", "kind")
            if self.kind != owner and getattr(self, key) is not None:
                raise mistake(f"is a key for studies of kind {owner}, but the kind is {self.kind}", key)
        if self.kind == "compare":
            self._check_conditions()
        if self.kind == "target_rate" and set(self.search.ranges()) != {"beta"}:
            raise mistake("must have beta alone for a study of kind target_rate", "search")
        if self.stop.stagnation is not None and (len(self.seeds) < 2 or self.kind in ("target_rate", "task")):
            rule = "needs a front (kind frontier or compare) and at least two seeds to know its noise"
            raise mistake(rule, "stop", "stagnation")
        return self

    def _check_conditions(self) -> None:
        names = list(self.conditions or {})
        if self.condition is not None:
            raise mistake("is no key for a study of kind compare", "condition")
        if len(names) < 2:
            raise mistake(f"must name at least two conditions, but got {names}", "conditions")
        if self.reference not in names:
            rule = f"must be one of {', '.join(names)}, but got {self.reference!r}"
            raise mistake(rule + did_you_mean(self.reference, names), "reference")
        for one, other in itertools.combinations(self.named_conditions.items(), 2):
            if one[1] == other[1]:
                raise mistake(f"must differ, but {one[0]} and {other[0]} are the same", "conditions")


def load_study_file(path: str | Path) -> StudyFile:
    """Read a study file.

    Parameters
    ----------
    path : path-like
        A YAML file in the vocabulary of ``docs/studies.md``.

    Returns
    -------
    StudyFile

    Raises
    ------
    rdsweep.sweeps.SweepError
        If the file has a mistake; one line that says where it is and what is allowed.
    OSError
        If the file can't be read.
    """
    return check_study(read_document(Path(path)))


def check_study(document: Document) -> StudyFile:
    r"""Return ``document`` as a study whose configurations all exist; see `load_study_file`.

    Examples
    --------
    >>> from rdsweep.sweeps import parse_document
    >>> lines = "name: beta\nkind: frontier\nseeds: 2\nn_configs: 16\nsearch: {beta: [3, 300]}"
    >>> check_study(parse_document(lines, name="beta.yaml")).search.ranges()
    {'beta': (3.0, 300.0)}
    >>> check_study(parse_document(lines.replace("[3, 300]", "[3]"), name="beta.yaml"))
    Traceback (most recent call last):
    rdsweep.sweeps._document.SweepError: beta.yaml:5: search.beta must be [low, high] with low below high, ...
    """
    file = validate_document(document, StudyFile)
    import_plugins(file.plugins, document=document)
    for place in (0, 1):
        corner = {name: ends[place] for name, ends in file.search.ranges().items()}
        for name, condition in file.named_conditions.items():
            _check_corner(document, file, name, condition | {key: [value] for key, value in corner.items()})
    return file


def _check_corner(document: Document, file: StudyFile, name: str, axes: dict[str, Any]) -> None:
    where = ("conditions", name) if name else ("condition",) if file.condition else ("search",)
    try:
        runs = expand_sweep(file.sweep_settings | {"space": {"grid": axes}}, name=document.name).configs
    except SweepError as error:
        problem = str(error).removeprefix(f"{document.name}: ").rpartition("impossible run: ")[2]
        raise document.error(where, f"declares an impossible run: {problem}") from None
    heads = {task.name for run in runs for task in run.tasks}
    if file.score is not None and file.score.task not in heads:
        rule = f"must be a task of the condition ({', '.join(sorted(heads)) or 'it has none'})"
        raise document.error(("score", "task"), f"{rule}, but got {file.score.task!r}")
