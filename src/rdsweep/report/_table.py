"""A table of a report: unrounded for machines, and as text for readers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from rdsweep.report._format import MISSING, decimals_for, general, interval, number

_LONG_TEXT = 26  # characters


@dataclass(frozen=True)
class TextColumn:
    """A column as readers see it.

    Attributes
    ----------
    label : str
    cells : tuple of str
    unit : str
        Shown under the label; empty where there is none.
    details : tuple of str
        Shown under the cells, such as intervals; empty where there are none.
    detail_label : str
        What the details are, where they say something else than an interval does.
    numeric : bool
        Whether cells are set flush right with figures of equal width.
    is_header : bool
        Whether cells name their row.
    is_badge : bool
        Whether cells are words out of a few that a dot of their color marks.
    """

    label: str
    cells: tuple[str, ...]
    unit: str = ""
    details: tuple[str, ...] = ()
    detail_label: str = ""
    numeric: bool = True
    is_header: bool = False
    is_badge: bool = False

    @property
    def is_long(self) -> bool:
        """Whether cells are text that has to be broken into lines."""
        return not self.numeric and max(map(len, self.cells), default=0) > _LONG_TEXT


@dataclass(frozen=True, eq=False)
class ReportTable:
    """A table of a report.

    Attributes
    ----------
    name : str
        Name of its file, without suffix.
    caption : str
        What a reader needs to read it alone.
    frame : DataFrame
        Tidy, numeric and unrounded; what the file holds.
    columns : tuple of TextColumn
        What the page shows.
    compared_with : str
        Condition that every row is compared with, so that its runs are behind the row too; mostly none.
    run_ids : tuple of tuple of str, optional
        Runs behind each row of ``frame``, where its columns do not tell; see `rdsweep.report._trace`.
    """

    name: str
    caption: str
    frame: pd.DataFrame
    columns: tuple[TextColumn, ...]
    compared_with: str = ""
    run_ids: tuple[tuple[str, ...], ...] | None = None

    @property
    def rows(self) -> list[list[tuple[TextColumn, str, str]]]:
        """Cells by row, each as its column, its text and its detail."""
        return [
            [
                (column, column.cells[row], column.details[row] if column.details else "")
                for column in self.columns
            ]
            for row in range(len(self.columns[0].cells))
        ]


def header(
    label: str, cells: Iterable[object], *, details: Iterable[str] = (), detail_label: str = ""
) -> TextColumn:
    """Return a column that names its rows."""
    column = TextColumn(label, tuple(map(str, cells)), details=tuple(details), detail_label=detail_label)
    return replace(column, numeric=False, is_header=True)


def words(
    label: str, cells: Iterable[object], *, details: Iterable[str] = (), detail_label: str = ""
) -> TextColumn:
    """Return a column of text."""
    column = TextColumn(label, tuple(map(str, cells)), details=tuple(details), detail_label=detail_label)
    return replace(column, numeric=False)


def badges(
    label: str, cells: Iterable[str], *, details: Iterable[str] = (), detail_label: str = ""
) -> TextColumn:
    """Return a column of words out of a few, such as verdicts."""
    column = TextColumn(label, tuple(cells), details=tuple(details), detail_label=detail_label)
    return replace(column, numeric=False, is_badge=True)


def notes(cells: Iterable[str]) -> tuple[TextColumn, ...]:
    """Return a column of remarks, or nothing where there are none."""
    column = words("Note", cells)
    return (column,) if any(column.cells) else ()


def numbers(label: str, cells: Iterable[str], *, unit: str = "") -> TextColumn:
    """Return a column of formatted numbers."""
    return TextColumn(label, tuple(cells), unit=unit)


def estimates(
    label: str,
    frame: pd.DataFrame,
    *,
    estimate: str = "estimate",
    decimals: int | None = None,
    unit: str = "",
    signed: bool = False,
) -> TextColumn:
    """Return a column of estimates, each over its interval.

    Parameters
    ----------
    label, unit : str
    frame : DataFrame
        With the columns ``estimate``, ``low`` and ``high``.
    estimate : str
        Name of the column of estimates.
    decimals : int, optional
        By default what the intervals warrant, one number for the whole column.
    signed : bool
        Whether positive numbers carry a sign.
    """
    decimals = fitting_decimals(frame, estimate) if decimals is None else decimals
    ends = zip(frame["low"], frame["high"], strict=True)
    intervals = (interval(low, high, decimals=decimals, signed=signed) for low, high in ends)
    return TextColumn(
        label,
        tuple(number(value, decimals=decimals, signed=signed) for value in frame[estimate]),
        unit=unit,
        details=tuple(text if text != MISSING else "" for text in intervals),
    )


def estimates_beside(
    label: str, interval_label: str, frame: pd.DataFrame, **options: Any
) -> tuple[TextColumn, ...]:
    """Return the estimates and the intervals of `estimates` as two columns, for tables with many rows."""
    column = estimates(label, frame, **options)
    intervals = (text or MISSING for text in column.details)
    return replace(column, details=()), numbers(interval_label, intervals, unit=column.unit)


def estimates_by(
    level: str, levels: Iterable[float], frame: pd.DataFrame, rows: pd.MultiIndex | pd.Index, **options: Any
) -> tuple[TextColumn, ...]:
    """Return a column of `estimates` for each value of the column ``level``, all with the same decimals.

    Parameters
    ----------
    level : str
    levels : iterable of float
        Its values, in order.
    frame : DataFrame
        With a row per level and entry of ``rows``; others are left blank.
    rows : Index
        The rows of the table, as values of the columns that its names are.
    **options
        As for `estimates`.
    """
    options = {"decimals": fitting_decimals(frame, options.get("estimate", "estimate"))} | options
    parts = {value: part.set_index(list(rows.names)) for value, part in frame.groupby(level)}
    nothing = frame.iloc[:0].set_index(list(rows.names))
    return tuple(
        estimates(general(value), parts.get(value, nothing).reindex(rows), **options) for value in levels
    )


def fitting_decimals(frame: pd.DataFrame, estimate: str) -> int:
    """Return the decimals that the intervals warrant or, where there are none, three digits of estimates."""
    widths = ((frame["high"] - frame["low"]) / 2).replace([np.inf, 0.0], np.nan)
    return decimals_for(widths) if widths.notna().any() else decimals_for(frame[estimate], significant=3)
