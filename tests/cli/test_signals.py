"""What a signal does to a command, from its first line on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from rdsweep.cli import _signals
from rdsweep.cli._signals import unwinding

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

SIGNALLED_AT_IMPORT = """
import os, signal, sys

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), signal.{signal})
        return None

sys.meta_path.insert(0, Finder())
from rdsweep.cli import main
main()
"""


def signalled_at_import(
    module: str, number: signal.Signals, *arguments: str, folder: Path
) -> tuple[int, str, str]:
    """Run a command that gets a signal when it imports ``module``."""
    code = SIGNALLED_AT_IMPORT.format(module=module, signal=number.name)
    ended = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, cwd=folder, timeout=60
    )
    return ended.returncode, ended.stdout, ended.stderr


@pytest.mark.parametrize("number", STOP_SIGNALS)
def test_a_signal_at_the_first_line_ends_a_command_with_its_code(
    number: signal.Signals, tmp_path: Path
) -> None:
    assert signalled_at_import("typer", number, "run", "x.yaml", folder=tmp_path) == (
        128 + number,
        "",
        f"rdsweep: stopped by {number.name}\n",
    )


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("run", "tiny.yaml"), "starting the run of tiny.yaml"),
        (("study", "beta.yaml"), "starting the study of beta.yaml"),
        (("geometry", "results"), "computing the indices of codes"),
        (("report", "r.yaml", "--results", "r", "--out", "o"), "building the report of r.yaml"),
        (("figures", "results", "--out", "o"), "drawing figures"),
    ],
)
def test_what_starts_is_said_before_anything_heavy_is_imported(
    arguments: tuple[str, ...], line: str, tmp_path: Path
) -> None:
    code, out, err = signalled_at_import("numpy", signal.SIGTERM, *arguments, folder=tmp_path)
    assert (code, out) == (143, "")
    assert err == f"rdsweep: {line}\nrdsweep: stopped by SIGTERM\n"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("number", STOP_SIGNALS)
def test_a_signal_during_the_work_unwinds_it(
    number: signal.Signals, capsys: pytest.CaptureFixture[str]
) -> None:
    closed = []

    def work() -> None:
        with unwinding("interrupted; all is well"):
            try:
                os.kill(os.getpid(), number)
            finally:
                closed.append(number)

    with pytest.raises(typer.Exit) as caught:
        work()
    assert (caught.value.exit_code, closed) == (128 + number, [number])
    assert capsys.readouterr().err == "rdsweep: interrupted; all is well\n"
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_a_second_signal_does_not_wait_for_the_unwinding(monkeypatch: pytest.MonkeyPatch) -> None:
    def leave(code: int) -> None:
        raise SystemExit(code)

    def work() -> None:
        with unwinding():
            try:
                os.kill(os.getpid(), signal.SIGINT)
            finally:
                os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(_signals.os, "_exit", leave)
    with pytest.raises(SystemExit) as caught:
        work()
    assert caught.value.code == 143
