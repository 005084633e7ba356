"""The generated documents: never stale, and never in contradiction with their tables."""

import doctest
import importlib
import math
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from reports.findings import _ablations, _cost, _devices, _fewer_seeds, _imbalance, _points, _prose, _seeds
from reports.findings._collect import KEPT_TABLES, collect_sweep
from reports.findings._document import card, findings
from reports.findings._paper_results import GEOMETRY, MATCHED, PUBLISHED, read_paper_results

ROOT = Path(__file__).parents[2]
MODULES = sorted(path.stem for path in (ROOT / "reports" / "findings").glob("_[a-z]*.py"))


@pytest.fixture(scope="module")
def paper():
    return read_paper_results(ROOT)


def test_committed_documents_are_what_the_committed_tables_say(paper):
    assert (ROOT / "docs" / "findings.md").read_text(encoding="utf-8") == findings(paper)
    assert (ROOT / "reports" / "paper" / "README.md").read_text(encoding="utf-8") == card(paper)


def test_links_of_the_documents_lead_somewhere(paper):
    for folder, text in ((ROOT / "docs", findings(paper)), (ROOT / "reports" / "paper", card(paper))):
        headings = {line.lstrip("# ").lower() for line in text.splitlines() if line.startswith("#")}
        anchors = {"#" + re.sub(r"[^\w -]", "", heading).replace(" ", "-") for heading in headings}
        targets = [target for target in re.findall(r"\]\(([^)]+)\)", text) if "://" not in target]
        assert targets
        assert [
            target for target in targets if target not in anchors and not (folder / target).exists()
        ] == []


def test_links_of_the_committed_page_lead_to_committed_files():
    folder = ROOT / "reports" / "paper" / "report"
    page = (folder / "index.html").read_text(encoding="utf-8")
    links = re.findall(r'href="([^"#]+)"', page)  # those that start with # stay within the page
    assert [link for link in links if not (folder / link).exists()] == []


def test_committed_study_stays_small():
    sizes = [path.stat().st_size for path in (ROOT / "reports" / "paper").rglob("*") if path.is_file()]
    assert sum(sizes) < 30e6


def test_run_below_the_bound_makes_the_document_fail(paper):
    lowered = paper.runs[MATCHED].assign(excess=lambda runs: runs["excess"] - runs["excess"].min() - 1e-6)
    spoiled = replace(paper, runs={**paper.runs, MATCHED: lowered})
    with pytest.raises(_prose.FindingError, match=r"no run is below the bound.*revise"):
        findings(spoiled)


def test_points_lie_outside_once_they_are_moved_by_more_than_the_seed(paper):
    points = _points.place_published_points(paper)
    assert points.n_inside("matched", figure="3") < points.n_placed("matched", figure="3") == 40
    everywhere = points.table.assign(inside_matched=False, inside_published=False)
    assert len(_points.Points(everywhere).outside_both()) == 40


def test_ablation_that_hits_its_published_point_is_said_to_reach_it(paper):
    points = _points.place_published_points(paper)
    runs = paper.runs[PUBLISHED].query("model == 'E2M1' and capacity == 1")
    hit = runs.assign(gamma=300.0, distortion_mse_own=points.at("E2M1", 1.0)["value"])
    far = runs.assign(gamma=1000.0, rate_own=2.0)
    rows = _ablations.ablation_rows(replace(paper, ablations={"gamma": pd.concat([hit, far])}), points)
    assert rows["reading"].tolist() == ["reaches it", "changes next to nothing"]
    assert rows["rate_held"].tolist() == [True, False]
    assert "γ = 300 instead of 10" in rows["change"][0]
    assert "E2M1 at 1 nat (published, γ = 300" in _ablations.summary(rows)
    assert _ablations.summary(rows[1:]).startswith("No single change")


def test_device_differences_are_those_of_equal_runs(paper):
    matched = paper.runs[MATCHED]
    again = matched.iloc[:50].assign(
        distortion_mse=matched["distortion_mse"] + 1e-4, rate=matched["rate"] - 0.01
    )
    other = pd.concat([again, matched.iloc[50:60].assign(run_id="elsewhere")])
    devices = _devices.compare_devices(replace(paper, runs={**paper.runs, GEOMETRY: other}))
    assert devices.n_runs == 50
    assert devices.distortion == pytest.approx(1e-4)
    assert devices.rate == pytest.approx(0.01)
    assert 0 < devices.distortion_sd < 0.01


@pytest.mark.slow
def test_all_seeds_give_the_verdicts_of_the_report(paper, monkeypatch, tmp_path):
    monkeypatch.setattr(_fewer_seeds, "SEEDS", (10,))
    results = shutil.copytree(paper.folder / "data" / MATCHED, tmp_path / MATCHED)
    decided = _fewer_seeds.judge_with_fewer_seeds(ROOT / "reports" / "paper.yaml", results)
    verdicts = paper.report("verdicts").set_index("claim")["verdict"]
    assert _fewer_seeds.agreement(decided, verdicts).loc[10, "same"] == len(verdicts)


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    assert (
        doctest.testmod(
            importlib.import_module(f"reports.findings.{name}"), optionflags=doctest.ELLIPSIS
        ).failed
        == 0
    )


@pytest.mark.parametrize(("mean", "expected"), [(0.0, 0.5), (1.0, norm.cdf(-1 / math.sqrt(2))), (20.0, 0.0)])
def test_chance_of_a_wrong_order_of_normal_runs(mean, expected):
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=4000), mean + rng.normal(size=4000)
    # The standard error of the share is below 0.007 for 4000 and 4000 runs. Equal means have no right order:
    # whichever the sample means show is taken, which is right slightly more often than not.
    assert _seeds.wrong_order(first, second) == pytest.approx(expected, abs=0.021)


def test_chances_of_ties():
    same = np.array([1.0, 1.0, 1.0])
    assert _seeds.wrong_order(same, same) == 0.5
    assert _seeds.right_order([same, same]) == 0.0


def test_right_order_of_two_is_the_complement_over_all_pairs():
    first, second = np.array([1.0, 4.0, 2.0]), np.array([3.0, 5.0, 2.5])
    below = np.less.outer(first, second).mean()
    assert _seeds.right_order([second, first]) == pytest.approx(below)


def test_costs_add_up_over_packs():
    runs = pd.DataFrame(
        {
            "device": "cpu",
            "precision": "fp32",
            "pack_id": ["a", "a", "b"],
            "pack_seconds": [30.0, 30.0, 60.0],
            "steps": 10,
            "batch_size": 4,
        }
    )
    (row,) = _cost.costs(runs).to_dict("records")
    assert (row["n_runs"], row["n_packs"], row["seconds"]) == (3, 2, 90.0)
    assert row["runs_per_hour"] == 120.0
    assert row["images_per_second"] == pytest.approx(120 / 90)


def _imbalanced(added):
    """Runs of two seeds on the uniform source and on two ratios, whose rare positions lose ``added`` more."""
    frequent = np.tile(np.arange(13) <= 6, 13)
    rows, maps = [], []
    for ratio, imbalance in ((1.0, "none"), (2.0, "lower_corridor"), (5.0, "lower_corridor")):
        for seed in (0, 1):
            run_id = f"{ratio}-{seed}"
            rows.append((run_id, imbalance, ratio, 1.0, seed))
            gap = 0.01 + 0.001 * seed + (added * ratio + 0.0001 * seed if ratio > 1 else 0.0)
            maps.append((run_id, np.where(frequent, 0.1, 0.1 + gap)))
    runs = pd.DataFrame(rows, columns=["run_id", "imbalance", "ratio", "capacity", "seed"])
    return runs, pd.DataFrame(maps, columns=["run_id", "distortion_mse"])


def test_gap_is_what_imbalance_adds_to_that_of_the_uniform_source():
    table = _imbalance.gap_table(_imbalance.paired_gaps(*_imbalanced(added=0.02)))
    assert table["n"].tolist() == [2, 2]
    assert table["estimate"].tolist() == pytest.approx([0.04005, 0.10005])
    text = _imbalance.gaps_markdown(table)
    assert text.splitlines()[2].startswith("| lower corridor | 2 | +0.0")
    assert _imbalance.sentence(table).startswith("In 2 of 2 cells")


def test_gap_needs_a_partner_on_the_uniform_source():
    runs, maps = _imbalanced(added=0.02)
    alone = runs[~((runs["ratio"] == 1.0) & (runs["seed"] == 1))]
    assert _imbalance.gap_table(_imbalance.paired_gaps(alone, maps)).empty


def test_collecting_keeps_the_tables_that_the_card_names(tmp_path):
    results, study = tmp_path / "results", tmp_path / "study"
    for table in ("runs", "scores", "history", "weights", "checkpoints"):
        (results / table).mkdir(parents=True)
        (results / table / "0123456789abcdef.parquet").touch()
    (results / "sweep.yaml").touch()
    (study / "data" / "published" / "codes").mkdir(parents=True)
    collect_sweep("published", results, study)
    assert {path.name for path in (study / "data" / "published").iterdir()} == {
        "sweep.yaml",
        *KEPT_TABLES["published"],
    }
    assert (results / "weights").is_dir()


@pytest.mark.parametrize(
    ("name", "message"), [("pubished", "name must be one of .*'pubished'"), ("published", "holds no runs")]
)
def test_collecting_refuses(tmp_path, name, message):
    (tmp_path / "results" / "runs").mkdir(parents=True)
    with pytest.raises(ValueError, match=message):
        collect_sweep(name, tmp_path / "results", tmp_path / "study")
    assert not (tmp_path / "study").exists()


def test_collecting_refuses_the_folder_of_the_study_itself(tmp_path):
    own = tmp_path / "data" / "published"
    (own / "runs").mkdir(parents=True)
    (own / "runs" / "0123456789abcdef.parquet").touch()
    with pytest.raises(ValueError, match="must be outside the study"):
        collect_sweep("published", own, tmp_path)
    assert (own / "runs").is_dir()


def test_study_without_published_runs_is_refused(tmp_path):
    (tmp_path / "reports" / "paper" / "data" / "matched").mkdir(parents=True)
    with pytest.raises(ValueError, match="must have published runs"):
        read_paper_results(tmp_path)


def test_wrapping_keeps_narrow_spaces_and_tables():
    words = "word " * 30
    table = "| a | b |\n|:--|--:|\n| " + words + "| 1 |"
    text = _prose.reflow(f"10\N{NARROW NO-BREAK SPACE}000 runs\nand {words}\n\n{table}\n")
    assert table.strip() in text
    assert text.startswith("10\N{NARROW NO-BREAK SPACE}000 runs and word")
    assert max(map(len, text.split("\n\n")[0].splitlines())) <= 120
