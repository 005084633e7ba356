"""How far the solution of a bound has come: one bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from datetime import timedelta
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from rdstats.theory import default_cache_dir
from rdsweep.config import Imbalance

_SECONDS_BETWEEN_LINES = 10.0
_MINUTES: dict[Imbalance, int] = {"none": 1, "lower_corridor": 2, "alignment": 8}
"""About how long all curves of a source take on one core."""


class SolvingProgress:
    """Tells of the slopes solved, their rate and the time left; silent where nothing has to be solved.

    A context manager, to be called with the number of slopes solved and their total, first with 0. Several
    curves may follow each other.

    Parameters
    ----------
    imbalance, ratio
        The source whose bound it is.
    console : Console
    """

    def __init__(self, imbalance: Imbalance, ratio: float, *, console: Console) -> None:
        self._source = f"{imbalance} at ratio {ratio:g}"
        self._console = console
        self._announcement = (
            f"rdsweep: solving the optimum of {self._source}: about {_MINUTES[imbalance]} min on one core, "
            f"once; then kept in {default_cache_dir()}"
        )
        self._started = self._printed = 0.0
        self._bar = Progress(
            TextColumn(self._source),
            BarColumn(),
            TextColumn("{task.description}"),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("", visible=False)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def __call__(self, done: int, total: int) -> None:
        """Take note that ``done`` of ``total`` slopes are solved."""
        now = time.monotonic()
        if done == 0:
            self._announce()
            self._started = self._printed = now
        text = _text(done, total, seconds=now - self._started)
        self._bar.update(self._task, completed=done, total=total, description=text, visible=True)
        due = now - self._printed >= _SECONDS_BETWEEN_LINES or done == total
        if self._bar.disable and due:
            self._printed = now
            self._console.print(f"rdsweep: {self._source}, {text}", highlight=False, soft_wrap=True)

    def _announce(self) -> None:
        """Say once what is being solved, how long it may take and where it is kept."""
        if self._announcement:
            self._console.print(self._announcement, highlight=False, soft_wrap=True)
            self._announcement = ""


def _text(done: int, total: int, *, seconds: float) -> str:
    if done == 0:
        return f"0/{total} slopes"
    left = timedelta(seconds=round(seconds * (total - done) / done))
    return f"{done}/{total} slopes, {60.0 * done / max(seconds, 1e-9):.3g} per minute, {left} left"
