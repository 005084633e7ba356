from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from rdstats.theory import Frontier
from rdsweep.report import parse_report_file
from rdsweep.report._analysis import analyze, summarize
from rdsweep.report._limits import limits
from rdsweep.report._optimality import optimality_section
from rdsweep.report._rate_distortion import rate_distortion_section
from rdsweep.report._selection import select_runs

Maker = Callable[..., tuple[pd.DataFrame, pd.DataFrame]]
FILE = parse_report_file("title: T", name="r.yaml")


def test_a_summary_is_the_t_interval_of_scipy() -> None:
    values = np.array([0.71, 0.74, 0.79, 0.69])
    frame = pd.DataFrame({"task": "order", "f1": [*values, np.nan]})
    row = summarize(frame, ["task"], "f1", confidence_level=0.9).iloc[0]
    low, high = stats.t.interval(0.9, 3, loc=values.mean(), scale=stats.sem(values))
    assert (row["n"], row["n_dropped"]) == (4, 1)
    # The same closed form, so equal to rounding.
    assert (row["low"], row["high"]) == pytest.approx((low, high), rel=1e-12)


def test_differences_are_condition_minus_baseline_at_equal_seeds(make_tables: Maker) -> None:
    runs, scores = make_tables()
    analysis = analyze(select_runs(FILE, runs=runs, scores=scores))
    table = analysis.differences["distortion_mse"].set_index(["model", "capacity"])
    cell = runs[runs["capacity"] == 2.0].set_index(["model", "seed"])["distortion_mse"]
    expected = (cell["E2M1"] - cell["baseline"]).mean()
    assert table.loc[("E2M1", 2.0), "estimate"] == pytest.approx(expected, rel=1e-12)
    assert list(table.index.get_level_values(0).unique()) == ["E1M1", "E2M1"]


def test_the_achieved_rate_is_relative_to_capacity(make_tables: Maker) -> None:
    runs, scores = make_tables(["baseline"], [2.0], [0, 1])
    runs["rate_own"] = [2.02, 1.94]
    achieved = analyze(select_runs(FILE, runs=runs, scores=scores)).achieved.iloc[0]
    assert achieved["mean"] == pytest.approx(-0.01)
    assert achieved["worst"] == pytest.approx(0.03)


def test_a_bound_adds_a_section_and_a_line(make_tables: Maker) -> None:
    selection = select_runs(FILE, runs=(tables := make_tables())[0], scores=tables[1])
    without = analyze(selection)
    # D(R) = exp(-2R) per pixel on one pixel: far below the runs, so each is less than fully efficient.
    slopes = np.geomspace(0.5, 1e4, 40)
    analysis = analyze(selection, bound=Frontier(slopes, 0.5 + 0.5 * np.log(2 * slopes), n_pixels=1))
    section = optimality_section(analysis)
    assert section is not None
    assert [table.name for table in section.tables] == ["efficiency", "excess_distortion"]
    assert optimality_section(without) is None
    drawn, plain = (rate_distortion_section(each).figures[0].panels[0]["svg"] for each in (analysis, without))
    assert drawn.count(b"stroke-dasharray") == plain.count(b"stroke-dasharray") + 1


@pytest.mark.parametrize(
    ("tables", "sentence"),
    [
        ({"seeds": [0]}, "With one seed there are no intervals and no tests"),
        ({"models": ["baseline"]}, "With baseline alone nothing can be said about differences"),
        ({"models": ["E1M1", "E2M1"]}, "Without a completed run of baseline no difference"),
        ({"capacities": [2.0]}, "Curve of baseline, E1M1 and E2M1: runs at 1 distinct rate"),
    ],
)
def test_what_cannot_be_concluded_is_said(
    make_tables: Maker, tables: dict[str, list[object]], sentence: str
) -> None:
    runs, scores = make_tables(**tables)
    found = limits(analyze(select_runs(FILE, runs=runs, scores=scores)))
    assert any(each.startswith(sentence) for each in found), found


def test_a_complete_study_has_no_limits(make_tables: Maker) -> None:
    runs, scores = make_tables()
    assert limits(analyze(select_runs(FILE, runs=runs, scores=scores))) == ()


def test_a_missing_part_of_the_grid_is_counted(make_tables: Maker) -> None:
    runs, scores = make_tables()
    half = runs[~((runs["model"] == "E2M1") & (runs["capacity"] > 1))]
    found = limits(analyze(select_runs(FILE, runs=half, scores=scores)))
    assert found[0].startswith("6 runs of the crossed grid are missing, in 2 of 9 cells")
    assert any("2 of 6 comparisons could not be tested" in sentence for sentence in found)


def test_a_test_that_cannot_reach_its_level_says_so(make_tables: Maker) -> None:
    runs, scores = make_tables()
    file = FILE.model_copy(update={"comparison": FILE.comparison.model_copy(update={"method": "sign_flip"})})
    selection = replace(select_runs(FILE, runs=runs, scores=scores), file=file)
    # Three seeds have eight sign flips, two of which are as extreme as can be.
    assert any("these seeds can give is 0.250" in sentence for sentence in limits(analyze(selection)))
