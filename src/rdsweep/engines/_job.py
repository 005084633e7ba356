"""The work of one worker: train a pack and store it."""

from __future__ import annotations

import gc
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from rdsweep.config import RunConfig
from rdsweep.engines._slow_precisions import slow_precisions
from rdsweep.engines._tasks import register_all
from rdsweep.tasks import Task

if TYPE_CHECKING:
    from rdsweep.store import Results
    from rdsweep.sweeps import Pack
    from rdsweep.training import Checkpointer, PackResult

Progress = Callable[[float], None]
ShouldStop = Callable[[], bool]


class BrokenDevice(Exception):  # noqa: N818 - what it says is the error
    """A device that this process cannot use any more, so that the pack needs another process."""


class TrainPack(Protocol):
    """The signature of `rdsweep.training.train_pack`."""

    def __call__(
        self,
        configs: Sequence[RunConfig],
        *,
        device: str,
        progress: Progress,
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
    train : TrainPack or None
        Training function; `rdsweep.training.train_pack` if None.
    tasks : tuple of Task
        The tasks that the user added to the built-in ones.
    """

    results: Results
    sweep_name: str
    keep_weights: bool
    train: TrainPack | None = None
    tasks: tuple[Task, ...] = ()

    def __call__(
        self, pack: Pack, *, device: str, progress: Progress, should_stop: ShouldStop | None = None
    ) -> tuple[str, ...]:
        """Train ``pack`` on ``device`` and store it; return what happened besides, one line each.

        A pack that does not fit into memory is trained and stored in halves. A ``ValueError`` or
        ``RuntimeError`` of training would come again, so it is stored as the cause of failure of the pack's
        runs. Any other exception is a fault of the machine or the code, and is raised.

        Raises
        ------
        Preempted
            If ``should_stop`` said so; the checkpoint is stored.
        BrokenDevice
            If the device failed.
        """
        register_all(self.tasks)
        waiting, notes, n_done = [pack], list(slow_precisions(pack.configs, device)), 0
        while waiting:
            part, *waiting = waiting
            result = self._train(part, device, _share(progress, pack, part, n_done), should_stop or _never)
            if result is None:
                notes.append(f"{len(part.configs)} runs do not fit into memory at once: trained in halves")
                waiting = [*_halves(part), *waiting]
                continue
            self.results.write_pack(part, result, sweep_name=self.sweep_name, keep_weights=self.keep_weights)
            n_done += len(part.configs)
        return tuple(notes)

    def _train(
        self, pack: Pack, device: str, progress: Progress, should_stop: ShouldStop
    ) -> PackResult | None:
        """Train ``pack``; None if it has to be smaller."""
        # Only workers train, so only they pay for the import of torch.
        import torch

        from rdsweep.engines._stopping_checkpointer import StoppingCheckpointer
        from rdsweep.training import PrecisionWarning, train_pack

        train, file = self.train or train_pack, self.results.checkpoint_file(pack.pack_id)
        started = time.perf_counter()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", PrecisionWarning)  # the notes say it, once for a sweep
                return train(
                    pack.configs,
                    device=device,
                    progress=progress,
                    checkpointer=StoppingCheckpointer(file, should_stop=should_stop),
                    keep_weights=self.keep_weights,
                )
        except torch.AcceleratorError as error:
            raise BrokenDevice(one_line(error)) from error
        except (ValueError, RuntimeError, MemoryError) as error:
            if not _is_out_of_memory(error) or len(pack.configs) == 1:
                return _failed_pack(pack, error, device=device, seconds=time.perf_counter() - started)
        _free_memory()
        return None


def _never() -> bool:
    return False


def _share(progress: Progress, pack: Pack, part: Pack, n_done: int) -> Progress:
    """Return the progress of ``part``, in front of which ``n_done`` runs of ``pack`` are done."""
    return lambda fraction: progress((n_done + fraction * len(part.configs)) / len(pack.configs))


def _halves(pack: Pack) -> tuple[Pack, Pack]:
    middle = len(pack.configs) // 2
    return replace(pack, configs=pack.configs[:middle]), replace(pack, configs=pack.configs[middle:])


def _is_out_of_memory(error: Exception) -> bool:
    """Whether a smaller pack may do; for want of memory on a CPU PyTorch has no error of its own."""
    from torch import OutOfMemoryError

    return isinstance(error, MemoryError | OutOfMemoryError) or "can't allocate memory" in str(error)


def _free_memory() -> None:
    """Give back what a pack that failed has left, so that its first half finds all of the device."""
    import torch

    gc.collect()
    torch.cuda.empty_cache()


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
