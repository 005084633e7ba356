from collections.abc import Callable

import pandas as pd
import pytest

from rdsweep.report import ReportError, parse_report_file
from rdsweep.report._selection import select_runs

FILE = parse_report_file("title: T", name="r.yaml")


def test_every_run_that_is_left_out_is_counted_once_with_its_reason(
    make_tables: Callable[..., tuple[pd.DataFrame, pd.DataFrame]], make_failures: Callable[..., pd.DataFrame]
) -> None:
    runs, scores = make_tables()
    runs = make_failures(runs, [0, 5])
    runs.loc[6, "status"] = "pruned"
    runs.loc[7, "capacity"] = float("nan")
    file = parse_report_file("title: T\nwhere: {model: [baseline, E2M1]}", name="r.yaml")
    selection = select_runs(file, runs=runs, scores=scores)
    assert dict(selection.exclusions.to_numpy()) == {
        "not selected by the report file": 9,
        "no capacity or model": 1,
        "failed": 2,
        "pruned": 1,
    }
    assert selection.n_stored == len(selection.runs) + selection.exclusions["n_runs"].sum()
    assert set(selection.unfinished["run_id"]) == set(runs["run_id"][[0, 5, 6]])
    assert set(selection.scores["run_id"]) <= set(selection.runs["run_id"])


def test_the_baseline_comes_first_and_order_on_disk_does_not_matter(
    make_tables: Callable[..., tuple[pd.DataFrame, pd.DataFrame]],
) -> None:
    runs, scores = make_tables(["E2M1", "baseline", "E1M1"])
    selection = select_runs(FILE, runs=runs, scores=scores)
    shuffled = select_runs(FILE, runs=runs.sample(frac=1, random_state=1), scores=scores)
    assert selection.conditions == ["baseline", "E1M1", "E2M1"]
    assert selection.hybrids == ["E1M1", "E2M1"]
    pd.testing.assert_frame_equal(selection.runs, shuffled.runs)


def test_runs_that_differ_in_more_than_condition_level_and_seed_are_refused(
    make_tables: Callable[..., tuple[pd.DataFrame, pd.DataFrame]],
) -> None:
    runs, scores = make_tables(["baseline", "E1M1"])
    again = runs[runs["model"] == "E1M1"].assign(ratio=20.0, run_id=lambda frame: frame["run_id"] + "x")
    with pytest.raises(ReportError, match=r"E1M1 has 2 at 0.5, seed 0, that differ in ratio$"):
        select_runs(FILE, runs=pd.concat([runs, again]), scores=scores)
    chosen = parse_report_file("title: T\nwhere: {ratio: [1, 20]}", name="r.yaml")
    selection = select_runs(chosen, runs=pd.concat([runs, again]), scores=scores)
    assert set(selection.runs["ratio"]) == {1.0, 20.0}


def test_panels_show_the_baseline_beside_the_conditions_that_have_runs(
    make_tables: Callable[..., tuple[pd.DataFrame, pd.DataFrame]],
) -> None:
    runs, scores = make_tables(["baseline", "E1M1"])
    text = "title: T\npanels: [{title: A, conditions: [E1M1, E1M2]}, {title: B, conditions: [E2M1]}]"
    file = parse_report_file(text, name="r.yaml")
    assert select_runs(file, runs=runs, scores=scores).panels() == [("A", ["baseline", "E1M1"])]
    assert select_runs(FILE, runs=runs, scores=scores).panels() == [("", ["baseline", "E1M1"])]
