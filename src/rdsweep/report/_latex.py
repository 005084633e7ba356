r"""A table of a report in LaTeX, laid out so that it fits ``\textwidth`` of a plain article.

LaTeX comes from pandas' Styler, which knows booktabs and tables of several pages. Numbers need no siunitx: a
column has equal decimals, so flush right aligns them. A table that is too wide gets paragraphs for its
columns of text, then smaller letters, and then several parts with some of its columns each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from rdsweep.report._table import ReportTable, TextColumn
from rdsweep.report._tex import tex_text
from rdsweep.report._tex_width import SIZES, longest_word, width

TEXT_WIDTH = 345.0
"""Points of ``\\textwidth`` in ``\\documentclass{article}``, on A4 and on letter paper."""

_USABLE = 0.98 * TEXT_WIDTH  # widths are estimates, if upper ones
_GAP = 8.0  # between columns: twice \tabcolsep
_BREAKABLE = 60.0  # width from which a column of text becomes paragraphs, points
_COMFORT = 75.0  # width that paragraphs should have before letters get smaller or columns a part of their own
_LEAD = 0.6  # share of the width that columns which tell rows apart may take in every part
_DETAIL_SIZE = "scriptsize"


@dataclass(frozen=True)
class _Cells:
    """A column with its widths in points, in letters of a size."""

    column: TextColumn
    natural: float
    least: float
    size: str

    @classmethod
    def measured(cls, column: TextColumn, size: str) -> _Cells:
        lines = [(cell, size) for cell in column.cells]
        lines += [(detail, _DETAIL_SIZE) for detail in column.details]
        lines += [(longest_word(text), size) for text in (column.label, column.unit)]
        natural = max(width(text, size=letters) for text, letters in lines)
        if column.numeric or natural <= _BREAKABLE:
            return cls(column, natural, natural, size)
        least = max(width(longest_word(text), size=letters) for text, letters in lines)
        return cls(column, natural, least, size)

    @property
    def is_paragraph(self) -> bool:
        """Whether the column may be narrower than its longest cell."""
        return self.least < self.natural

    @property
    def comfortable(self) -> float:
        """Width from which paragraphs read well."""
        return max(self.least, min(self.natural, _COMFORT))


@dataclass(frozen=True)
class Part:
    """Columns side by side, and the widths that their paragraphs get, points."""

    columns: tuple[TextColumn, ...]
    widths: tuple[float, ...]
    is_paragraph: tuple[bool, ...]


def parts_of(columns: Sequence[TextColumn]) -> tuple[str, list[Part]]:
    """Return a size of letters and the parts in which ``columns`` fit `TEXT_WIDTH`; mostly there is one."""
    for size in SIZES:
        cells = [_Cells.measured(column, size) for column in columns]
        if _fits(cells):
            return size, [_part(cells)]
    lead = _lead(cells)
    rest = cells[len(lead) :]
    n_parts = len(_filled(lead, rest, room=_USABLE))
    room = _USABLE / 2
    while len(parts := _filled(lead, rest, room=room)) > n_parts:
        room += _GAP  # the least room that leads to no more parts makes them alike
    return size, [_part([*lead, *part]) for part in parts]


def _filled(lead: Sequence[_Cells], rest: Sequence[_Cells], *, room: float) -> list[list[_Cells]]:
    """Return ``rest`` in parts that fit into ``room`` points beside ``lead``, at least one column in each."""
    parts: list[list[_Cells]] = []
    for cell in rest:
        if parts and _fits([*lead, *parts[-1], cell], room=room):
            parts[-1].append(cell)
        else:
            parts.append([cell])
    return parts


def _lead(cells: Sequence[_Cells]) -> list[_Cells]:
    """Return the columns that tell rows apart, which every part repeats; the first if these are too wide."""
    rows = range(len(cells[0].column.cells))
    for n in range(1, len(cells)):
        names = {tuple(cell.column.cells[row] for cell in cells[:n]) for row in rows}
        if len(names) == len(rows):
            return list(cells[:n] if _fits(cells[:n], room=_LEAD * _USABLE) else cells[:1])
    return list(cells[:1])


def _fits(cells: Sequence[_Cells], *, room: float = _USABLE) -> bool:
    return sum(cell.comfortable for cell in cells) + _GAP * (len(cells) - 1) <= room


def _part(cells: Sequence[_Cells]) -> Part:
    """Give paragraphs what other columns leave, each the more the longer its text."""
    least = sum(cell.least for cell in cells) + _GAP * (len(cells) - 1)
    wanted = sum(cell.natural - cell.least for cell in cells)
    share = min(max(_USABLE - least, 0.0) / wanted, 1.0) if wanted else 0.0
    widths = tuple(cell.least + share * (cell.natural - cell.least) for cell in cells)
    columns = tuple(cell.column for cell in cells)
    return Part(columns, widths, tuple(cell.is_paragraph and share < 1 for cell in cells))


def latex(table: ReportTable) -> str:
    """Return a table as a LaTeX fragment that breaks over pages, each interval under its estimate."""
    size, parts = parts_of(table.columns)
    texts = [_fragment(table, part, size=size, is_first=place == 0) for place, part in enumerate(parts)]
    return f"{{\\{size}\\sloppy\\setlength{{\\tabcolsep}}{{{_GAP / 2:g}pt}}\n{''.join(texts)}}}\n"


def _fragment(table: ReportTable, part: Part, *, size: str, is_first: bool) -> str:
    rows = [lines for row in range(len(part.columns[0].cells)) for lines in _lines(part.columns, row)]
    headings = [
        (_heading(column, column.label, points, size), _heading(column, column.unit, points, size))
        for column, points in zip(part.columns, part.widths, strict=True)
    ]
    frame = pd.DataFrame(rows, columns=pd.MultiIndex.from_tuples(headings))
    if not any(unit for _, unit in headings):
        frame.columns = pd.Index([label for label, _ in headings])
    formats = "".join(map(_alignment, part.columns, part.widths, part.is_paragraph))
    text: str = frame.style.hide(axis="index").to_latex(
        environment="longtable",
        hrules=True,
        caption=tex_text(table.caption) if is_first else "Further columns of the same table.",
        label=f"tab:{table.name}" if is_first else None,
        column_format=f"@{{}}{formats}@{{}}",
        sparse_columns=False,
    )
    return text if is_first else f"\\addtocounter{{table}}{{-1}}\n{text}"


def _lines(columns: Sequence[TextColumn], row: int) -> list[list[str]]:
    """Return the cells of a row and, where there are details, those of a smaller line under them."""
    cells = [tex_text(column.cells[row]) for column in columns]
    found = [column.details[row] if column.details else "" for column in columns]
    if not any(found):
        return [cells]
    details = [f"\\{_DETAIL_SIZE} {tex_text(detail)}" if detail else "" for detail in found]
    return [cells, [f"\\nopagebreak {details[0]}", *details[1:]]]


def _heading(column: TextColumn, text: str, points: float, size: str) -> str:
    """Return a label or unit, broken into lines no wider than its column, which grow upwards."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and width(longer, size=size) <= points:
            lines[-1] = longer
        else:
            lines.append(word)
    tex = r" \\ ".join(map(tex_text, lines))
    return tex if len(lines) < 2 else f"\\shortstack[{'r' if column.numeric else 'l'}]{{{tex}}}"


def _alignment(column: TextColumn, points: float, is_paragraph: bool) -> str:
    if is_paragraph:
        share = points / TEXT_WIDTH
        return rf">{{\raggedright\arraybackslash}}p{{{share:.3f}\textwidth}}"
    return "r" if column.numeric else "l"
