import os
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rdsweep.report import ReportError, build_report
from rdsweep.store import ResultsError

Tables = tuple[pd.DataFrame, pd.DataFrame]
Maker = Callable[..., Tables]
Writer = Callable[[Tables], Path]


class Outline(HTMLParser):
    """Tags, identifiers and references of a page, and whether its elements nest."""

    VOID = {"meta", "link", "br", "img", "path", "use"}  # noqa: RUF012

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def values(self, attribute: str) -> list[str]:
        return [value for _, attrs in self.tags if (value := attrs.get(attribute))]


@pytest.fixture
def page(quick_report: Path) -> str:
    return (quick_report / "report" / "index.html").read_text(encoding="utf-8")


def report(tmp_path: Path, results: Path, text: str = "title: T", out: str = "out") -> Path:
    report_file = tmp_path / "report.yaml"
    report_file.write_text(text, encoding="utf-8")
    return build_report(report_file, results=results, out=tmp_path / out)


def files_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.glob("*/*")}


def test_the_page_is_well_formed_and_needs_nothing_outside_itself(page: str) -> None:
    outline = Outline(page)
    assert outline.open == []
    assert outline.values("src") == []
    identifiers = outline.values("id")
    assert len(identifiers) == len(set(identifiers))
    within = [*outline.values("xlink:href"), *(link for link in outline.values("href") if link[0] == "#")]
    assert within
    assert {reference[1:] for reference in within} <= set(identifiers)
    assert all(reference.startswith("#") for reference in outline.values("xlink:href"))
    assert not re.search(r"@import|url\((?!#)", page)


def test_the_page_has_one_heading_and_tables_that_name_their_cells(page: str) -> None:
    outline = Outline(page)
    tags = [tag for tag, _ in outline.tags]
    assert tags.count("h1") == 1
    assert tags.count("caption") == tags.count("table") > 5
    assert all(attrs.get("scope") in ("col", "row") for tag, attrs in outline.tags if tag == "th")


def test_a_point_tells_its_run_without_a_script(page: str) -> None:
    # Two figures of 25 completed runs, whose second panels have the 8 of the baseline again.
    static = re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)
    assert len(re.findall(r"<title>[^<]+\nrun \w{16}</title></use>", static)) == 66


def test_figures_and_tables_are_numbered_and_say_where_their_files_are(page: str, quick_report: Path) -> None:
    for kind in ("Figure", "Table"):
        numbers = [int(number) for number in re.findall(rf"<b>{kind} (\d+)\.</b>", page)]
        assert numbers
        assert numbers == list(range(1, len(numbers) + 1))


def test_every_file_beside_the_page_is_a_link_in_it_and_every_link_a_file(
    page: str, quick_report: Path
) -> None:
    links = [link for link in Outline(page).values("href") if not link.startswith("#")]
    assert links
    assert len(links) == len(set(links))
    assert set(links) == files_in(quick_report / "report")


def test_only_the_files_that_are_written_are_links(
    tmp_path: Path, make_tables: Maker, make_results: Writer
) -> None:
    (tmp_path / "report.yaml").write_text("title: T\nfigures: [achieved_rate]\ntables: [coverage]")
    chosen = {"results": make_results(make_tables()), "out": tmp_path / "out"}
    page = build_report(tmp_path / "report.yaml", formats=("csv", "svg"), **chosen).read_text(
        encoding="utf-8"
    )
    links = {link for link in Outline(page).values("href") if not link.startswith("#")}
    assert links == files_in(tmp_path / "out") == {"tables/coverage.csv", "figures/achieved-rate.svg"}
    with pytest.raises(ValueError, match=r"formats must be of csv, .*, png, but got gif"):
        build_report(tmp_path / "report.yaml", formats=("csv", "gif"), **chosen)


def test_the_page_opens_with_the_answer_the_picture_and_what_the_runs_show(page: str) -> None:
    answer, sections = ['<p class="answer">', ">E2M1</a> is not shown"], ['id="summary"', 'id="overview"']
    marks = ["<h1>", *answer, "<b>Figure 1.</b>", *sections]
    places = [page.index(mark) for mark in marks]
    assert places == sorted(places)
    assert page.index('figures/rate-distortion-1.svg"') < page.index("<nav")
    assert page.count("<b>Figure 1.</b>") == 1


def test_long_tables_fold_and_say_what_they_are_and_how_long(page: str) -> None:
    tables = re.findall(r'<div class="table">(.*?)</table>', page, flags=re.DOTALL)
    folded = 0
    for table in tables:
        n_rows = len(re.findall(r"<tr", table)) - 1
        summary = re.search(r'class="title">Table \d+\. (.+?)</span> <span class="rows">(\d+) rows', table)
        assert (summary is not None) == (n_rows > 12)
        if summary:
            folded += 1
            assert int(summary[2]) == n_rows
            assert summary[1] in re.sub(r"\s+", " ", table.split("<caption")[1])
            assert len(summary[1]) <= 100
    assert 0 < folded < len(tables)


def test_a_term_is_explained_once_in_the_part_of_the_page_that_uses_it_first(page: str) -> None:
    body = re.sub(r"<(script|style|nav)\b.*?</\1>", "", page, flags=re.DOTALL)
    parts = re.split(r"(?=<section |<h1>|<div class=\"about\")", body)[1:]
    explained = {name: part for part in parts for name in re.findall(r"<dfn[^>]*>([^<]+)</dfn>", part)}
    assert len(explained) == body.count("<dfn")
    assert {"E1M1", "E2M1", "rate", "distortion", "capacity", "seed", "joint head", "probe", "F1"} <= set(
        explained
    )
    for name, where in explained.items():
        word = name.removesuffix(" task")
        used = [part for part in parts if re.search(rf">[^<]*\b{re.escape(word)}", part)]
        if name != word:  # everyday words, unless they stand alone
            used = [part for part in parts if re.search(rf">\s*{word}\s*<|{name}", part)]
        assert used[0] is where, name


def test_every_table_and_figure_comes_in_every_format(quick_report: Path) -> None:
    for folder, suffixes in {
        "tables": {".csv", ".parquet", ".md", ".tex"},
        "figures": {".svg", ".pdf", ".png"},
    }.items():
        files = list((quick_report / "report" / folder).iterdir())
        assert files
        for stem in {path.stem for path in files}:
            assert {path.suffix for path in files if path.stem == stem} == suffixes


def test_text_of_the_author_is_escaped(page: str) -> None:
    assert "A &lt;small&gt; sweep &amp; its report" in page


def test_failed_runs_are_shown_with_their_cause(page: str) -> None:
    assert page.count("loss became NaN at step 812") == 2
    assert "Left out: 2 runs (failed)." in page


def test_tables_are_unrounded(quick_report: Path) -> None:
    table = pd.read_csv(quick_report / "report" / "tables" / "differences-distortion_mse.csv")
    assert len(table) == 6
    rounded = table["estimate"].round(6)
    assert np.all(rounded != table["estimate"])


def test_every_figure_has_a_file_per_panel(quick_report: Path) -> None:
    names = {path.stem for path in (quick_report / "report" / "figures").iterdir()}
    assert {"rate-distortion-1", "rate-distortion-2", "achieved-rate-1", "scores-4"} <= names


def test_equal_results_give_equal_bytes_whatever_their_order(
    quick_report: Path, tmp_path: Path, make_tables: Maker, make_failures: Callable[..., pd.DataFrame],
    make_results: Writer,
) -> None:  # fmt: skip
    runs, scores = make_tables()
    runs = make_failures(runs, [7, 20]).sample(frac=1, random_state=3)
    text = (quick_report / "report.yaml").read_text(encoding="utf-8")
    again = report(tmp_path, make_results((runs, scores.sample(frac=1, random_state=4))), text).parent
    first = quick_report / "report"
    files = sorted(path.relative_to(first) for path in first.rglob("*.*"))
    assert files == sorted(path.relative_to(again) for path in again.rglob("*.*"))
    for name in files:
        contents = [(folder / name).read_bytes() for folder in (first, again)]
        if name.name == "index.html":
            contents = [re.sub(rb"class=\"date\">.*", b"", content) for content in contents]
        assert contents[0] == contents[1], name


@pytest.mark.parametrize(
    ("tables", "sentence"),
    [
        ({"models": ["baseline"], "capacities": [2.0], "seeds": [0]}, "With one seed"),
        ({"models": ["E2M1"]}, "No completed run of baseline"),
    ],
)
def test_a_report_of_little_still_comes_out(
    tmp_path: Path, make_tables: Maker, make_results: Writer, tables: dict[str, list[object]], sentence: str
) -> None:
    page = report(tmp_path, make_results(make_tables(**tables))).read_text(encoding="utf-8")
    assert sentence in page
    assert not re.search(r"\bnan\b", page, flags=re.IGNORECASE)


def test_half_a_grid_with_a_missing_measure_still_comes_out(
    tmp_path: Path, make_tables: Maker, make_results: Writer
) -> None:
    runs, scores = make_tables()
    runs = runs[~((runs["model"] == "E2M1") & (runs["capacity"] > 1))].copy()
    runs.loc[0, "distortion_mse"] = np.nan
    page = report(tmp_path, make_results((runs, scores.iloc[::2]))).read_text(encoding="utf-8")
    assert "7 runs of the crossed grid are missing, in 3 of 9 cells" in page
    assert "Left out: 1 run (no finite rate or distortion_mse)." in page


def test_a_report_file_chooses_what_is_shown(
    tmp_path: Path, make_tables: Maker, make_results: Writer
) -> None:
    text = "title: T\nfigures: []\ntables: [coverage]"
    index = report(tmp_path, make_results(make_tables()), text)
    assert "<figure" not in index.read_text(encoding="utf-8")
    assert {path.stem for path in (index.parent / "tables").iterdir()} == {"coverage"}


def test_results_without_a_completed_run_are_refused_with_the_reason(
    tmp_path: Path, make_tables: Maker, make_failures: Callable[..., pd.DataFrame], make_results: Writer
) -> None:
    runs, scores = make_tables(["baseline"], [2.0], [0, 1])
    results = make_results((make_failures(runs, [0, 1]), scores.iloc[:0]))
    with pytest.raises(ReportError, match=r"must hold a completed run, but .* has none of 2: 2 failed$"):
        report(tmp_path, results)


def test_a_folder_without_results_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ResultsError):
        report(tmp_path, tmp_path / "nowhere")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("out", ["taken", "taken/deeper"])
def test_a_folder_that_cannot_be_written_to_is_refused_before_the_work(
    tmp_path: Path, make_tables: Maker, make_results: Writer, monkeypatch: pytest.MonkeyPatch, out: str
) -> None:
    (tmp_path / "taken").write_text("a file")
    monkeypatch.setattr("rdsweep.report._build.analyze", lambda *_, **__: pytest.fail("work was begun"))
    with pytest.raises(NotADirectoryError) as caught:
        report(tmp_path, make_results(make_tables()), out=out)
    assert caught.value.filename == str(tmp_path / out)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_of_someone_else_is_refused(
    tmp_path: Path, make_tables: Maker, make_results: Writer
) -> None:
    (tmp_path / "locked").mkdir(mode=0o500)
    with pytest.raises(PermissionError) as caught:
        report(tmp_path, make_results(make_tables()), out="locked/out")
    assert caught.value.filename == str(tmp_path / "locked" / "out")


@pytest.mark.parametrize("moment", [1, 29])
def test_an_interrupt_while_writing_leaves_the_report_that_was_there(
    tmp_path: Path, make_tables: Maker, make_results: Writer, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    tables = "tables: [coverage, curves, differences, achieved_rate, scores, checklist, failed, provenance]"
    text = f"title: {{}}\nfigures: []\n{tables}"
    results = make_results(make_tables())
    before = contents(report(tmp_path, results, text.format("First")).parent)
    assert len(before) == 29  # seven tables in four formats, and the page
    written = []

    def interrupted(descriptor: int) -> None:
        written.append(descriptor)
        if len(written) == moment:
            raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    for out in ("out", "new"):
        written.clear()
        with pytest.raises(KeyboardInterrupt):
            report(tmp_path, results, text.format("Second"), out=out)
    assert contents(tmp_path / "out") == before
    assert contents(tmp_path / "new") == {}


def test_a_model_without_the_drawn_measure_is_left_out_of_figure_three(
    tmp_path: Path, make_tables: Maker, make_results: Writer
) -> None:
    runs, scores = make_tables()
    runs.loc[runs["model"] == "E1M1", "distortion_mse_own"] = np.nan
    text = "title: T\npublished: true\nfigures: [figure_3]\ntables: [coverage]"
    folder = report(tmp_path, make_results((runs, scores)), text).parent
    assert [path.stem for path in (folder / "figures").glob("*.svg")] == ["figure-3"]


def test_figure_six_has_no_panel_without_runs(
    tmp_path: Path, make_tables: Maker, make_results: Writer
) -> None:
    text = "title: T\npublished: true\nfigures: [figure_6]\ntables: [coverage]"
    page = report(tmp_path, make_results(make_tables()), text)
    panels = {path.stem for path in (page.parent / "figures").glob("*.svg")}
    assert panels == {"figure-6-1", "figure-6-2", "figure-6-3"}  # A, B and D of E2M1, but no run of C


def test_a_bound_is_refused_for_measures_that_it_does_not_bound(
    tmp_path: Path, make_tables: Maker, make_results: Writer
) -> None:
    text = "title: T\ncurve: {distortion: distortion_mse_mean, bound: true}"
    with pytest.raises(ReportError, match=r"curve.bound must be false"):
        report(tmp_path, make_results(make_tables()), text)
