"""A table of a report as files: exact numbers for machines, rounded text for papers.

HTML comes from the page's own template, because neither pandas' Styler nor great_tables makes what the page
needs: Styler's cells have no ``scope``, and great_tables makes its caption a cell and brings nine kilobytes
of fixed colors with every table, dark pages or not.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from dataclasses import replace

from rdsweep.report._latex import latex
from rdsweep.report._table import ReportTable, TextColumn

TABLE_FORMATS = ("csv", "parquet", "md", "tex")
"""Suffixes of the files of a table."""


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
    """Return a table with its caption in GitHub's Markdown.

    An interval stands behind its estimate; other details have a column of their own or stand in parentheses.
    """
    columns = [part for column in table.columns for part in _markdown_columns(column)]
    headings = [f"{column.label} {f'({column.unit})' if column.unit else ''}" for column in columns]
    rules = ["--:" if column.numeric else ":--" for column in columns]
    lines = [_markdown_row(map(_markdown_text, headings)), _markdown_row(rules)]
    lines += [
        _markdown_row(map(_markdown_text, row)) for row in zip(*(c.cells for c in columns), strict=True)
    ]
    return "\n".join([_markdown_text(table.caption), "", *lines, ""])


def _markdown_columns(column: TextColumn) -> tuple[TextColumn, ...]:
    if not column.details:
        return (column,)
    if column.detail_label:
        details = TextColumn(column.detail_label, column.details, numeric=False)
        return replace(column, details=()), details
    cells = map(_with_detail, column.cells, column.details)
    return (replace(column, cells=tuple(cells), details=()),)


def _with_detail(cell: str, detail: str) -> str:
    if not detail or detail.startswith("["):
        return f"{cell} {detail}".strip()
    return f"{cell} ({detail})"


def _markdown_row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _markdown_text(text: str) -> str:
    return re.sub(r"([\\|*_<`])", r"\\\1", " ".join(text.split()))
