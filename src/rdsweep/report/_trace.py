"""From a row of a table back to the runs that it comes from."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from rdsweep.report._report_file import ReportError
from rdsweep.report._section import Section
from rdsweep.report._selection import Selection
from rdsweep.report._table import ReportTable

_LABELS = ("run_id", "seed", "sweep", "device", "precision", "rdsweep_version", "torch_version", "git_commit")
_READER = ("task", "regime", "head")


def trace_row(sections: Iterable[Section], selection: Selection, row: str) -> tuple[str, ...]:
    """Return the ids of the runs behind a row of a table.

    Parameters
    ----------
    sections : iterable of Section
        Of the report.
    selection : Selection
        Its runs.
    row : str
        ``TABLE:ROW``: name of a table's file without suffix, and number of the row below its heading, from 1.

    Raises
    ------
    ReportError
        If there is no such table or row.
    """
    tables = {table.name: table for section in sections for table in section.tables}
    name, _, number = row.rpartition(":")
    if name not in tables:
        raise ReportError(f"trace must be TABLE:ROW with a table of {', '.join(tables)}, but got {row!r}")
    n_rows = len(tables[name].frame)
    if not number.isdecimal() or not 1 <= int(number) <= n_rows:
        raise ReportError(f"trace must name a row of {name} from 1 to {n_rows}, but got {row!r}")
    return row_run_ids(tables[name], selection, int(number) - 1)


def row_run_ids(table: ReportTable, selection: Selection, place: int) -> tuple[str, ...]:
    """Return the ids of the runs behind the row at ``place`` of the frame of ``table``, sorted.

    A row is about the runs that share its labels: condition, level, seed, task and reader, and where a run
    comes from. A table that tells them in another way brings its own ids.
    """
    if table.run_ids is not None:
        return tuple(sorted(table.run_ids[place]))
    row = table.frame.iloc[place]
    if "run_id" in row:
        return (str(row["run_id"]),)
    file = selection.file
    runs = selection.runs
    if "task" in row:
        readers = _matching(selection.scores, row, _READER)
        runs = runs[runs["run_id"].isin(readers["run_id"])]
    of_row = _matching(runs, row, (file.condition, file.by, *_LABELS))
    compared = runs[runs[file.condition] == table.compared_with]
    baseline = _matching(compared, row, (file.by, *_LABELS))
    return tuple(sorted({*of_row["run_id"], *baseline["run_id"]}))


def _matching(frame: pd.DataFrame, row: pd.Series, labels: Iterable[str]) -> pd.DataFrame:
    """Return the rows of ``frame`` that have the labels of ``row``; what ``row`` lacks matches all."""
    for label in labels:
        if label in row and label in frame:
            value = row[label]
            frame = frame[frame[label].isna() if pd.isna(value) else frame[label] == value]
    return frame
