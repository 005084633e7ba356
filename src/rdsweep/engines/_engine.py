"""What an engine is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from rdsweep.engines._calibration import Calibrator
    from rdsweep.engines._job import PackJob
    from rdsweep.engines._queue import PackQueue
    from rdsweep.engines._stop import StopRequest
    from rdsweep.sweeps import DeviceProfile

Device = Literal["cpu", "cuda"]
OnProgress = Callable[[str, float], None]
"""Called with a pack's id and the fraction of it that is done; 0 when it is started."""


class Engine(Protocol):
    """Trains packs, several at once if it can; each is stored by the process that trained it."""

    @property
    def slots(self) -> Mapping[Device, int]:
        """Number of packs trained at once on each kind of device; the fastest kind comes first."""

    def measure(self, device: Device, calibrator: Calibrator, *, stop: StopRequest) -> DeviceProfile | None:
        """Have ``calibrator`` measure packs on a ``device`` on which packs will be trained.

        Parameters
        ----------
        device : {"cpu", "cuda"}
        calibrator : Calibrator
        stop : StopRequest
            Ends the wait for a worker.

        Returns
        -------
        DeviceProfile or None
            None if there is no such device at present, or it cannot be measured.
        """

    def train(
        self, queue: PackQueue, job: PackJob, *, devices: Mapping[str, Device], stop: StopRequest
    ) -> tuple[str, ...]:
        """Train and store the packs of ``queue``.

        Parameters
        ----------
        queue : PackQueue
        job : PackJob
        devices : Mapping of str to Device
            The kind of device for each planned pack.
        stop : StopRequest
            Looked at before a pack is started, and between the chunks of its training.

        Returns
        -------
        tuple of str
            What the user should know besides, one line each: why packs were given up, or made smaller.
        """


def choose_device(wanted: str, *, has_cuda: Callable[[], bool]) -> Device:
    """Return the fastest kind of device that ``wanted`` allows; ``has_cuda`` is asked if need be.

    Parameters
    ----------
    wanted : {"auto", "cpu", "cuda", "both"}
    has_cuda : Callable

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
        case "auto" | "both":
            return "cuda" if has_cuda() else "cpu"
        case "cpu":
            return "cpu"
        case "cuda" if has_cuda():
            return "cuda"
        case "cuda":
            raise ValueError("device must be 'auto' or 'cpu' where there is no CUDA device, but got 'cuda'")
        case _:
            raise ValueError(f"device must be one of auto, cpu, cuda, both, but got {wanted!r}")
