import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rdsweep.report import build_report
from rdsweep.report._units import nats, with_unit


@pytest.mark.parametrize(
    ("column", "values", "text"),
    [
        ("capacity", [1.0], "1 nat"),
        ("capacity", [np.float64(1)], "1 nat"),
        ("capacity", [0.3], "0.3 nats"),
        ("capacity", [0.0], "0 nats"),
        ("capacity", [10.0], "10 nats"),
        ("capacity", [0.3, 1.0], "0.3 and 1 nats"),
        ("n_train", [1.0], "1 image"),
        ("beta_setting", [1.0], "1"),
        ("beta_setting", [1.0, 3.0], "1 and 3"),
    ],
)
def test_one_of_a_unit_is_singular(column: str, values: list[float], text: str) -> None:
    assert with_unit(column, *values) == text


def test_a_capacity_has_its_unit() -> None:
    assert [nats(capacity) for capacity in (0.3, 1.0, 3.0)] == ["0.3 nats", "1 nat", "3 nats"]


def test_one_run_is_singular(tmp_path: Path, make_tables: Callable, make_results: Callable) -> None:
    report_file = tmp_path / "report.yaml"
    report_file.write_text("title: T\ncurve: {bound: true}", encoding="utf-8")
    results = make_results(make_tables(seeds=[0]))
    page = build_report(report_file, results=results, out=tmp_path / "out").read_text(encoding="utf-8")
    assert page.count("n = 1 run.") == 4  # achieved rate, efficiency, excess distortion and scores
    assert "n = 1 pair of runs with equal seeds per point" in page
    assert "1 run per cell, 9 in all" in page
    assert not re.search(r"(?<![\d.])1 (runs|pairs)\b", page)


def test_no_sentence_of_the_page_says_one_nats(
    tmp_path: Path, make_tables: Callable, make_results: Callable
) -> None:
    report_file = tmp_path / "report.yaml"
    report_file.write_text("title: T\ncurve: {bound: true}", encoding="utf-8")
    results = make_results(make_tables(capacities=(1.0,)))
    page = build_report(report_file, results=results, out=tmp_path / "out").read_text(encoding="utf-8")
    assert len(re.findall(r"(?<![\d.])1 nat\b", page)) > 20  # facts, findings, methods, and a tip per run
    assert not re.search(r"(?<![\d.])1 nats", page)
