"""What a report says in words, on data for which a careless sentence would be wrong."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from rdsweep.drawing import N_LOOKS
from rdsweep.report import parse_report_file
from rdsweep.report._achieved_rate import achieved_rate_section
from rdsweep.report._analysis import Analysis, achieved_rate, analyze
from rdsweep.report._crowd import with_crowd
from rdsweep.report._differences import differences_section
from rdsweep.report._limits import limits
from rdsweep.report._methods import methods_sentences
from rdsweep.report._optimality import _finding as optimality_finding
from rdsweep.report._overview import coverage
from rdsweep.report._published import _finding as published_finding
from rdsweep.report._rate_distortion import _caption as curve_caption
from rdsweep.report._rate_distortion import rate_distortion_section
from rdsweep.report._scores import scores_section
from rdsweep.report._selection import select_runs

Tables = tuple[pd.DataFrame, pd.DataFrame]
Maker = Callable[..., Tables]
FILE = "title: T\nfigures: []"


def analysis_of(tables: Tables, text: str = FILE) -> Analysis:
    runs, scores = tables
    return analyze(select_runs(parse_report_file(text, name="r.yaml"), runs=runs, scores=scores))


@pytest.fixture
def small(make_tables: Maker) -> Tables:
    """Two models at two capacities with two seeds: 8 runs."""
    return make_tables(["baseline", "E2M1"], (0.5, 2.0), (0, 1))


@pytest.fixture
def bare(small: Tables) -> pd.DataFrame:
    """Four runs without scores: two models at 0.5 and 2 nats."""
    runs, _ = small
    return runs[runs["seed"] == 0].reset_index(drop=True)


@pytest.mark.parametrize(
    ("off", "sentence"),
    [
        (
            [0.01, -0.02, 0.0, 0.01],
            "Every run’s rate lies within 2.0\u202f% of its capacity; the run furthest off is one of "
            "baseline at 2 nats.",
        ),
        (
            [0.01, -0.3, 0.06, 1.268],
            "3 of 4 runs missed the capacity by more than 5\u202f% (2 above, 1 below), at worst by "
            "126.8\u202f% (E2M1 at 2 nats, above); the others lie within 1.0\u202f%.",
        ),
        (
            [-0.4, -0.3, -0.2, -0.1],
            "4 of 4 runs missed the capacity by more than 5\u202f% (4 below), at worst by 40.0\u202f% "
            "(baseline at 0.5 nats, below).",
        ),
    ],
)
def test_runs_that_missed_their_capacity_are_counted_and_measured(
    bare: pd.DataFrame, off: list[float], sentence: str
) -> None:
    scores = pd.DataFrame(columns=["run_id", "task", "regime", "head", "f1"])
    runs = bare.assign(rate_own=bare["capacity"] * (1 + np.array(off)))
    analysis = analysis_of((runs, scores))
    section = achieved_rate_section(analysis)
    assert section is not None
    assert section.findings == (sentence,)
    missed = sum(abs(share) > 0.05 for share in off)
    assert any("not conditions at equal rate" in text for text in limits(analysis)) == bool(missed)
    assert sum(int(cell) for cell in section.tables[0].columns[-1].cells) == missed
    assert achieved_rate(analysis.selection.runs, analysis.selection.file)["n_missed"].sum() == missed


def test_one_seed_has_no_means_intervals_or_tests(make_tables: Maker) -> None:
    analysis = analysis_of(make_tables(["baseline", "E2M1"], (0.5, 2.0, 5.0), (0,)))
    sections = [achieved_rate_section(analysis), scores_section(analysis), differences_section(analysis)]
    sections.append(rate_distortion_section(analysis))
    text = [table.caption for section in sections if section for table in section.tables]
    text += [finding for section in sections if section for finding in section.findings]
    text += methods_sentences(analysis)
    said = " ".join(text)
    assert "without intervals" in said
    assert "are given without tests" in said
    assert "with 95\u202f% intervals from" not in said
    assert not re.search(r"[Mm]ean (F1|over seeds)|mean distortion|over seeds falls", said)
    assert curve_caption(analysis).endswith("No band: an interval takes at least two seeds.")


def test_several_seeds_have_them(small: Tables) -> None:
    analysis = analysis_of(small)
    said = " ".join(methods_sentences(analysis))
    assert "adjusted by Holm’s procedure, with 95\u202f% intervals" in said
    assert "from resampling seeds" in said
    uncorrected = analysis_of(small, f"{FILE}\ncomparison: {{correction: none}}")
    assert "two-sided), not adjusted for their number, with" in " ".join(methods_sentences(uncorrected))


def test_failed_runs_are_in_the_methods(small: Tables, make_failures: Callable[..., pd.DataFrame]) -> None:
    runs, scores = small
    analysis = analysis_of((make_failures(runs, [0]), scores))
    assert methods_sentences(analysis)[0].startswith("We trained 7 models (1 more failed or were pruned): 2 ")


def test_methods_say_what_the_chosen_columns_measure(small: Tables) -> None:
    own = analysis_of(small, f"{FILE}\ncurve: {{rate: rate_own, distortion: distortion_mse_mean}}")
    said = " ".join(methods_sentences(own))
    assert "column rate_own (the same, weighted by the run's own stimulus distribution)" in said
    assert "distortion_mse_mean (balanced test set, latent means)" in said


def test_comparisons_that_could_not_be_tested_are_in_the_sentence(make_tables: Maker) -> None:
    runs, scores = make_tables(["baseline", "E2M1"], (0.5, 2.0), (0, 1, 2))
    lone = (runs["model"] == "E2M1") & (runs["capacity"] == 2.0) & (runs["seed"] > 0)
    section = differences_section(analysis_of((runs[~lone], scores)))
    assert section.findings[0].endswith("; 1 more comparison could not be tested.")
    paired, unpaired = (
        differences_section(analysis_of((runs, scores), f"{FILE}\ncomparison: {{paired: {word}}}"))
        for word in ("true", "false")
    )
    assert "without a partner of the same seed or a finite value" in paired.tables[0].caption
    assert "Dropped: runs without a finite value." in unpaired.tables[0].caption


def test_directions_of_differences_are_those_of_the_means(make_tables: Maker) -> None:
    runs, scores = make_tables(["baseline", "E1M1", "E2M1"], (0.5,), (0, 1, 2))
    # Far apart beside what seeds do: E1M1 below, E2M1 above.
    shift = runs["model"].map({"baseline": 0.0, "E1M1": -0.5, "E2M1": 0.5})
    section = differences_section(
        analysis_of((runs.assign(distortion_mse=(1 + shift) * (1 + runs["seed"] / 1e4)), scores))
    )
    assert (
        "higher than baseline in 1 (E2M1: 1) and lower than baseline in 1 (E1M1: 1)." in section.findings[0]
    )


def test_seeds_that_only_failed_are_expected_too(
    make_tables: Maker, make_failures: Callable[..., pd.DataFrame]
) -> None:
    runs, scores = make_tables(["baseline", "E2M1"], (0.5,), (0, 1, 2))
    runs = make_failures(runs, list(np.flatnonzero(runs["seed"] == 2)))
    cells = coverage(analysis_of((runs, scores)).selection)
    assert cells["n_completed"].tolist() == [2, 2]
    assert cells["n_expected"].tolist() == [3, 3]


def test_a_curve_that_could_not_be_fitted_is_no_line_of_the_caption(make_tables: Maker) -> None:
    runs, scores = make_tables(["baseline", "E2M1"], (0.5, 2.0, 5.0), (0, 1))
    few = runs[(runs["model"] == "baseline") | ((runs["capacity"] == 0.5) & (runs["seed"] == 0))]
    caption = curve_caption(analysis_of((few, scores)))
    assert "fitted to the runs of 1 of 2 conditions." in caption


def test_scores_that_are_not_finite_are_no_best_ones(small: Tables) -> None:
    runs, scores = small
    section = scores_section(analysis_of((runs, scores.assign(f1=np.nan))))
    assert section.findings == ("No score of a task is finite (F1).",)


def test_distances_from_the_optimum_leave_out_what_is_not_known() -> None:
    file = parse_report_file("title: T", name="r.yaml")
    table = pd.DataFrame(
        {"model": ["a", "b", "c"], "capacity": [1.0, 2.0, 3.0], "efficiency": [0.9, np.nan, 0.5], "n_runs": 3}
    )
    assert "is, in the mean over seeds, 50.0\u202f% (c, 3 nats) to 90.0\u202f% (a, 1 nat) of" in (
        optimality_finding(file, table)
    )
    assert optimality_finding(file, table[:1]).count("90.0") == 1
    assert "is 90.0\u202f% (a, 1 nat) of" in optimality_finding(file, table[:1].assign(n_runs=1))
    assert "could not be computed" in optimality_finding(file, table[1:2])


def test_published_points_without_enough_seeds_are_counted() -> None:
    file = parse_report_file("title: T", name="r.yaml")
    places = pd.DataFrame(
        {"figure": ["3", "3", "6"], "inside": pd.array([True, False, None], dtype="boolean")}
    )
    assert published_finding(file, places) == (
        "1 of 2 published points of the paper’s figure 3 lie within the 95\u202f% prediction interval of our "
        "seeds; 1 more point could not be placed, as the notes say."
    )
    assert "No published point could be placed" in published_finding(file, places[2:])


def test_the_coverage_of_a_model_that_only_failed_stands_in_the_order_of_the_catalogue(
    make_tables: Maker, make_failures: Callable[..., pd.DataFrame]
) -> None:
    runs, scores = make_tables(["baseline", "E1M1", "E2M1"], (0.5,), (0, 1))
    runs = make_failures(runs, list(np.flatnonzero(runs["model"] == "E1M1")))
    analysis = analysis_of((runs, scores))
    assert coverage(analysis.selection)["model"].tolist() == ["baseline", "E1M1", "E2M1"]


def test_more_conditions_than_looks_are_said_in_captions_and_limits(small: Tables) -> None:
    runs, scores = small
    names = [f"mine{place:02}" for place in range(N_LOOKS + 1)]
    one = runs[(runs["seed"] == 0) & (runs["capacity"] == 0.5) & (runs["model"] == "E2M1")]
    many = pd.concat([one.assign(model=name, run_id=name) for name in names], ignore_index=True)
    selection = select_runs(parse_report_file(FILE, name="r.yaml"), runs=many, scores=scores)
    assert with_crowd("A caption.", selection).startswith(
        "A caption. Figures tell 29 conditions apart: the other"
    )
    few = select_runs(parse_report_file(FILE, name="r.yaml"), runs=many[:3], scores=scores)
    assert with_crowd("A caption.", few) == "A caption."
