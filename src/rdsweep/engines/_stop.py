"""Ending a sweep before its end: with the packs in training finished, checkpointed, or dropped.

A signal is a wish that is looked at where a sweep can end. It raises nothing, because it may come in the
middle of an import or while Ray starts, where an exception would crash the process.
"""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Literal

from rich.console import Console

from rdsweep._signals import STOP_SIGNALS, Interrupted, handled_by, let_go_of_terminal

GRACE_SECONDS = 25.0
"""Time for a last checkpoint; Kubernetes kills a pod 30 seconds after it asks it to end."""


class Preempted(Exception):  # noqa: N818 - an outcome, as KeyboardInterrupt is
    """A pack that ended at a checkpoint because it was asked to."""


class Dropped(BaseException):
    """Work in this process that was dropped because of a signal."""


@dataclass
class StopRequest:
    """How soon a sweep is to end: not yet, after the packs in training, or at their next checkpoint.

    Attributes
    ----------
    grace : float
        Seconds from the wish for a checkpoint until packs in training are dropped.
    signal : Signals or None
        What asked for the end: ``SIGINT`` to finish the packs in training, ``SIGTERM`` or ``SIGHUP`` to
        checkpoint them.
    training : bool
        Whether there are packs in training, so far as is known.
    """

    grace: float = GRACE_SECONDS
    signal: signal.Signals | None = None
    training: bool = False
    _deadline: float = field(default=math.inf, repr=False)
    _droppable: Literal["", "at once", "after grace"] = field(default="", repr=False)

    def ask(self, number: int) -> None:
        """Take note of a signal.

        Raises
        ------
        Interrupted
            If the signal is not the first of its kind: stop now.
        Dropped
            If what this process does can be dropped at once.
        """
        wish = signal.Signals(number)
        if self.urgent and wish is signal.SIGHUP:  # a terminal that closes may send several
            return
        if self.urgent or self.signal is wish:
            raise Interrupted(wish)
        self.signal = wish
        if wish is not signal.SIGINT:
            self._deadline = time.monotonic() + self.grace
        if self._droppable == "at once":
            raise Dropped

    @contextmanager
    def droppable(self, *, at_once: bool = False) -> Iterator[None]:
        """Have the block raise `Dropped` when the time for a checkpoint is over, or at the first signal.

        For work in the main thread, which asks for nothing while it evaluates or measures.
        """
        self._droppable = "at once" if at_once else "after grace"
        try:
            if at_once and self.requested:
                raise Dropped
            yield
        finally:
            self._droppable = ""

    def drop_overdue(self) -> None:
        """Raise `Dropped` if there is something to drop."""
        if self._droppable:
            raise Dropped

    @property
    def requested(self) -> bool:
        """Whether to start no more packs."""
        return self.signal is not None

    @property
    def urgent(self) -> bool:
        """Whether to end the packs in training at a checkpoint."""
        return self.signal in (signal.SIGTERM, signal.SIGHUP)

    @property
    def overdue(self) -> bool:
        """Whether the time for a checkpoint is over."""
        return time.monotonic() >= self._deadline

    @property
    def announcement(self) -> str:
        """What is done about the signal."""
        if not self.training:
            return "stopping; interrupt again to stop now"
        if self.urgent:
            return "checkpointing the packs in training"
        return "finishing the packs in training; interrupt again to stop now"


@dataclass
class _Handler:
    """Makes a request on each signal, and tells the user."""

    request: StopRequest
    console: Console

    def __call__(self, number: int, frame: FrameType | None) -> None:
        let_go_of_terminal(number)
        self.request.ask(number)
        if self.request.urgent:
            signal.setitimer(signal.ITIMER_REAL, self.request.grace)
        self.console.print(self.request.announcement, highlight=False)


@contextmanager
def stop_on_signals(console: Console) -> Iterator[StopRequest]:
    """Yield a request that SIGINT, SIGTERM and SIGHUP make; outside the main thread nothing makes it.

    The first SIGINT lets packs in training finish, the first SIGTERM or SIGHUP has them checkpointed, and a
    second signal raises ``KeyboardInterrupt``. Within another such block the request is the outer one.
    """
    outer = _handler_at_work()
    if outer is not None:
        yield outer.request
        return
    request = StopRequest(GRACE_SECONDS)
    if threading.current_thread() is not threading.main_thread():
        yield request
        return
    before = signal.signal(signal.SIGALRM, lambda number, frame: request.drop_overdue())
    try:
        with handled_by(_Handler(request, console)):
            yield request
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


def _handler_at_work() -> _Handler | None:
    """Return the handler of an outer block in this thread."""
    if threading.current_thread() is not threading.main_thread():
        return None
    handlers = map(signal.getsignal, STOP_SIGNALS)
    return next((handler for handler in handlers if isinstance(handler, _Handler)), None)
