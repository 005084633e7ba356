from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from rdstats.theory import Frontier, rd_frontier
from rdsweep.cli import _optimality, _theory, main

Call = Callable[..., tuple[int, str, str]]

START = "rdsweep: computing the optimum of alignment at ratio 3\n"
SOLVING = (
    "rdsweep: solving the optimum of alignment at ratio 3: about 8 min on one core, once; then kept in "
    "{cache}/rdsweep/theory\n"
)


@pytest.mark.parametrize(
    ("module", "arguments", "line"),
    [
        ("_theory", ["theory", "--imbalance", "alignment", "--ratio", "3"], START),
        ("_optimality", ["table", "results/tiny", "--theory"], "rdsweep: comparing the runs with"),
    ],
)
def test_what_starts_is_said_before_anything_is_imported(
    module: str,
    arguments: list[str],
    line: str,
    with_results: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(sys.modules, f"rdsweep.cli.{module}", None)  # its import fails
    monkeypatch.delattr(f"rdsweep.cli.{module}", raising=False)
    capfd.readouterr()
    with pytest.raises(ImportError):
        main(arguments)
    printed = capfd.readouterr()
    assert printed.err.startswith(line)
    assert printed.out == ""


def _solve(*source: Any, progress: Callable[[int, int], None]) -> pd.DataFrame:
    for n_done in range(3):
        progress(n_done, 2)
    return pd.DataFrame({"rate": [0.0, 1.0], "distortion_mse": [0.2, 0.1]})


def test_progress_of_a_solution_is_plain_lines_on_standard_error(
    here: Path, rdsweep: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_theory, "rd_table", _solve)
    code, out, err = rdsweep("theory", "--imbalance", "alignment", "--ratio", 3, "--tasks", "order")
    lines = err.splitlines(keepends=True)
    assert code == 0
    assert lines[:2] == [START, SOLVING.format(cache=here / "cache")]
    assert lines[2].startswith("rdsweep: alignment at ratio 3, 2/2 slopes, ")
    assert lines[3:] == ["rdsweep: best scores on order, 1 of 1 tasks\n"]
    assert "rdsweep:" not in out
    assert out.split()[:2] == ["rate", "distortion_mse"]


def test_a_misspelled_task_is_found_before_anything_is_solved(
    here: Path, rdsweep: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_theory, "rd_table", None)
    code, _, err = rdsweep("theory", "--tasks", "bins", "--tasks", "size")
    assert code == 2
    assert "rdsweep: tasks must be one of 'order', 'region', 'equality', 'bins', but got 'size'" in err


def test_the_optimum_is_written_with_the_scores_of_tasks(here: Path, rdsweep: Call) -> None:
    code, out, err = rdsweep("theory", "--tasks", "order", "--tasks", "region", "--out", "optimum")
    assert (code, out) == (0, "optimum/rd_function.csv\noptimum/task_scores.csv\n")
    assert "solving" not in err  # it comes solved
    scores = pd.read_csv("optimum/task_scores.csv")
    curve = pd.read_csv("optimum/rd_function.csv")
    assert scores["task"].tolist() == ["order"] * len(curve) + ["region"] * len(curve)
    assert scores["rate"].tolist() == [*curve["rate"], *curve["rate"]]


def test_table_with_theory_has_the_bounds_of_both_sources(with_results: Path, rdsweep: Call) -> None:
    code, out, err = rdsweep("table", "results/tiny", "--theory", "--out", "runs.csv")
    assert (code, out) == (0, "")
    assert err == "rdsweep: comparing the runs with the exact optimum\n"  # both sources come solved
    runs = pd.read_csv("runs.csv").set_index("model")
    for model, source in (("baseline", ("none", 1.0)), ("E1M1", ("lower_corridor", 10.0))):
        bounds = runs.loc[model].dropna(subset="rate")
        balanced, own = (rd_frontier(*each).distortion_mse([1.0])[0] for each in (("none", 1.0), source))
        assert bounds["distortion_bound"].to_numpy() == pytest.approx(balanced)
        assert bounds["distortion_bound_own"].to_numpy() == pytest.approx(own)
        assert bounds["excess_distortion_own"].to_numpy() == pytest.approx(1.0 - own)


def test_table_with_theory_says_what_it_solves(
    with_results: Path, rdsweep: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    solved = rd_frontier()

    def solve(*source: Any, progress: Callable[[int, int], None]) -> Frontier:
        _solve(progress=progress)
        return solved

    monkeypatch.setattr(_optimality, "rd_frontier", solve)
    code, _, err = rdsweep("table", "results/tiny", "--theory")
    assert code == 0
    assert "rdsweep: solving the optimum of lower_corridor at ratio 10: about 2 min" in err
    assert "rdsweep: lower_corridor at ratio 10, 2/2 slopes" in err
    assert "12 of" not in err
