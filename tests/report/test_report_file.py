from pathlib import Path

import pytest

from rdsweep.report import ReportError, load_report_file, parse_report_file

ROOT = Path(__file__).parents[2]


def parse(text: str) -> None:
    parse_report_file(f"title: T\n{text}", name="r.yaml")


@pytest.mark.parametrize("path", sorted((ROOT / "reports").glob("*.yaml")), ids=lambda path: path.stem)
def test_the_reports_that_are_shipped_are_valid(path: Path) -> None:
    assert load_report_file(path).title


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("metrcs: [rate]", "metrcs: is not a key; did you mean 'metrics'?"),
        ("curve: {famly: gaussian}", "curve.famly: is not a key; did you mean 'family'?"),
        ("panels: [{title: A, models: [E1M1]}]", "panels.0.models: is not a key; keys are title, conditions"),
        ("metrics: [distorsion]", "metrics.0: must be one of rate, rate_own"),
        ("metrics: []", "metrics: must have at least 1 item"),
        ("confidence_level: 1.5", "confidence_level: must be less than 1, but got 1.5"),
        ("curve: {family: cubic}", "curve.family: must be 'gaussian'"),
        ("comparison: {correction: off}", "comparison.correction: must be 'holm'"),
        ("where: {colour: [red]}", "where.colour: must be one of run_id"),
    ],
)
def test_each_mistake_gets_one_line_that_says_where_and_what_is_allowed(text: str, message: str) -> None:
    with pytest.raises(ReportError) as caught:
        parse(text)
    line = str(caught.value)
    assert line.startswith(f"r.yaml: {message}"), line
    assert "\n" not in line


def test_a_title_is_required() -> None:
    with pytest.raises(ReportError, match=r"^r.yaml: title: is required$"):
        parse_report_file("summary: S", name="r.yaml")


@pytest.mark.parametrize("text", ["- a", "title: [", "", "title: a: b"])
def test_what_is_no_mapping_gets_one_line(text: str) -> None:
    with pytest.raises(ReportError) as caught:
        parse_report_file(text, name="r.yaml")
    assert "\n" not in str(caught.value)
