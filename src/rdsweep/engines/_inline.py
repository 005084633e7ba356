"""The engine without Ray: one pack after the other in this process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from rdsweep.engines._engine import Device, OnProgress, choose_device
from rdsweep.engines._job import PackJob

if TYPE_CHECKING:
    from rdsweep.sweeps import Pack


@dataclass(frozen=True)
class InlineEngine:
    """Trains in this process; for notebooks, debugging and hosts without Ray."""

    device: Device
    n_workers: int = 1

    def train(self, packs: Sequence[Pack], job: PackJob, *, on_progress: OnProgress) -> tuple[str, ...]:
        """Train and store ``packs``; an exception that is not the outcome of a run ends the sweep."""
        for pack in packs:
            job(pack, progress=partial(on_progress, pack.pack_id))
            on_progress(pack.pack_id, 1.0)
        return ()


def inline_engine(*, device: str) -> InlineEngine:
    """Return an engine for this process on ``device`` ("auto", "cpu" or "cuda")."""
    return InlineEngine(choose_device(device, has_cuda=_has_cuda))


def _has_cuda() -> bool:
    from torch.cuda import is_available

    return is_available()
