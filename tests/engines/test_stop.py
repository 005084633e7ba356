from __future__ import annotations

import io
import os
import signal
import threading
import time

import pytest
from rich.console import Console

from rdsweep._signals import Interrupted
from rdsweep.engines import _stop
from rdsweep.engines._inline import InlineEngine
from rdsweep.engines._stop import Dropped, StopRequest, stop_on_signals


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


def test_a_terminal_that_closes_asks_for_checkpoints_once() -> None:
    with stop_on_signals(quiet()) as stop:
        os.kill(os.getpid(), signal.SIGHUP)
        os.kill(os.getpid(), signal.SIGHUP)
        assert (stop.signal, stop.urgent, stop.overdue) == (signal.SIGHUP, True, False)
        with pytest.raises(Interrupted) as caught:
            os.kill(os.getpid(), signal.SIGTERM)
    assert caught.value.number == signal.SIGTERM


def test_what_is_announced_is_what_happens() -> None:
    stop = StopRequest()
    assert stop.announcement.startswith("stopping;")
    stop.training = True
    assert stop.announcement.startswith("finishing the packs in training;")
    stop.ask(signal.SIGTERM)
    assert stop.announcement == "checkpointing the packs in training"


def test_work_that_asks_for_nothing_is_dropped_when_the_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_stop, "GRACE_SECONDS", 0.05)

    def evaluate() -> None:
        with stop.droppable():
            os.kill(os.getpid(), signal.SIGTERM)
            assert stop.requested, "the wish alone drops nothing"
            time.sleep(30.0)

    with stop_on_signals(quiet()) as stop, pytest.raises(Dropped):
        evaluate()


def test_time_that_is_over_drops_nothing_outside_of_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_stop, "GRACE_SECONDS", 0.01)
    with stop_on_signals(quiet()) as stop:
        with stop.droppable():
            pass
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.05)
        assert stop.overdue


def test_no_alarm_is_left_behind() -> None:
    with stop_on_signals(quiet()):
        os.kill(os.getpid(), signal.SIGTERM)
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 0.0
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0.0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_measurement_is_dropped_at_once(number: signal.Signals) -> None:
    def measure(device: str) -> None:
        os.kill(os.getpid(), number)
        time.sleep(30.0)

    started = time.monotonic()
    with stop_on_signals(quiet()) as stop:
        assert InlineEngine("cpu").measure("cpu", measure, stop=stop) is None  # type: ignore[arg-type]
        assert stop.signal is number
    assert time.monotonic() - started < 20.0


def test_blocks_within_each_other_share_a_request() -> None:
    with stop_on_signals(quiet()) as outer:
        with stop_on_signals(quiet()) as inner:
            assert inner is outer
        os.kill(os.getpid(), signal.SIGINT)
        assert outer.requested
    with stop_on_signals(quiet()) as later:
        assert not later.requested
