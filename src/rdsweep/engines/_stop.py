"""Ending a sweep before its end: with the packs in training finished, checkpointed, or dropped."""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

from rich.console import Console

GRACE_SECONDS = 25.0
"""Time for a last checkpoint; Kubernetes kills a pod 30 seconds after it asks it to end."""


class Preempted(Exception):  # noqa: N818 - an outcome, as KeyboardInterrupt is
    """A pack that ended at a checkpoint because it was asked to."""


@dataclass
class StopRequest:
    """How soon a sweep is to end: not yet, after the packs in training, or at their next checkpoint.

    Attributes
    ----------
    grace : float
        Seconds from the wish for a checkpoint until packs in training are dropped.
    signal : Signals or None
        What asked for the end: ``SIGINT`` to finish the packs in training, ``SIGTERM`` to checkpoint them.
    """

    grace: float = GRACE_SECONDS
    signal: signal.Signals | None = None
    _deadline: float = field(default=math.inf, repr=False)

    def ask(self, number: int) -> None:
        """Take note of a signal.

        Raises
        ------
        KeyboardInterrupt
            If the signal is not the first of its kind: stop now.
        """
        wish = signal.Signals(number)
        if self.signal in (wish, signal.SIGTERM):
            raise KeyboardInterrupt
        self.signal = wish
        if wish is signal.SIGTERM:
            self._deadline = time.monotonic() + self.grace

    @property
    def requested(self) -> bool:
        """Whether to start no more packs."""
        return self.signal is not None

    @property
    def urgent(self) -> bool:
        """Whether to end the packs in training at a checkpoint."""
        return self.signal is signal.SIGTERM

    @property
    def overdue(self) -> bool:
        """Whether the time for a checkpoint is over."""
        return time.monotonic() >= self._deadline


_ANNOUNCEMENTS = {
    signal.SIGINT: "finishing the packs in training; interrupt again to stop now",
    signal.SIGTERM: "checkpointing the packs in training",
}


@contextmanager
def stop_on_signals(console: Console) -> Iterator[StopRequest]:
    """Yield a request that SIGINT and SIGTERM make; outside the main thread nothing makes it.

    The first SIGINT lets packs in training finish, the first SIGTERM has them checkpointed, and a second
    signal raises ``KeyboardInterrupt``.
    """
    request = StopRequest()

    def handle(number: int, frame: FrameType | None) -> None:
        request.ask(number)
        console.print(_ANNOUNCEMENTS[signal.Signals(number)], highlight=False)

    if threading.current_thread() is not threading.main_thread():
        yield request
        return
    before = {number: signal.signal(number, handle) for number in _ANNOUNCEMENTS}
    try:
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
