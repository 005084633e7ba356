"""Published points, methods, checklist, learning speed and the other protocol, in reports of made-up runs."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rdsweep.models import MODELS
from rdsweep.report import ReportError, build_report
from rdsweep.report._published import published_errors, published_scores
from rdsweep.report._readouts import read_scores, solving_times
from rdsweep.store import table_schema

Tables = tuple[pd.DataFrame, pd.DataFrame]
CLAIM = """
claims:
  - {id: falls, statement: Distortion falls, source: here, metric: distortion_mse, contrast: monotone,
     direction: less, conditions: [baseline, E2M1]}
"""


Maker = Callable[..., Tables]
Writer = Callable[[Tables], Path]


TITLE = "title: T\nfigures: []"  # drawing takes most of a report's time


def report(tmp_path: Path, results: Path, text: str) -> Path:
    (tmp_path / "report.yaml").write_text(text, encoding="utf-8")
    return build_report(tmp_path / "report.yaml", results=results, out=tmp_path / "out").parent


@pytest.fixture
def paper_tables(make_tables: Maker) -> Tables:
    return make_tables(list(MODELS), (0.3, 3.0), (0, 1, 2))


def test_the_published_data_are_complete() -> None:
    errors, scores = published_errors(), published_scores()
    assert errors.groupby("model").size().to_dict() == dict.fromkeys(MODELS, 5)
    # Two values from the study's notebooks, as its figures print them.
    assert errors.query("model == 'baseline' and capacity == 0.3")["value"].item() == 0.14491288363933563
    assert scores.query("panel == 'C' and task == 'bins' and capacity == 6")["value"].item() == 0.9817324
    assert scores.notna().all(axis=None)


def test_published_points_are_placed_among_runs_of_their_model(
    tmp_path: Path, paper_tables: Tables, make_results: Writer
) -> None:
    out = report(tmp_path, make_results(paper_tables), "title: T\npublished: true")
    table = pd.read_csv(out / "tables" / "published.csv", dtype={"figure": str})
    assert table.groupby("figure").size().to_dict() == {"3": 16, "6": 48}
    row = table.query("figure == '3' and model == 'E2M1' and capacity == 3").iloc[0]
    runs = paper_tables[0].query("model == 'E2M1' and capacity == 3")["distortion_mse_own"]
    assert row["z"] == pytest.approx((row["value"] - runs.mean()) / runs.std())
    of_three = table[table["figure"] == "3"]
    assert set(of_three.loc[of_three["model"].str.startswith("E2"), "panel"]) == {"B"}
    assert set(of_three.loc[~of_three["model"].str.startswith("E2"), "panel"]) == {"A"}
    names = {path.stem for path in (out / "figures").glob("*.svg")}
    assert {"figure-3-1", "figure-3-2", "figure-6-1", "figure-6-7"} <= names


def test_published_points_need_models_by_capacity(
    tmp_path: Path, make_tables: Maker, make_results: Writer
) -> None:
    tables = make_tables(["baseline", "E2M1"])
    with pytest.raises(ReportError, match="published must be false unless condition is model"):
        report(tmp_path, make_results(tables), "title: T\npublished: true\ncondition: tasks\nbaseline: order")


def test_methods_state_what_the_runs_record(tmp_path: Path, make_tables: Maker, make_results: Writer) -> None:
    page = (report(tmp_path, make_results(make_tables()), TITLE) / "index.html").read_text("utf-8")
    methods = re.search(r'<section id="methods">.*?</section>', page, flags=re.DOTALL)
    assert methods
    for fact in (
        "27 models",
        "0.5, 2 and 5 nats",
        "75\u202f000 images",
        "batches of 64",
        "Holm’s procedure",
        "2.9.0",
    ):
        assert fact in methods[0]


def test_the_checklist_says_what_is_not_recorded(
    tmp_path: Path, make_tables: Maker, make_results: Writer
) -> None:
    runs, scores = make_tables()
    out = report(tmp_path, make_results((runs.assign(git_commit=""), scores)), TITLE)
    answers = pd.read_csv(out / "tables" / "checklist.csv").set_index("item")["answer"]
    assert answers["Code revision"] == "not recorded"
    assert answers["Sample size"] == "3 runs per cell, 27 in all"
    assert answers.notna().all()


def test_another_protocol_is_compared_condition_by_condition(
    tmp_path: Path, make_tables: Maker, make_results: Writer
) -> None:
    runs, scores = make_tables()
    results = make_results((runs, scores))
    worse = runs.assign(protocol="published", distortion_mse=runs["distortion_mse"] + 0.02)
    make_results_beside(results, (worse, scores))
    out = report(tmp_path, results, f"{TITLE}\nsensitivity: {{results: other}}{CLAIM}")
    table = pd.read_csv(out / "tables" / "protocols.csv")
    assert table["estimate"].to_numpy() == pytest.approx(np.full(9, 0.02))
    verdicts = pd.read_csv(out / "tables" / "protocol_verdicts.csv")
    assert verdicts["verdict"].tolist() == verdicts["verdict_other"].tolist() == ["replicates"]


def write_part(path: Path, rows: pd.DataFrame, table: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pandas(rows, schema=table_schema(table), preserve_index=False), path)


def make_results_beside(results: Path, tables: Tables) -> None:
    for name, frame in zip(("runs", "scores"), tables, strict=True):
        for part in (results / name).glob("*.parquet"):
            old = pd.read_parquet(part)
            rows = frame[frame["run_id"].isin(old["run_id"])]
            write_part(results.parent / "other" / name / part.name, rows, name)


def test_a_folder_that_is_missing_is_said_and_stops_nothing(
    tmp_path: Path, make_tables: Maker, make_results: Writer
) -> None:
    out = report(tmp_path, make_results(make_tables()), f"{TITLE}\nsensitivity: {{results: nowhere}}")
    page = (out / "index.html").read_text("utf-8")
    assert "There is no results folder nowhere beside this one, so what depends on the protocol" in page


def test_readers_get_the_panel_of_the_figure_and_their_distance_from_the_joint_head(
    paper_tables: Tables,
) -> None:
    table = read_scores(*paper_tables)
    assert set(table.query("model == 'baseline' and readout == 'paper'")["panel"]) == {"A"}
    assert set(table.query("readout == 'other'")["panel"]) == {""}
    joint = table[table["panel"] == "B"]
    assert joint["f1_shortfall"].eq(0).all()
    assert set(joint["model"]) == {"E2M1", "E2M2", "E2M3", "E2M4"}
    probe = table.query("panel == 'A' and task == 'order'").iloc[0]
    match = joint.query("task == 'order' and capacity == @probe.capacity and seed == @probe.seed").iloc[0]
    assert probe["f1_shortfall"] == pytest.approx(match["f1"] - probe["f1"])


def test_a_task_counts_as_solved_at_half_of_what_can_be_gained(paper_tables: Tables) -> None:
    table = read_scores(*paper_tables).query("task == 'order' and capacity == 3 and seed == 0")
    history = table[["run_id", "task", "regime", "head"]].merge(
        pd.DataFrame({"step": [64, 128, 192]}), "cross"
    )
    # Chance is 0.7, so that the mark is 0.85; the joint head passes at once, probes at the second evaluation.
    history["f1"] = np.where((history["regime"] == "joint") | (history["step"] > 64), 0.86, 0.84)
    timed = solving_times(table, history)
    assert timed.query("regime == 'joint'")["steps_to_solve"].eq(64).all()
    assert timed.query("regime == 'probe'")["solving_delay"].eq(64).all()
    # One evaluation above the mark is luck; it takes two in a row.
    lucky = history.assign(f1=np.where(history["step"] == 64, 0.86, 0.84))
    assert solving_times(table, lucky)["solved_in_training"].eq(0).all()
