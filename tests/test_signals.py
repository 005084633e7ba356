from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import threading
import time

import pytest

from rdsweep._signals import STOP_SIGNALS, children_spared, deferred, handled_by, handlers_kept


def test_handlers_are_put_back_and_what_is_ignored_stays_ignored() -> None:
    received: list[int] = []
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with handled_by(lambda number, _: received.append(number)):
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN, "as nohup has it"
            os.kill(os.getpid(), signal.SIGTERM)
        assert received == [signal.SIGTERM]
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGHUP, before)


def test_other_threads_change_nothing() -> None:
    seen = []

    def work() -> None:
        with handled_by(lambda *_: None):
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [signal.SIG_DFL]


def test_a_library_replaces_no_handler_of_ours() -> None:
    ours = signal.getsignal(signal.SIGTERM)
    with handlers_kept():
        assert signal.signal(signal.SIGTERM, lambda *_: None) is ours
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    assert signal.getsignal(signal.SIGTERM) is ours
    assert signal.signal(signal.SIGUSR1, signal.SIG_DFL) is signal.SIG_IGN


def test_deferred_signals_come_after_the_block_each_to_its_handler() -> None:
    events: list[object] = []
    with handled_by(lambda number, _: events.append(number)):
        with deferred(lambda: events.append("told")):
            os.kill(os.getpid(), signal.SIGTERM)
            os.kill(os.getpid(), signal.SIGINT)
            events.append("end of block")
        assert events == ["told", "told", "end of block", signal.SIGTERM, signal.SIGINT]


def test_children_do_not_hear_what_a_terminal_sends() -> None:
    with children_spared():
        child = subprocess.Popen(["sleep", "30"])
    for number in (signal.SIGINT, signal.SIGHUP):
        child.send_signal(number)
    time.sleep(0.1)
    assert child.poll() is None
    child.terminate()
    assert child.wait(timeout=20) == -signal.SIGTERM
    assert not signal.pthread_sigmask(signal.SIG_BLOCK, ()) & set(STOP_SIGNALS)


@pytest.mark.parametrize(("number", "is_kept"), [("SIGHUP", False), ("SIGTERM", True)])
def test_a_terminal_that_is_gone_is_let_go(number: str, is_kept: bool) -> None:
    code = (
        "import os, signal\n"
        "from rdsweep._signals import let_go_of_terminal\n"
        f"let_go_of_terminal(signal.{number})\n"
        "print('into the void', flush=True)\n"
        "os._exit(os.isatty(1))\n"
    )
    ours, theirs = pty.openpty()
    try:
        child = subprocess.run([sys.executable, "-c", code], stdin=theirs, stdout=theirs, stderr=theirs)
    finally:
        os.close(theirs)
        os.close(ours)
    assert child.returncode == is_kept
