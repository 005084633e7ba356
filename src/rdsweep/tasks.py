"""Tasks: functions of the factors (x_UC, x_LC) that a classifier head reads off the latents."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]

N_POSITIONS = 13
"""Number of values of each factor."""


@dataclass(frozen=True)
class Task:
    """A classification of the stimulus positions.

    Attributes
    ----------
    name : str
        Identifier, as sweep files and tables write it.
    n_classes : int
        Number of classes; a task with two classes has one logit, others one logit per class.
    labels : Callable
        Function of two integer arrays of equal shape, x_UC and x_LC in 0..12, that returns the class of
        each position in 0..n_classes-1.
    """

    name: str
    n_classes: int
    labels: Callable[[IntArray, IntArray], NDArray[np.generic]]

    def __post_init__(self) -> None:
        if not self.name.isidentifier():
            raise ValueError(f"name must be an identifier, but got {self.name!r}")
        if not isinstance(self.n_classes, int) or self.n_classes < 2:
            raise ValueError(f"n_classes must be an integer of at least 2, but got {self.n_classes!r}")
        table = self.label_table()
        if table.shape != (N_POSITIONS**2,):
            raise ValueError(f"labels must return one class per position, but got shape {table.shape}")
        if table.min() < 0 or table.max() >= self.n_classes:
            raise ValueError(
                f"labels must lie in 0..{self.n_classes - 1}, but got {table.min()}..{table.max()}"
            )

    @property
    def n_logits(self) -> int:
        """Number of outputs of a head for this task."""
        return 1 if self.n_classes == 2 else self.n_classes

    def label_table(self) -> IntArray:
        """Return the class of each of the 169 positions, ordered by 13 * x_UC + x_LC."""
        upper, lower = np.divmod(np.arange(N_POSITIONS**2), N_POSITIONS)
        labels = np.asarray(self.labels(upper, lower))
        if labels.dtype.kind not in "biu":
            raise TypeError(f"labels must return integers or truth values, but got {labels.dtype}")
        return labels.astype(np.int64)

    def digest(self) -> str:
        """Return a short hash of classes and labels, so that a redefined task gets new run identities."""
        return self._digest

    @cached_property
    def _digest(self) -> str:
        content = self.n_classes.to_bytes(8, "little") + self.label_table().astype("<i8").tobytes()
        return hashlib.sha256(content).hexdigest()[:12]


class UnknownTaskError(ValueError):
    """A name that no task is registered under; the module that registers it has not been imported."""


_REMEDY = " (name the module that registers it: --plugin MODULE)"
_BIN_OF_POSITION = np.array([0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4])

_registry: dict[str, Task] = {
    task.name: task
    for task in (
        Task("order", 2, lambda upper, lower: upper <= lower),
        Task("region", 2, lambda upper, lower: (upper < 6) | (lower >= 6)),
        Task("equality", 2, lambda upper, lower: upper == lower),
        Task("bins", 25, lambda upper, lower: 5 * _BIN_OF_POSITION[upper] + _BIN_OF_POSITION[lower]),
    )
}

BUILTIN_TASKS = tuple(_registry)
"""Names of the tasks of the paper's E2 models."""


def get_task(name: str) -> Task:
    """Return the registered task called ``name``.

    Raises
    ------
    UnknownTaskError
        If there is none.

    Examples
    --------
    >>> get_task("order").label_table().sum()
    np.int64(91)
    """
    try:
        return _registry[name]
    except KeyError:
        raise unknown_task(name) from None


def unknown_task(name: str, *, suggestion: str = "") -> UnknownTaskError:
    """Return the error that no task is called ``name``, with another remedy than a plugin if there is one.

    Examples
    --------
    >>> unknown_task("ordr", suggestion="; did you mean 'order'?")
    UnknownTaskError("task must be one of bins, ..., but got 'ordr'; did you mean 'order'?")
    """
    known = ", ".join(sorted(_registry))
    return UnknownTaskError(f"task must be one of {known}, but got {name!r}{suggestion or _REMEDY}")


def register_task(task: Task) -> None:
    """Make ``task`` available to sweeps under its name.

    Registering the same labels again is harmless; a name that is taken by other labels is an error.

    Examples
    --------
    >>> register_task(Task("upper_half", 2, lambda upper, lower: upper < 6))
    >>> get_task("upper_half").n_classes
    2
    """
    known = _registry.get(task.name)
    if known is not None and known.digest() != task.digest():
        raise ValueError(f"task name {task.name!r} is already taken by a task with other labels")
    _registry[task.name] = task


def registered_tasks() -> tuple[Task, ...]:
    """Return the tasks that users added, so that an engine can hand them to its workers."""
    return tuple(task for name, task in _registry.items() if name not in BUILTIN_TASKS)
