"""How far a sweep has come: one bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

if TYPE_CHECKING:
    from rdsweep.sweeps import Pack

_SECONDS_BETWEEN_LINES = 10.0


class SweepProgress:
    """Shows the runs done of all runs of a sweep, their rate and the time left; a context manager.

    A pack that is half done counts for half of its runs. Rate and time left are those of this launch.

    Parameters
    ----------
    packs : iterable of Pack
        What will be trained.
    n_runs, n_settled : int
        Runs of the sweep, and those of them that need no training.
    console : Console
    """

    def __init__(self, packs: Iterable[Pack], *, n_runs: int, n_settled: int, console: Console) -> None:
        self._sizes: Mapping[str, int] = {pack.pack_id: len(pack.configs) for pack in packs}
        self._fractions = dict.fromkeys(self._sizes, 0.0)
        self._n_runs, self._n_settled = n_runs, n_settled
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
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def update(self, pack_id: str, fraction: float) -> None:
        """Take note that ``fraction`` of a pack is done; to be told the same twice changes nothing."""
        if fraction == self._fractions[pack_id]:
            return
        self._fractions[pack_id] = fraction
        self._bar.update(self._task, completed=self._done(), description=self._text())
        now = time.monotonic()
        due = now - self._printed >= _SECONDS_BETWEEN_LINES or self._done() == self._n_runs
        if self._bar.disable and due:
            self._printed = now
            self._console.print(self._text(), highlight=False)

    def _trained(self) -> float:
        return math.fsum(size * self._fractions[pack_id] for pack_id, size in self._sizes.items())

    def _done(self) -> float:
        return self._n_settled + self._trained()

    def _text(self) -> str:
        trained, seconds = self._trained(), time.monotonic() - self._started
        text = f"{math.floor(self._done())}/{self._n_runs} runs"
        if trained == 0.0:
            return text
        left = timedelta(seconds=round(seconds * (self._n_runs - self._done()) / trained))
        return f"{text}, {60.0 * trained / max(seconds, 1e-9):.3g} per minute, {left} left"
