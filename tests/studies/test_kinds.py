from __future__ import annotations

import io
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
from rich.console import Console

from rdsweep.store import open_results
from rdsweep.studies import (
    StudyError,
    StudyFile,
    StudyRecord,
    build_study_report,
    comparison_table,
    front_table,
    read_study,
    run_study,
    tangency_table,
    target_table,
    trials_table,
)
from rdsweep.studies._sections import _overview
from rdsweep.studies._storage import open_study
from rdsweep.sweeps import load_sweep

BASE = {"seeds": 3, "n_configs": 16, "batch": 8, "search": {"beta": [3.0, 299.0]}}


def searched(train: Any, results: Path, **keys: Any) -> StudyRecord:
    file = StudyFile(**(BASE | {"name": "study"} | keys))
    run_study(
        file, results=results, engine="inline", device="cpu", train=train, console=Console(file=io.StringIO())
    )
    return read_study(file, results=results)


def facts(record: StudyRecord) -> tuple[str, str]:
    """Return what the page of a study says was sought, and what was trained."""
    said = dict(_overview(record, trials_table(record)).facts)
    return said["Sought"], said["Trained"]


@pytest.mark.parametrize(
    ("keys", "names"),
    [
        ({"kind": "frontier"}, ["rate (nats)", "distortion (MSE per pixel)"]),
        (
            {"kind": "target_rate", "target": {"rate": 2.5, "tolerance": 0.1}},
            ["distance from rate 2.5 (nats)"],
        ),
        (
            {"kind": "task", "condition": {"tasks": "order"}, "score": {"task": "order", "metric": "f1"}},
            ["f1 of order"],
        ),
    ],
)
def test_objectives_have_names_on_the_dashboard(keys: dict[str, Any], names: list[str]) -> None:
    file = StudyFile(**(BASE | {"name": "study"} | keys))
    study = open_study(optuna.storages.InMemoryStorage(), file, "")
    assert study.metric_names == names


def opening(page: str) -> tuple[str, str]:
    """Return the start of the answer that heads a page, and the name of the figure below it."""
    head = page.partition("<nav")[0]
    answer = re.search(r'<p class="answer">(.+?)</p>', head)
    figure = re.search(r'href="figures/([^"]+)\.svg"', head)
    assert answer
    assert figure
    told = re.sub(r"<[^>]+>", "", answer[1])
    return re.split(r" MSE| [\d.]+ to ", told)[0], figure[1]


def test_a_frontier_spreads_over_the_rates(train: Any, tmp_path: Path) -> None:
    record = searched(train, tmp_path, kind="frontier")
    front = front_table(record)
    assert len(front) == 16
    # The first 8 points are even in the rate; of the 7 gaps between them the others halve the widest.
    gaps = np.diff(np.sort(front["rate"]))
    assert gaps.max() < 8 / 7
    assert np.median(gaps) < 8 / 13
    np.testing.assert_allclose(front["distortion"], 0.05 + 0.1 * np.exp(-front["rate"] / 2), atol=1e-4)
    sweep = load_sweep(tmp_path / "sweep.yaml")
    stored = open_results(tmp_path).read("runs", ["run_id", "sweep"])
    assert {config.run_id for config in sweep.configs} == set(stored["run_id"])
    assert set(stored["sweep"]) == {"study"}


def test_a_wanted_rate_is_found_with_its_uncertainty(train: Any, tmp_path: Path) -> None:
    target = {"rate": 2.0, "tolerance": 0.02}
    record = searched(train, tmp_path, kind="target_rate", target=target, batch=4)
    (row,) = target_table(record).to_dict("records")
    # Seeds shift the rate by 0.01, 0.02 and 0.03 nats: the middle one's β, at the slope of 8 / log 100.
    expected = 300 * 100 ** (-(2.0 - 0.02) / 8)
    assert row["beta"] == pytest.approx(expected, rel=1e-3)
    assert row["low"] < expected < row["high"]
    assert abs(row["nearest_rate"] - 2.0) <= 0.02
    assert len(record.tried[""]) < 16
    assert facts(record) == ("the β of a rate of 2 ± 0.02 nats", "model baseline")
    page = build_study_report(record.file, results=tmp_path, out=tmp_path / "page").read_text()
    assert opening(page) == (
        f"A rate of 2 nats takes β = {row['beta']:.4g} (95\u202f% interval over seeds",
        "beta-rate",
    )
    assert re.sub(r"<[^>]+>", "", page).count("A rate of 2 nats takes") == 1


def test_a_rate_out_of_reach_ends_the_search(train: Any, tmp_path: Path) -> None:
    record = searched(train, tmp_path, kind="target_rate", target={"rate": 20.0})
    assert len(record.tried[""]) == 8
    assert target_table(record)["status"].tolist() == ["not_bracketed"]


def test_a_task_keeps_its_bound(train: Any, tmp_path: Path) -> None:
    score = {"task": "order", "rate_at_most": 3.0}
    search = {"beta": [3.0, 300.0], "weight": [0.1, 10.0]}
    condition = {"model": ["E2M1"]}
    record = searched(
        train, tmp_path, kind="task", score=score, search=search, condition=condition, n_configs=32
    )
    trials = trials_table(record)
    kept = trials[trials["keeps_bounds"]]
    assert (kept["rate"] + kept["rate_standard_error"] <= 3.0).all()
    assert not trials[trials["rate"] > 3.0]["keeps_bounds"].any()
    # Cross-entropy is exp(-rate), so the best that is allowed is near exp(-3).
    assert kept["score"].min() < math.exp(-2.5)
    assert set(record.importance["parameter"]) == {"beta", "weight"}
    assert facts(record) == ("the best cross-entropy of order, with rate at most 3 nats", "model E2M1")


def test_fronts_are_compared_at_equal_rate(train: Any, tmp_path: Path) -> None:
    conditions = {"plain": {"model": ["baseline"]}, "order": {"model": ["E2M1"]}}
    record = searched(train, tmp_path, kind="compare", conditions=conditions, reference="plain")
    table = comparison_table(record).set_index("metric")
    # The fake hybrid's distortion is 0.01 above at every rate; interpolation between points costs 1 %.
    assert table.loc["bd_distortion", "estimate"] == pytest.approx(0.01, rel=0.01)
    sought = "the Pareto front of rate and distortion of each condition"
    assert facts(record) == (sought, "plain (model baseline) and order (model E2M1)")
    assert tangency_table(record)["condition"].unique().tolist() == ["plain", "order"]
    page = build_study_report(record.file, results=tmp_path, out=tmp_path / "page").read_text()
    assert "Fronts at equal rate" in page
    assert opening(page) == ("order: distortion at equal rate differs from that of plain by +0.010", "front")


def test_stagnation_ends_a_search_before_its_budget(train: Any, tmp_path: Path) -> None:
    def noisy(configs: Any, **options: Any) -> Any:
        result = train(configs, **options)
        for run in result.runs:
            run.measures["distortion_mse"] += 0.001 * run.config.seed
        return result

    record = searched(noisy, tmp_path, kind="frontier", n_configs=200, stop={"stagnation": 1})
    assert len(record.tried[""]) < 100


def test_runs_that_fail_make_their_configuration_pruned(train: Any, tmp_path: Path) -> None:
    def failing(configs: Any, **options: Any) -> Any:
        if any(config.objective.beta > 100 for config in configs):
            raise RuntimeError("no luck")
        return train(configs, **options)

    record = searched(failing, tmp_path, kind="frontier", pack_size=1)
    trials = trials_table(record)
    assert set(trials.loc[trials["beta"] > 100, "state"]) == {"pruned"}
    assert trials.loc[trials["beta"] > 100, "problem"].str.contains("no luck").all()
    assert not trials.loc[trials["beta"] > 100, "on_front"].any()


def test_another_definition_under_the_same_name_is_refused(train: Any, tmp_path: Path) -> None:
    searched(train, tmp_path, kind="frontier")
    with pytest.raises(StudyError, match="must be defined as it was before, but search changed"):
        searched(train, tmp_path, kind="frontier", search={"beta": [3.0, 200.0]})


def test_one_seed_has_no_interval_but_a_page(train: Any, tmp_path: Path) -> None:
    record = searched(train, tmp_path, kind="frontier", seeds=1, n_configs=8)
    assert front_table(record)["rate_low"].isna().all()
    page = build_study_report(record.file, results=tmp_path, out=tmp_path / "page").read_text()
    assert "One seed: no interval" in page
