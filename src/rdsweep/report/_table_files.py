r"""A table of a report as files: exact numbers for machines, rounded text for papers.

LaTeX comes from pandas' Styler, which knows booktabs and tables of several pages. HTML comes from the page's
own template, because neither library makes what the page needs: Styler's cells have no ``scope``, and
great_tables makes its caption a cell and brings nine kilobytes of fixed colors with every table, dark pages
or not. Numbers need no ``siunitx``: a column has equal decimals, so flush right aligns them.
"""

from __future__ import annotations

import io
import re
import textwrap
from collections.abc import Iterable

import pandas as pd

from rdsweep.report._table import ReportTable, TextColumn
from rdsweep.report._tex import tex_text

TABLE_FORMATS = ("csv", "parquet", "md", "tex")
"""Suffixes of the files of a table."""

_MANY_COLUMNS = 10  # above which letters have to be smaller still
_HEADING_WIDTH = 16  # characters of a line in a heading
_PARAGRAPH = r">{\raggedright\arraybackslash}p{3.3cm}"


def table_files(table: ReportTable) -> dict[str, bytes]:
    """Return the content of each file of a table, by suffix.

    Returns
    -------
    dict of str to bytes
        ``csv`` and ``parquet`` hold the frame, unrounded; ``md`` and ``tex`` what the page shows. The LaTeX
        needs the packages ``array``, ``booktabs`` and ``longtable``, whatever the engine.
    """
    parquet = io.BytesIO()
    table.frame.to_parquet(parquet, index=False)
    return {
        "csv": table.frame.to_csv(index=False, lineterminator="\n").encode(),
        "parquet": parquet.getvalue(),
        "md": markdown(table).encode(),
        "tex": latex(table).encode(),
    }


def markdown(table: ReportTable) -> str:
    """Return a table with its caption in GitHub's Markdown, each interval behind its estimate."""
    headings = [f"{column.label} {f'({column.unit})' if column.unit else ''}" for column in table.columns]
    rules = ["--:" if column.numeric else ":--" for column in table.columns]
    cells = [[f"{cell} {detail}".strip() for _, cell, detail in row] for row in table.rows]
    lines = [_markdown_row(map(_markdown_text, headings)), _markdown_row(rules)]
    lines += [_markdown_row(map(_markdown_text, row)) for row in cells]
    return "\n".join([_markdown_text(table.caption), "", *lines, ""])


def _markdown_row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _markdown_text(text: str) -> str:
    return re.sub(r"([\\|*_<`])", r"\\\1", " ".join(text.split()))


def latex(table: ReportTable) -> str:
    """Return a table as a LaTeX fragment that breaks over pages, each interval under its estimate."""
    rows = [lines for row in table.rows for lines in _latex_lines(row)]
    headings = [(_latex_heading(column), tex_text(column.unit)) for column in table.columns]
    frame = pd.DataFrame(rows, columns=pd.MultiIndex.from_tuples(headings))
    if not any(unit for _, unit in headings):
        frame.columns = pd.Index([label for label, _ in headings])
    text: str = frame.style.hide(axis="index").to_latex(
        environment="longtable",
        hrules=True,
        caption=tex_text(table.caption),
        label=f"tab:{table.name}",
        column_format=f"@{{}}{''.join(map(_latex_alignment, table.columns))}@{{}}",
        sparse_columns=False,
    )
    size = "footnotesize" if len(table.columns) <= _MANY_COLUMNS else "scriptsize"
    return f"{{\\{size}\\setlength{{\\tabcolsep}}{{4pt}}\n{text}}}\n"


def _latex_lines(row: list[tuple[TextColumn, str, str]]) -> list[list[str]]:
    """Return the cells of a row and, where there are details, those of a smaller line under them."""
    cells = [tex_text(cell) for _, cell, _ in row]
    details = [f"\\scriptsize {tex_text(detail)}" if detail else "" for _, _, detail in row]
    if not any(details):
        return [cells]
    return [cells, [f"\\nopagebreak {details[0]}", *details[1:]]]


def _latex_heading(column: TextColumn) -> str:
    """Return the label, broken into lines that grow upwards."""
    lines = textwrap.wrap(column.label, _HEADING_WIDTH, break_long_words=False) or [""]
    text = r" \\ ".join(map(tex_text, lines))
    return text if len(lines) == 1 else f"\\shortstack[{'r' if column.numeric else 'l'}]{{{text}}}"


def _latex_alignment(column: TextColumn) -> str:
    if column.numeric:
        return "r"
    return _PARAGRAPH if column.is_long else "l"
