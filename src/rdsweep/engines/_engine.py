"""What an engine is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from rdsweep.engines._job import PackJob
    from rdsweep.sweeps import Pack

Device = Literal["cpu", "cuda"]
OnProgress = Callable[[str, float], None]
"""Called with a pack's id and the fraction of it that is done."""


class Engine(Protocol):
    """Trains packs, several at once if it can; each is stored by the process that trained it."""

    @property
    def device(self) -> Device:
        """Kind of device that packs are trained on."""

    @property
    def n_workers(self) -> int:
        """Number of packs trained at once."""

    def train(self, packs: Sequence[Pack], job: PackJob, *, on_progress: OnProgress) -> tuple[str, ...]:
        """Train and store ``packs`` in order, and return why packs were given up, one line per cause."""


def choose_device(wanted: str, *, has_cuda: Callable[[], bool]) -> Device:
    """Return the device that ``wanted`` ("auto", "cpu" or "cuda") means; ``has_cuda`` is asked if need be.

    Raises
    ------
    ValueError
        If it is none of these, or CUDA is wanted and there is none.

    Examples
    --------
    >>> choose_device("auto", has_cuda=lambda: False)
    'cpu'
    """
    match wanted:
        case "auto":
            return "cuda" if has_cuda() else "cpu"
        case "cpu":
            return "cpu"
        case "cuda" if has_cuda():
            return "cuda"
        case "cuda":
            raise ValueError("device must be 'auto' or 'cpu' where there is no CUDA device, but got 'cuda'")
        case _:
            raise ValueError(f"device must be one of auto, cpu, cuda, but got {wanted!r}")
