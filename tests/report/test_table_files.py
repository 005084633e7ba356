import io
import os
import re
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest

from rdsweep.report._table import ReportTable, estimates, header, words
from rdsweep.report._table_files import latex, markdown, table_files

_DOCUMENT = r"""
\documentclass[10pt]{article}
\usepackage[utf8]{inputenc}
\usepackage[T1]{fontenc}
\usepackage[a4paper,landscape,margin=15mm]{geometry}
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
    assert text.count(r"\shortstack[r]{Effective \\ dimension of the \\ source}") == 2  # on later pages too
    rows = text.split(r"\endlastfoot")[1].splitlines()
    assert rows[1] == r"a$|$b & 0.123 &  \\"
    assert rows[2] == r"\nopagebreak  & \scriptsize [0.100, 0.150] &  \\"


@pytest.mark.slow
def test_every_table_of_a_report_compiles_and_fits_a_page(quick_report: Path, tmp_path: Path) -> None:
    if shutil.which("pdflatex") is None:
        pytest.skip("no pdflatex on the path: install Debian's package `texlive-latex-recommended`")
    fragments = sorted((quick_report / "report" / "tables").glob("*.tex"))
    source = tmp_path / "tables.tex"
    source.write_text(_DOCUMENT % "\n".join(f"\\input{{{path}}}" for path in fragments), encoding="utf-8")
    command = ["pdflatex", "-halt-on-error", "-interaction=nonstopmode", source.name]
    for _ in range(3):  # longtable settles its widths over three passes
        done = subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, timeout=120, env=os.environ
        )
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Overfull" not in done.stdout
    assert "Missing character" not in done.stdout
    assert len(fragments) > 5
