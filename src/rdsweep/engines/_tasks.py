"""Tasks of users as data that any worker can use."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rdsweep.tasks import N_POSITIONS, IntArray, Task, register_task, registered_tasks


@dataclass(frozen=True)
class _LabelTable:
    """The labels of a task as data, which a worker can use without the module that defined the task."""

    table: IntArray

    def __call__(self, upper: IntArray, lower: IntArray) -> NDArray[np.generic]:
        labels: IntArray = self.table[N_POSITIONS * upper + lower]
        return labels


def portable_tasks() -> tuple[Task, ...]:
    """Return the tasks that users registered in a form that any worker can unpickle."""
    return tuple(
        dataclasses.replace(task, labels=_LabelTable(task.label_table())) for task in registered_tasks()
    )


def register_all(tasks: Iterable[Task]) -> None:
    """Register ``tasks`` in this process."""
    for task in tasks:
        register_task(task)
