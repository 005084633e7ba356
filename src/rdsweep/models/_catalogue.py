"""The eight models of the paper as data, and the name of any condition."""

from __future__ import annotations

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

    The imbalance ratio, capacity and weights are columns of their own and do not enter the name.

    Examples
    --------
    >>> model_name(RunConfig(tasks=(TaskConfig("order"),)))
    'E2M1'
    >>> model_name(RunConfig(source=SourceConfig("alignment", 5.0), tasks=(TaskConfig("order"),)))
    'alignment+order'
    """
    imbalance, tasks = config.source.imbalance, {task.name for task in config.tasks}
    for model in MODELS.values():
        if model.imbalance == imbalance and set(model.tasks) == tasks:
            return model.name
    parts = [imbalance] if imbalance != "none" else []
    return "+".join(parts + sorted(tasks))
