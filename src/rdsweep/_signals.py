"""The signals that ask a command to end. Imports nothing that takes time: handlers have to be there first."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

Handler = Callable[[int, FrameType | None], None]


class Interrupted(KeyboardInterrupt):
    """A ``KeyboardInterrupt`` that knows which signal it stands for.

    Parameters
    ----------
    number : int
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def exit_code(interrupt: KeyboardInterrupt) -> int:
    """Return the code that a shell gives to an end by a signal: 130, 143 or 129.

    Examples
    --------
    >>> exit_code(KeyboardInterrupt()), exit_code(Interrupted(signal.SIGTERM))
    (130, 143)
    """
    return 128 + getattr(interrupt, "number", signal.SIGINT)


@contextmanager
def handled_by(handler: Handler, *, for_good: bool = False) -> Iterator[None]:
    """Have ``handler`` called on each of `STOP_SIGNALS` in the ``with`` block, or until the process ends.

    A signal that this process was started to ignore, as ``nohup`` does with SIGHUP, stays ignored. Outside
    the main thread, where Python handles no signals, nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in STOP_SIGNALS}
    for number, old in before.items():
        if old is not signal.SIG_IGN:
            signal.signal(number, handler)
    try:
        yield
    finally:
        for number, old in () if for_good else before.items():
            signal.signal(number, signal.SIG_DFL if old is None else old)


def let_go_of_terminal(number: int) -> None:
    """Have what is still printed go nowhere if the signal says that the terminal is gone."""
    if number != signal.SIGHUP:
        return
    for stream in (0, 1, 2):
        with suppress(OSError):
            if os.isatty(stream):
                nowhere = os.open(os.devnull, os.O_RDWR)
                os.dup2(nowhere, stream)
                os.close(nowhere)


@contextmanager
def handlers_kept() -> Iterator[None]:
    """Keep a library from replacing handlers of `STOP_SIGNALS` within the block."""
    set_handler = signal.signal

    def set_others(number: int, handler: signal._HANDLER) -> signal._HANDLER:
        return signal.getsignal(number) if number in STOP_SIGNALS else set_handler(number, handler)

    signal.signal = set_others  # type: ignore[assignment]
    try:
        yield
    finally:
        signal.signal = set_handler


@contextmanager
def deferred(tell: Callable[[], None]) -> Iterator[None]:
    """Have signals wait for the end of the block and call their handlers there; ``tell`` comes at once."""
    received: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        received.append(number)
        tell()

    before = {number: signal.getsignal(number) for number in STOP_SIGNALS}
    try:
        with handled_by(note), handlers_kept():
            yield
    finally:
        for number in received:
            handler = before[signal.Signals(number)]
            if callable(handler):
                handler(number, None)
            else:
                os.kill(os.getpid(), number)


@contextmanager
def children_spared() -> Iterator[None]:
    """Keep from processes that are started within the block what a terminal sends to all of its processes.

    Whoever started them ends them in its own order. What arrives meanwhile is delivered after the block.
    """
    of_terminal = {signal.SIGINT, signal.SIGHUP}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, of_terminal)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
