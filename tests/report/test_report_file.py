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
        ("metrcs: [rate]", "metrcs is not a known key; did you mean 'metrics'?; known: title, summary"),
        ("curve: {famly: gaussian}", "curve.famly is not a known key; did you mean 'family'?"),
        ("panels: [{title: A, models: [E1M1]}]", "panels[0].models is not a known key; known: title, cond"),
        ("panels: [{title: '', conditions: [E1M1]}]", "panels[0].title must not be empty, but got ''"),
        ("metrics: [distorsion]", "metrics[0] must be one of rate, rate_own"),
        ("metrics: []", "metrics must not be empty, but got ()"),
        ("metrics: rate", "metrics must be a list, but got 'rate'"),
        ("confidence_level: 1.5", "confidence_level must be below 1, but got 1.5"),
        ("curve: {family: cubic}", "curve.family must be 'gaussian'"),
        ("comparison: {correction: off}", "comparison.correction must be 'holm'"),
        (
            "comparison: {paired: false, method: t}",
            "comparison.method must be one of welch, brunner_munzel, permutation where paired is false, but",
        ),
        (
            "comparison: {method: permutation}",
            "comparison.method must be one of t, wilcoxon, sign_flip where paired is true, but",
        ),
        ("where: {colour: [red]}", "where.colour must be one of run_id"),
        ("where: {capacity: []}", "where.capacity must not be empty, but got []"),
        ("summary:", "summary must have a value"),
        ("title: again", "can't be read: the key 'title' stands twice in one mapping"),
    ],
)
def test_each_mistake_gets_one_line_that_says_where_and_what_is_allowed(text: str, message: str) -> None:
    with pytest.raises(ReportError) as caught:
        parse(text)
    line = str(caught.value)
    assert line.startswith(f"r.yaml:2: {message}"), line
    assert "\n" not in line


def test_a_title_is_required() -> None:
    with pytest.raises(ReportError, match=r"^r.yaml:1: the file must have the key 'title'$"):
        parse_report_file("summary: S", name="r.yaml")


def test_a_file_that_is_no_text_gets_one_line(tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_bytes(b"title: \xff")
    with pytest.raises(ReportError, match=r"r.yaml: the file must be UTF-8 text$"):
        load_report_file(tmp_path / "r.yaml")


def test_numbers_are_read_as_in_sweeps() -> None:
    claim = "{id: a, statement: S, source: s, metric: rate, contrast: threshold, threshold: 1e-3,"
    file = parse_report_file(f"title: T\nclaims: [{claim} conditions: [baseline]}}]", name="r.yaml")
    assert file.claims[0].threshold == 0.001


@pytest.mark.parametrize("text", ["- a", "title: [", "", "title: a: b"])
def test_what_is_no_mapping_gets_one_line(text: str) -> None:
    with pytest.raises(ReportError) as caught:
        parse_report_file(text, name="r.yaml")
    assert "\n" not in str(caught.value)
