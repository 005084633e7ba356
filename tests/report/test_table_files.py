import io
import os
import re
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest

from rdsweep.report._latex import TEXT_WIDTH, latex, parts_of
from rdsweep.report._table import ReportTable, badges, estimates, header, words
from rdsweep.report._table_files import markdown, table_files
from rdsweep.report._tex_width import width

_DOCUMENT = r"""
\documentclass{article}
\usepackage[utf8]{inputenc}
\usepackage[T1]{fontenc}
\usepackage{array,booktabs,longtable}
\begin{document}
%s
\end{document}
"""


@pytest.fixture
def table() -> ReportTable:
    frame = pd.DataFrame({"estimate": [0.123456789, 0.2], "low": [0.1, float("nan")], "high": [0.15] * 2})
    return ReportTable(
        name="small",
        caption="A caption with 5 % & β_0",
        frame=frame,
        columns=(
            header("Condition", ["a|b", "c_d"]),
            estimates("Effective dimension of the source", frame, unit="nats"),
            words("Note", ["", "one seed: an interval takes at least two of them"]),
        ),
    )


def test_files_for_machines_are_unrounded(table: ReportTable) -> None:
    files = table_files(table)
    pd.testing.assert_frame_equal(pd.read_parquet(io.BytesIO(files["parquet"])), table.frame)
    pd.testing.assert_frame_equal(pd.read_csv(io.BytesIO(files["csv"])), table.frame, check_exact=True)


def test_markdown_has_a_cell_for_each_column_whatever_the_text(table: ReportTable) -> None:
    caption, _, *lines = markdown(table).splitlines()
    assert caption == r"A caption with 5 % & β\_0"
    assert lines[0] == "| Condition | Effective dimension of the source (nats) | Note |"
    assert lines[1] == "| :-- | --: | :-- |"
    assert lines[2].startswith(r"| a\|b | 0.123 [0.100, 0.150] |")
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in lines} == {4}


def test_latex_is_a_long_table_of_booktabs_with_details_under_their_cells(table: ReportTable) -> None:
    text = latex(table)
    assert all(f"\\{rule}rule" in text for rule in ("top", "mid", "bottom"))
    assert r"\caption{A caption with 5 \% \& $\beta$\_0} \label{tab:small}" in text
    assert text.count(r"\shortstack[r]{Effective \\ dimension \\ of the \\ source}") == 2  # on later pages
    rows = text.split(r"\endlastfoot")[1].splitlines()
    assert rows[1] == r"a$|$b & 0.123 &  \\"
    assert rows[2] == r"\nopagebreak  & \scriptsize [0.100, 0.150] &  \\"


@pytest.fixture(scope="module")
def wide() -> ReportTable:
    """A table as those of tests of claims: more columns than fit side by side, and long texts."""
    n_rows = 6
    ends = pd.DataFrame(
        {"estimate": [-0.0123] * n_rows, "low": [-0.01234] * n_rows, "high": [0.0123] * n_rows}
    )
    keys = [f"claim-with-a-long-name-{row // 3}" for row in range(n_rows)]
    return ReportTable(
        name="wide",
        caption="A caption " * 30,
        frame=ends,
        columns=(
            header("Claim", keys, details=["figure 3B, order of the points"] * n_rows, detail_label="Source"),
            words("Test", [f"E2M5, equality, {row} nats" for row in range(n_rows)]),
            badges("Verdict", ["cannot be tested"] * n_rows, details=["3 of 5 tests"] * n_rows),
            *(estimates(f"Effect on measure {place}", ends, unit="MSE per pixel") for place in range(7)),
            words("Run", ["0123456789abcdef"] * n_rows),
            words("Note", ["fails in 3 of 5 (E2M1, 0.3 nats; E2M1, 1 nat): too_few_runs " * 3] * n_rows),
        ),
    )


def test_columns_fit_the_width_of_an_article(wide: ReportTable, table: ReportTable) -> None:
    for columns in (wide.columns, table.columns):
        size, parts = parts_of(columns)
        for part in parts:
            texts = [
                text
                for column, broken in zip(part.columns, part.is_paragraph, strict=True)
                for text in (column.cells if not broken else ())
            ]
            assert all(width(text, size=size) <= max(part.widths) for text in texts)
            assert sum(part.widths) + 8 * (len(part.widths) - 1) <= TEXT_WIDTH


def test_parts_repeat_the_columns_that_tell_rows_apart_and_leave_none_out(wide: ReportTable) -> None:
    size, parts = parts_of(wide.columns)
    assert (size, len(parts)) == ("scriptsize", 5)
    lead = wide.columns[:2]  # a claim has several tests
    assert all(part.columns[:2] == lead for part in parts)
    assert [column for part in parts for column in part.columns[2:]] == list(wide.columns[2:])
    assert max(len(part.columns) for part in parts) - min(len(part.columns) for part in parts) <= 3
    text = latex(wide)
    assert text.count(r"\begin{longtable}") == 5
    assert text.count(r"\label{tab:wide}") == 1
    assert text.count(r"\addtocounter{table}{-1}") == 4


def test_a_small_table_keeps_one_part_and_the_larger_letters(table: ReportTable) -> None:
    size, parts = parts_of(table.columns)
    assert (size, len(parts)) == ("footnotesize", 1)


def test_details_of_markdown_are_told_from_their_cells(wide: ReportTable) -> None:
    _, _, head, _, row, *_ = markdown(wide).splitlines()
    cells = dict(zip(head.strip("| ").split(" | "), row.strip("| ").split(" | "), strict=True))
    assert (cells["Claim"], cells["Source"]) == ("claim-with-a-long-name-0", "figure 3B, order of the points")
    assert cells["Verdict"] == "cannot be tested (3 of 5 tests)"
    assert cells["Effect on measure 0 (MSE per pixel)"] == "−0.012 [−0.012, 0.012]"


# Widths in points of the fonts ecrm0800 and ecrm0700, by tftopl of TeX Live 2022, 2026-11-25.
@pytest.mark.parametrize(
    ("size", "glyphs"),
    [
        ("footnotesize", {"0": 4.25, "m": 7.08, "a": 4.25, "W": 8.74, "i": 2.36, "[": 2.36, "M": 7.78}),
        ("scriptsize", {"0": 3.99, "m": 6.57, "a": 3.99, "l": 2.26, "_": 6.14, "T": 5.71, "j": 2.48}),
    ],
)
def test_widths_of_letters_are_no_less_than_those_of_latex(size: str, glyphs: dict[str, float]) -> None:
    for glyph, points in glyphs.items():
        assert points <= width(glyph, size=size) <= 1.3 * points


def test_every_table_of_a_report_compiles_and_fits_an_article(
    quick_report: Path, wide: ReportTable, tmp_path: Path
) -> None:
    if shutil.which("pdflatex") is None:
        pytest.skip("no pdflatex on the path: install Debian's package `texlive-latex-recommended`")
    (tmp_path / "wide.tex").write_text(latex(wide), encoding="utf-8")
    fragments = [*sorted((quick_report / "report" / "tables").glob("*.tex")), tmp_path / "wide.tex"]
    source = tmp_path / "tables.tex"
    source.write_text(_DOCUMENT % "\n".join(f"\\input{{{path}}}" for path in fragments), encoding="utf-8")
    command = ["pdflatex", "-draftmode", "-halt-on-error", "-interaction=nonstopmode", source.name]
    for _ in range(3):  # longtable settles its widths over three passes
        done = subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, timeout=120, env=os.environ
        )
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Overfull" not in done.stdout
    assert "Missing character" not in done.stdout
    assert len(fragments) > 5
