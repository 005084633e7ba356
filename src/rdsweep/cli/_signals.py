"""What a signal does to a command: before its work it ends the process, during its work it unwinds."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from signal import Signals
from types import FrameType

from rdsweep._signals import Interrupted, exit_code, handled_by, let_go_of_terminal


def end_at_once(number: int, frame: FrameType | None) -> None:
    """End the process; for as long as it has nothing to clean up, which is while it imports.

    An exception would not do: modules that are half imported swallow it, or crash.
    """
    let_go_of_terminal(number)
    _say(f"stopped by {Signals(number).name}")
    os._exit(128 + number)


@contextmanager
def unwinding(message: str = "interrupted") -> Iterator[None]:
    """Have a signal end the block by an exception, so that all that it opened is closed, then the command.

    Parameters
    ----------
    message : str
        What to tell the user.

    Raises
    ------
    typer.Exit
        With the code that a shell gives to the signal: 130, 143 or 129.
    """
    import typer

    received: list[int] = []

    def unwind(number: int, frame: FrameType | None) -> None:
        if received:  # somebody who asks again does not want to wait for the end of the unwinding
            end_at_once(number, frame)
        received.append(number)
        let_go_of_terminal(number)
        raise Interrupted(number)

    try:
        with handled_by(unwind):
            yield
    except KeyboardInterrupt as interrupt:
        _say(message)
        raise typer.Exit(exit_code(interrupt)) from None


def _say(text: str) -> None:
    with suppress(OSError):
        print(f"rdsweep: {text}", file=sys.stderr, flush=True)  # noqa: T201
