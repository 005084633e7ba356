"""The engine without Ray: one pack after the other in this process."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from rdsweep.engines._engine import Device, choose_device
from rdsweep.engines._job import PackJob
from rdsweep.engines._stop import Dropped, Preempted, StopRequest

if TYPE_CHECKING:
    from rdsweep.engines._calibration import Calibrator
    from rdsweep.engines._queue import PackQueue
    from rdsweep.sweeps import DeviceProfile

_SECONDS_BETWEEN_LOOKS = 0.5


@dataclass(frozen=True)
class InlineEngine:
    """Trains in this process; for notebooks, debugging and hosts without Ray."""

    device: Device

    @property
    def slots(self) -> Mapping[Device, int]:
        """One pack at a time."""
        return {self.device: 1}

    def measure(self, device: Device, calibrator: Calibrator, *, stop: StopRequest) -> DeviceProfile | None:
        """Measure packs in this process."""
        import rdsweep.training  # noqa: F401 - here, because an import must not be dropped half-way

        try:
            with stop.droppable(at_once=True):
                return calibrator(device)
        except Dropped:
            return None

    def train(
        self, queue: PackQueue, job: PackJob, *, devices: Mapping[str, Device], stop: StopRequest
    ) -> tuple[str, ...]:
        """Train and store packs; an exception that is not the outcome of a run ends the sweep."""
        notes: list[str] = []
        while queue and not stop.requested:
            claim = queue.take()
            if claim is None:  # other launches have the rest
                time.sleep(_SECONDS_BETWEEN_LOOKS)
                continue
            try:
                with stop.droppable():
                    notes += job(
                        claim.pack,
                        device=devices[claim.planned_id],
                        progress=partial(queue.report, claim),
                        should_stop=lambda: stop.urgent,
                    )
                    queue.report(claim, 1.0)
            except (Preempted, Dropped):
                pass
            finally:
                queue.settle(claim)
        return tuple(dict.fromkeys(notes))


def inline_engine(*, device: str) -> InlineEngine:
    """Return an engine for this process on ``device`` ("auto", "cpu" or "cuda")."""
    return InlineEngine(choose_device(device, has_cuda=_has_cuda))


def _has_cuda() -> bool:
    from torch.cuda import is_available

    return is_available()
