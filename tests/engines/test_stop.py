from __future__ import annotations

import io
import os
import signal
import threading
import time

import pytest
from rich.console import Console

from rdsweep.engines._stop import StopRequest, stop_on_signals


def quiet() -> Console:
    return Console(file=io.StringIO())


def test_the_first_interrupt_finishes_and_the_second_one_stops() -> None:
    with stop_on_signals(quiet()) as stop:
        assert not stop.requested
        os.kill(os.getpid(), signal.SIGINT)
        assert stop.requested
        assert not stop.urgent
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_a_wish_to_terminate_is_urgent_even_after_an_interrupt() -> None:
    with stop_on_signals(quiet()) as stop:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.urgent
        assert not stop.overdue
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_the_time_for_a_checkpoint_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    stop = StopRequest(grace=5.0)
    monkeypatch.setattr(time, "monotonic", lambda: 100.0)
    stop.ask(signal.SIGTERM)
    monkeypatch.setattr(time, "monotonic", lambda: 104.9)
    assert not stop.overdue
    monkeypatch.setattr(time, "monotonic", lambda: 105.0)
    assert stop.overdue


def test_handlers_are_put_back() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with stop_on_signals(quiet()):
        assert signal.getsignal(signal.SIGINT) is not before[0]
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_other_threads_leave_signals_alone() -> None:
    handlers = []

    def work() -> None:
        with stop_on_signals(quiet()) as stop:
            handlers.append((signal.getsignal(signal.SIGINT), stop.requested))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert handlers == [(signal.getsignal(signal.SIGINT), False)]
