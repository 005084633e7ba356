"""The work of one worker: train a pack and store it."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from rdsweep.config import RunConfig
from rdsweep.tasks import N_POSITIONS, IntArray, Task, register_task, registered_tasks

if TYPE_CHECKING:
    from rdsweep.store import Results
    from rdsweep.sweeps import Pack
    from rdsweep.training import Checkpointer, PackResult


class TrainPack(Protocol):
    """The signature of `rdsweep.training.train_pack`."""

    def __call__(
        self,
        configs: Sequence[RunConfig],
        *,
        device: str,
        progress: Callable[[float], None],
        checkpointer: Checkpointer,
        keep_weights: bool,
    ) -> PackResult:
        """Train ``configs`` together and tell ``progress`` the fraction done now and then."""


@dataclass(frozen=True)
class PackJob:
    """Everything that a worker must know to train and store any pack of a sweep; can be pickled.

    Attributes
    ----------
    results : Results
        Where packs are stored.
    sweep_name : str
    keep_weights : bool
    device : str
        Device that packs are trained on.
    train : TrainPack or None
        Training function; `rdsweep.training.train_pack` if None.
    tasks : tuple of Task
        The tasks that the user added to the built-in ones.
    """

    results: Results
    sweep_name: str
    keep_weights: bool
    device: str
    train: TrainPack | None = None
    tasks: tuple[Task, ...] = ()

    def __call__(self, pack: Pack, *, progress: Callable[[float], None]) -> None:
        """Train ``pack`` and store it.

        A ``ValueError`` or ``RuntimeError`` of training would come again, so it is stored as the cause of
        failure of the pack's runs. Any other exception is a fault of the machine or the code, and is raised.
        """
        for task in self.tasks:
            register_task(task)
        # Only workers train, so only they pay for the import of torch.
        from rdsweep.training import Checkpointer, train_pack

        train = self.train or train_pack
        started = time.perf_counter()
        try:
            with _one_thread():
                result = train(
                    pack.configs,
                    device=self.device,
                    progress=progress,
                    checkpointer=Checkpointer(self.results.checkpoint_file(pack.pack_id)),
                    keep_weights=self.keep_weights,
                )
        except (ValueError, RuntimeError) as error:
            result = _failed_pack(pack, error, device=self.device, seconds=time.perf_counter() - started)
        self.results.write_pack(pack, result, sweep_name=self.sweep_name, keep_weights=self.keep_weights)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Keep PyTorch to one thread: the products of a pack are small, and on a busy machine threads wait."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


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


def one_line(error: BaseException) -> str:
    """Return the kind of an exception and the first line of its message.

    Examples
    --------
    >>> one_line(ValueError("capacity must be finite"))
    'ValueError: capacity must be finite'
    """
    lines = str(error).strip().splitlines()
    return ": ".join([type(error).__name__, *lines[:1]])


def _failed_pack(pack: Pack, error: Exception, *, device: str, seconds: float) -> PackResult:
    from rdsweep.training import PackResult, RunResult

    runs = tuple(RunResult(config, "failed", one_line(error)) for config in pack.configs)
    return PackResult(runs, device=device, precision="", wall_seconds=seconds)
