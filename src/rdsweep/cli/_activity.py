"""What a command is doing, on standard error: a line that changes on a terminal, else one now and then."""

from __future__ import annotations

import sys
import threading
import time
from datetime import timedelta
from types import TracebackType
from typing import Self

_SECONDS_OF_SILENCE = 2.0
_SECONDS_BETWEEN_LINES = 10.0
_SECONDS_BETWEEN_CHANGES = 0.5
_BEGIN_LINE = "\r\x1b[K"


class Activity:
    """Says what is being done, how much of it is done and for how long; a context manager.

    Standard output stays free for data. To be called with what is done and what there is to do.

    Parameters
    ----------
    text : str
        What is being done, without anything secret.
    at_once : bool
        Whether to say it at once, as a command does that always takes a while; otherwise after two seconds.
    unit : str
        What is counted.
    """

    def __init__(self, text: str, *, at_once: bool = False, unit: str = "packs") -> None:
        self._text, self._unit = text, unit
        self._count = ""
        self._started = time.monotonic()
        self._silence = 0.0 if at_once else _SECONDS_OF_SILENCE
        self._ended = threading.Event()
        self._teller = threading.Thread(target=self._tell, name="rdsweep-activity", daemon=True)

    def __enter__(self) -> Self:
        if not self._silence:
            _print(f"rdsweep: {self._text}\n")
        self._teller.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def __call__(self, n_done: int, n_all: int) -> None:
        """Take note that ``n_done`` of ``n_all`` are done."""
        self._count = f", {n_done} of {n_all} {self._unit}" if n_all else ""

    def end(self) -> None:
        """Say nothing more; the place for the line is clear again."""
        self._ended.set()
        self._teller.join()

    def _tell(self) -> None:
        terminal = not sys.stderr.closed and sys.stderr.isatty()
        pause = _SECONDS_BETWEEN_CHANGES if terminal else _SECONDS_BETWEEN_LINES
        wait = self._silence or pause
        while not self._ended.wait(wait):
            wait = pause
            since = timedelta(seconds=round(time.monotonic() - self._started))
            line = f"rdsweep: {self._text}{self._count}, {since}"
            _print(f"{_BEGIN_LINE}{line}" if terminal else f"{line}\n")
        if terminal:
            _print(_BEGIN_LINE)


def _print(text: str) -> None:
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except (OSError, ValueError):  # nobody reads it any more
        return
