from collections.abc import Callable

import pandas as pd
import pytest

from rdsweep.report import ReportError, parse_report_file
from rdsweep.report._analysis import analyze
from rdsweep.report._limits import limits
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


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("where: {ratio: [1, 7]}", "where must be among the levels of 'ratio', 1, 10, but got 7"),
        ("where: {seed: [0, 99]}", "where must be among the levels of 'seed', 0, 1, 2, but got 99"),
        (
            "where: {model: [baseline, E2M11]}",
            "where must be among the levels of 'model', .*, but got 'E2M11'",
        ),
        ("baseline: bsaeline", "baseline must be among the levels of 'model', .*, but got 'bsaeline'"),
        (
            "condition: imbalance\nbaseline: baseline",
            "baseline must be among the levels of 'imbalance', 'lower_corridor', 'none', but got 'baseline'",
        ),
        (
            "panels: [{title: A, conditions: [E1M1]}, {title: B, conditions: [E2M1, E9]}]",
            r"panels\[1\].conditions must be among the levels of 'model', .*, but got 'E9'",
        ),
    ],
)
def test_a_level_that_no_run_has_is_refused_with_those_that_exist(
    make_tables: Callable[..., tuple[pd.DataFrame, pd.DataFrame]], text: str, message: str
) -> None:
    runs, scores = make_tables()
    file = parse_report_file(f"title: T\n{text}", name="r.yaml")
    with pytest.raises(ReportError, match=f"^{message}$"):
        select_runs(file, runs=runs, scores=scores)


def test_levels_of_other_results_may_be_missing_here(
    make_tables: Callable[..., tuple[pd.DataFrame, pd.DataFrame]],
) -> None:
    file = parse_report_file("title: T\nwhere: {capacity: [0.5, 5.0000001]}", name="r.yaml")
    runs, scores = make_tables()
    first = select_runs(file, runs=runs, scores=scores)
    assert first.levels == [0.5, 5.0]
    few, few_scores = make_tables(capacities=[0.5])
    assert select_runs(file, runs=few, scores=few_scores, beside=first).levels == [0.5]


def test_models_of_the_catalogue_may_be_missing_and_are_named_in_the_limits(
    make_tables: Callable[..., tuple[pd.DataFrame, pd.DataFrame]],
) -> None:
    runs, scores = make_tables(["baseline", "E1M1"])
    text = "title: T\npanels: [{title: A, conditions: [E1M1, E1M2]}, {title: B, conditions: [E2M1]}]"
    selection = select_runs(parse_report_file(text, name="r.yaml"), runs=runs, scores=scores)
    assert "The report file names E1M2 and E2M1, of which no run is completed here." in limits(
        analyze(selection)
    )


def test_panels_show_the_baseline_beside_the_conditions_that_have_runs(
    make_tables: Callable[..., tuple[pd.DataFrame, pd.DataFrame]],
) -> None:
    runs, scores = make_tables(["baseline", "E1M1"])
    text = "title: T\npanels: [{title: A, conditions: [E1M1, E1M2]}, {title: B, conditions: [E2M1]}]"
    file = parse_report_file(text, name="r.yaml")
    assert select_runs(file, runs=runs, scores=scores).panels() == [("A", ["baseline", "E1M1"])]
    assert select_runs(FILE, runs=runs, scores=scores).panels() == [("", ["baseline", "E1M1"])]
