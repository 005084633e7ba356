"""The first sentences of a page, against numbers taken from the runs by hand."""

from collections.abc import Callable

import pandas as pd
import pytest

from rdsweep.report import ReportFile
from rdsweep.report._analysis import analyze
from rdsweep.report._answer import answers
from rdsweep.report._selection import select_runs

Tables = tuple[pd.DataFrame, pd.DataFrame]
Maker = Callable[..., Tables]


def told(runs: pd.DataFrame, scores: pd.DataFrame, **keys: object) -> tuple[str, ...]:
    return answers(analyze(select_runs(ReportFile(title="T", **keys), runs=runs, scores=scores)))


def shifted(tables: Tables, **distortions: dict[float, float]) -> Tables:
    """Return tables in which models have exactly these distortions above the baseline's, at each capacity."""
    runs, scores = tables
    runs = runs.copy()
    base = {0.5: 0.2, 2.0: 0.1, 5.0: 0.05}
    runs["distortion_mse"] = runs["capacity"].map(base) + 1e-5 * runs["seed"]
    for model, differences in distortions.items():
        rows = runs["model"] == model
        # A spread between seeds, or a test would be undefined.
        runs.loc[rows, "distortion_mse"] += runs["capacity"].map(differences) + 1e-6 * (runs["seed"] % 2)
    return runs, scores


def test_hybrids_come_first_with_where_and_how_much_they_lose(make_tables: Maker) -> None:
    models = ["baseline", "E1M1", "E2M1", "E2M2"]
    higher, lower = {0.5: 0.01, 2.0: 0.02, 5.0: 0.01}, {0.5: 0.0, 2.0: -0.0012, 5.0: 0.0}
    partly = {0.5: 0.02, 2.0: 0.01, 5.0: 0.0}
    tables = shifted(make_tables(models, seeds=range(4)), E2M1=higher, E2M2=partly, E1M1=lower)
    hybrids, other = told(*tables)
    assert hybrids == (
        "Of 2 hybrid models, all at 0.5 and 2 nats and 1 at 5 nats have higher distortion than baseline, by "
        "0.010 to 0.020 MSE per pixel (5.0\u202f% to 20.0\u202f%); no difference is shown elsewhere; "
        "n = 4 seeds."
    )
    assert other == (
        "E1M1 has lower distortion than baseline at 2 nats, by 0.0012 MSE per pixel (1.2\u202f%); "
        "no difference is shown elsewhere; n = 4 seeds."
    )


def test_a_difference_everywhere_is_said_so(make_tables: Maker) -> None:
    tables = shifted(
        make_tables(["baseline", "E2M1"], seeds=range(4)), E2M1={0.5: 0.02, 2.0: 0.01, 5.0: 0.01}
    )
    (sentence,) = told(*tables)
    start = "E2M1 has higher distortion than baseline at every capacity (0.5, 2 and 5 nats), by "
    assert sentence.startswith(start)
    assert "elsewhere" not in sentence


def test_all_hybrids_are_one_subject_where_all_lose(make_tables: Maker) -> None:
    lost = dict.fromkeys((0.5, 2.0, 5.0), 0.01)
    tables = shifted(make_tables(["baseline", "E2M1", "E2M2"], seeds=range(4)), E2M1=lost, E2M2=lost)
    (sentence,) = told(*tables)
    start = (
        "Both hybrid models have higher distortion than baseline at every capacity (0.5, 2 and 5 nats), by "
    )
    assert sentence.startswith(start)


def test_nothing_decided_is_no_difference_shown(make_tables: Maker) -> None:
    none = dict.fromkeys((0.5, 2.0, 5.0), 0.0)
    (sentence,) = told(*shifted(make_tables(["baseline", "E2M1"], seeds=range(4)), E2M1=none))
    end = "is not shown to differ from baseline in distortion at any of 0.5, 2 and 5 nats; n = 4 seeds."
    assert sentence == f"E2M1 {end}"


@pytest.mark.parametrize(
    ("tables", "end"),
    [
        ({"seeds": [0]}, "but one seed is not enough to tell a difference from chance."),
        ({"models": ["E2M1"]}, "(n = 9 runs); nothing is compared, because there is no run of baseline."),
        ({"models": ["baseline"]}, "nothing is compared, because baseline is the only condition."),
    ],
)
def test_what_cannot_be_said_is_not(make_tables: Maker, tables: dict[str, list[object]], end: str) -> None:
    (sentence,) = told(*make_tables(**tables))
    assert sentence.endswith(end)
    assert "nan" not in sentence


def test_without_the_distortion_among_the_metrics_the_first_one_answers(make_tables: Maker) -> None:
    assert all(
        "mutual information" in sentence for sentence in told(*make_tables(), metrics=["mutual_information"])
    )
