"""How far a sweep has come: one bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from rdsweep.engines._engine import Device
from rdsweep.engines._time_left import PackClock, seconds_left

if TYPE_CHECKING:
    from rdsweep.sweeps import Pack

_SECONDS_BETWEEN_LINES = 10.0


class SweepProgress:
    """Shows the runs done of all runs of a sweep, their rate and the time left; a context manager.

    A pack that is half done counts for half of its runs. Rate and time left are those of this launch.

    Parameters
    ----------
    packs : Mapping of Device to sequence of Pack
        What will be trained on each kind of device.
    slots : Mapping of Device to int
        How many packs train at once on each.
    n_runs, n_settled : int
        Runs of the sweep, and those of them that need no training.
    console : Console
    """

    def __init__(
        self,
        packs: Mapping[Device, Sequence[Pack]],
        *,
        slots: Mapping[Device, int],
        n_runs: int,
        n_settled: int,
        console: Console,
    ) -> None:
        self._sizes = {pack.pack_id: len(pack.configs) for some in packs.values() for pack in some}
        self._clocks = {
            device: {pack.pack_id: PackClock(pack.n_images) for pack in some}
            for device, some in packs.items()
        }
        self._device_of = {pack_id: device for device, clocks in self._clocks.items() for pack_id in clocks}
        self._started_at: dict[str, float] = {}
        self._slots, self._n_runs, self._n_settled = slots, n_runs, n_settled
        self._console = console
        self._started = self._printed = time.monotonic()
        self._bar = Progress(
            BarColumn(bar_width=None),
            TextColumn("{task.description}"),
            console=console,
            expand=True,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task(self._text(), total=n_runs, completed=n_settled)

    def __enter__(self) -> Self:
        self._bar.start()
        if self._bar.disable:
            self._console.print(f"training: {self._text()}", highlight=False)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def update(self, pack_id: str, fraction: float) -> None:
        """Take note that ``fraction`` of a pack is done; its clock runs from the first time on."""
        now = time.monotonic()
        clocks = self._clocks[self._device_of[pack_id]]
        if fraction == clocks[pack_id].fraction and pack_id in self._started_at:
            return
        started_at = self._started_at.setdefault(pack_id, now)
        clocks[pack_id] = replace(clocks[pack_id], fraction=fraction, seconds=now - started_at)
        self._bar.update(self._task, completed=self._done(), description=self._text())
        due = now - self._printed >= _SECONDS_BETWEEN_LINES or self._done() == self._n_runs
        if self._bar.disable and due and fraction > 0.0:
            self._printed = now
            self._console.print(self._text(), highlight=False)

    def _trained(self) -> float:
        return math.fsum(
            self._sizes[pack_id] * clock.fraction
            for clocks in self._clocks.values()
            for pack_id, clock in clocks.items()
        )

    def _done(self) -> float:
        return self._n_settled + self._trained()

    def _text(self) -> str:
        trained, seconds = self._trained(), time.monotonic() - self._started
        text = f"{math.floor(self._done())}/{self._n_runs} runs"
        if trained == 0.0:
            return text
        text += f", {60.0 * trained / max(seconds, 1e-9):.3g} per minute"
        left = seconds_left(
            {device: tuple(clocks.values()) for device, clocks in self._clocks.items()}, slots=self._slots
        )
        return text if left is None else f"{text}, {timedelta(seconds=round(left))} left"
