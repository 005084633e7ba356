"""The section of learning speed: after how many steps readers solve their tasks."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from rdstats import summarize_times
from rdsweep.report._format import count, counted, general, interval_name, number, percent
from rdsweep.report._readouts import SOLVED_GAIN, read_scores, solving_times
from rdsweep.report._section import Section
from rdsweep.report._selection import Selection
from rdsweep.report._table import ReportTable, TextColumn, header, words
from rdsweep.report._units import column_unit
from rdsweep.store import Results

_TIMES = {"steps_to_solve": "time", "solved_in_training": "reached", "training_steps": "horizon"}


def learning_section(selection: Selection, store: Results) -> Section | None:
    """Return the section, or None where no score was followed over training."""
    if "learning" not in selection.file.tables or selection.scores.empty:
        return None
    timed = solving_times(read_scores(selection.runs, selection.scores), store.read("score_history"))
    if timed.empty:
        return None
    table = _summary(selection, timed)
    solved = int(table["n_reached"].sum())
    return Section(
        name="learning",
        title="How fast tasks are solved",
        findings=(
            f"{count(solved)} of {counted(len(timed), 'reader')} solved their task within training "
            f"({percent(solved / len(timed))}).",
        ),
        sentences=(
            "A reader, a joint head or a probe, solves its task when its F1 on training batches is "
            f"{percent(SOLVED_GAIN, decimals=0)} of the way from the best constant answer to no error, at "
            "two evaluations in a row. One that never does is not left out: it counts as slower than all "
            "others, and in the mean as the whole of training.",
        ),
        tables=(_table(selection, table),),
    )


def _summary(selection: Selection, timed: pd.DataFrame) -> pd.DataFrame:
    file = selection.file
    by = ["task", file.condition, "regime", "head", file.by]
    times = timed[[*by, *_TIMES]].rename(columns=_TIMES).sort_values(["task"], kind="stable")
    return summarize_times(times, by=by, confidence_level=file.confidence_level)


def _table(selection: Selection, frame: pd.DataFrame) -> ReportTable:
    file = selection.file
    keys = ["task", file.condition, "regime", "head"]
    rows = frame[keys].drop_duplicates()
    cells = {key: group.set_index(file.by) for key, group in frame.groupby(keys)}
    order = [cells[key] for key in rows.itertuples(index=False, name=None)]
    return ReportTable(
        name="learning",
        caption=(
            "Median number of optimizer steps until a task is solved, and how many runs solved it; more than "
            "the steps of training (>) where fewer than half did. The file also has restricted means with "
            f"their {interval_name(file.confidence_level)}s."
        ),
        frame=frame,
        columns=(
            header("Task", rows["task"]),
            words("Condition", rows[file.condition]),
            words("Regime", rows["regime"]),
            words("Head", rows["head"]),
            *(_level_column(selection, order, level) for level in selection.levels),
        ),
    )


def _level_column(selection: Selection, groups: list[pd.DataFrame], level: float) -> TextColumn:
    pairs = list(_cells(groups, level))
    return TextColumn(
        general(level),
        tuple(cell for cell, _ in pairs),
        unit=column_unit(selection.file.by),
        details=tuple(detail for _, detail in pairs),
    )


def _cells(groups: list[pd.DataFrame], level: float) -> Iterator[tuple[str, str]]:
    for group in groups:
        if level not in group.index:
            yield "", ""
            continue
        row = group.loc[[level]].to_dict("records")[0]
        solved_by_half = row["median"] <= row["horizon"]
        text = number(row["median"], decimals=0) if solved_by_half else f"> {count(int(row['horizon']))}"
        yield text, f"{count(row['n_reached'])} of {count(row['n'])}"
