"""The eight models of the paper as data, and the name of any condition."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rdsweep.config import HeadKind, Imbalance, Protocol, RunConfig, SourceConfig, TaskConfig
from rdsweep.tasks import get_task

NOMINAL_RATIO = 10.0
PUBLISHED_RATIO = {"lower_corridor": 2000 / 260, "alignment": 3000 / 300}
"""Image counts per position in the files that the paper's E1 runs were plotted from."""


@dataclass(frozen=True)
class Model:
    """A model of the paper: the imbalance of its source and the tasks of its joint heads."""

    name: str
    imbalance: Imbalance = "none"
    tasks: tuple[str, ...] = ()

    def source(self, *, ratio: float | None = None, protocol: Protocol = "matched") -> SourceConfig:
        """Return the source, at ``ratio`` or else at the ratio of the protocol."""
        if self.imbalance == "none":
            return SourceConfig()
        if ratio is None:
            ratio = PUBLISHED_RATIO[self.imbalance] if protocol == "published" else NOMINAL_RATIO
        return SourceConfig(self.imbalance, ratio)

    def heads(self, *, weight: float = 1.0) -> tuple[TaskConfig, ...]:
        """Return the joint heads, each with ``weight`` and the paper's kind of head."""
        return tuple(TaskConfig(name, weight, default_head(name)) for name in self.tasks)


MODELS: dict[str, Model] = {
    model.name: model
    for model in (
        Model("baseline"),
        Model("E1M1", imbalance="lower_corridor"),
        Model("E1M2", imbalance="alignment"),
        Model("E2M1", tasks=("order",)),
        Model("E2M2", tasks=("region",)),
        Model("E2M3", tasks=("equality",)),
        Model("E2M4", tasks=("bins",)),
        Model("E2M5", tasks=("order", "region", "equality", "bins")),
    )
}


def default_head(task: str) -> HeadKind:
    """Return the paper's kind of head for a task: linear for two classes, non-linear for more."""
    return "linear" if get_task(task).n_classes == 2 else "nonlinear"


def model_name(config: RunConfig) -> str:
    """Return the paper's name of a condition's source and tasks, or one made from them.

    A source has the paper's name at the paper's ratios only, 10 and that of the published protocol; at any
    other the ratio is in the name. Capacity and weights are columns of their own and do not enter it.

    Examples
    --------
    >>> model_name(RunConfig(tasks=(TaskConfig("order"),)))
    'E2M1'
    >>> model_name(RunConfig(source=SourceConfig("alignment", 10.0)))
    'E1M2'
    >>> model_name(RunConfig(source=SourceConfig("alignment", 5.0), tasks=(TaskConfig("order"),)))
    'alignment_x5+order'
    """
    source, kind = config.source, model_kind(config)
    if source.imbalance == "none" or source.ratio in (NOMINAL_RATIO, _published_ratio(config)):
        return kind
    imbalance = f"{source.imbalance}_x{str(source.ratio).removesuffix('.0')}"
    return "+".join([imbalance, *_task_names(config)])


def model_kind(config: RunConfig) -> str:
    """Return the name that `model_name` gives to a condition at the paper's ratio, whatever its own is.

    Examples
    --------
    >>> model_kind(RunConfig(source=SourceConfig("alignment", 5.0)))
    'E1M2'
    """
    imbalance, tasks = config.source.imbalance, _task_names(config)
    for model in MODELS.values():
        if model.imbalance == imbalance and sorted(model.tasks) == tasks:
            return model.name
    return "+".join([imbalance, *tasks] if imbalance != "none" else tasks)


def catalogue_ranks(names: Iterable[str], *, first: Sequence[str] = ()) -> dict[str, int]:
    """Return the place of each of ``names`` in a table: ``first``, the catalogue's models, others by name.

    Examples
    --------
    >>> ranks = catalogue_ranks(["order", "E2M1", "baseline"])
    >>> sorted(["order", "E2M1", "baseline"], key=ranks.get)
    ['baseline', 'E2M1', 'order']
    """
    ordered = dict.fromkeys([*first, *MODELS, *sorted(names)])
    return {name: place for place, name in enumerate(ordered)}


def _task_names(config: RunConfig) -> list[str]:
    return sorted(task.name for task in config.tasks)


def _published_ratio(config: RunConfig) -> float | None:
    return PUBLISHED_RATIO[config.source.imbalance] if config.protocol == "published" else None
