from __future__ import annotations

import io
import sys
import time

import pytest

from rdsweep.cli import _activity
from rdsweep.cli._activity import Activity


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have an activity speak at once and often."""
    for name in ("_SECONDS_OF_SILENCE", "_SECONDS_BETWEEN_LINES", "_SECONDS_BETWEEN_CHANGES"):
        monkeypatch.setattr(_activity, name, 0.01)


def wait_for(text: str, shown: io.StringIO) -> None:
    give_up = time.monotonic() + 20.0
    while text not in shown.getvalue():
        assert time.monotonic() < give_up, shown.getvalue()
        time.sleep(0.01)


def test_lines_off_a_terminal_have_no_control_characters(
    quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = io.StringIO()
    monkeypatch.setattr(sys, "stderr", shown)
    with Activity("reading", unit="parts") as activity:
        wait_for("rdsweep: reading, 0:00:00\n", shown)
        activity(3, 8)
        wait_for("rdsweep: reading, 3 of 8 parts, 0:00:00\n", shown)
    n_shown = len(shown.getvalue())
    time.sleep(0.05)
    assert len(shown.getvalue()) == n_shown, "nothing comes after the end"
    assert "\x1b" not in shown.getvalue()
    assert "\r" not in shown.getvalue()


def test_a_line_on_a_terminal_changes_and_goes(quick: None, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = Terminal()
    monkeypatch.setattr(sys, "stderr", shown)
    with Activity("reading") as activity:
        wait_for("\r\x1b[Krdsweep: reading, 0:00:00", shown)
        activity.end()
        assert shown.getvalue().endswith("\r\x1b[K")
    assert "\n" not in shown.getvalue()


@pytest.mark.parametrize(("at_once", "text"), [(True, "rdsweep: drawing\n"), (False, "")])
def test_only_what_always_takes_a_while_is_said_at_once(
    at_once: bool, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = io.StringIO()
    monkeypatch.setattr(sys, "stderr", shown)
    with Activity("drawing", at_once=at_once):
        assert shown.getvalue() == text


def test_nobody_who_reads_is_no_error(quick: None, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stderr", closed)
    with Activity("reading", at_once=True):
        time.sleep(0.05)
