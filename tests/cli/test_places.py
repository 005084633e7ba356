"""Results in an object store: the URI survives the command line and comes back in messages."""

from collections.abc import Callable
from pathlib import Path
from typing import get_type_hints

import pytest

from rdsweep.cli._commands import app

ONE = "name: one\nseeds: 1\nspace: {grid: {capacity: 1}}\ntraining: {n_train: 64, epochs: 1}\n"
REPORT = "title: One\nfigures: []\ntables: [coverage]\n"


def test_no_command_takes_results_for_a_path() -> None:
    hints = {
        command.callback.__name__: get_type_hints(command.callback) for command in app.registered_commands
    }
    kinds = {name: hint["results"] for name, hint in hints.items() if "results" in hint}
    assert {"plan", "run", "study", "status", "verify", "table", "geometry", "figures", "report"} == set(
        kinds
    )
    assert all(kind in (str, str | None) for kind in kinds.values()), kinds


def test_a_sweep_in_an_object_store_from_plan_to_report(here: Path, rdsweep: Callable, uri: str) -> None:
    (here / "one.yaml").write_text(ONE)
    (here / "report.yaml").write_text(REPORT)
    sweep = ("one.yaml", "--device", "cpu", "--results", uri)
    assert f"{uri}: 0 done, 1 to do\n" in rdsweep("plan", *sweep)[1]
    code, out, _ = rdsweep("run", *sweep, "--engine", "inline")
    assert code == 0
    assert out.startswith(f"{uri}: 1 of 1 runs done, 1 trained")
    assert f"{uri}: 1 done, 0 to do\n" in rdsweep("plan", *sweep)[1]
    assert "1 completed" in rdsweep("status", uri)[1]
    assert rdsweep("verify", uri)[:2] == (0, f"{uri}: 1 packs checked, 1 runs are sound\n")
    assert "1 of 1 rows" in rdsweep("table", uri)[1]
    assert rdsweep("report", "report.yaml", "--results", uri, "--out", "r") == (
        0,
        "r/index.html\n",
        "rdsweep: building the report of report.yaml\n",
    )
    assert not list(here.glob("s3*"))


@pytest.mark.parametrize("command", [("status",), ("report", "report.yaml", "--out", "r", "--results")])
def test_a_place_without_results_is_named_as_it_was_given(
    here: Path, rdsweep: Callable, uri: str, command: tuple[str, ...]
) -> None:
    (here / "report.yaml").write_text(REPORT)
    code, _, err = rdsweep(*command, uri)
    assert code == 2
    assert f"but {uri} holds no runs\n" in err
    assert err.count("\n") == (2 if "report" in command else 1), "the report is announced"


def test_an_interrupt_names_the_place(here: Path, rdsweep: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("rdsweep.cli._run.run_sweep", interrupted)
    code, _, err = rdsweep("run", "tiny.yaml", "--results", "s3://bucket/tiny")
    assert code == 130
    assert err.endswith("\nrdsweep: interrupted; finished packs are kept in s3://bucket/tiny\n")
