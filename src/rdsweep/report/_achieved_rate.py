"""The section of achieved rates: how near each run’s rate came to its capacity."""

from __future__ import annotations

import numpy as np
import pandas as pd

from rdsweep.drawing import drawing, looks
from rdsweep.report._analysis import MISSED, Analysis, deviations
from rdsweep.report._crowd import with_crowd
from rdsweep.report._format import count, counted, over_seeds, percent, span
from rdsweep.report._hover import run_tips
from rdsweep.report._panel import (
    Mark,
    dodged,
    draw_runs,
    label_lines,
    labeled_panel,
    level_axis,
    panel_files,
    zero_line,
)
from rdsweep.report._section import ReportFigure, Section
from rdsweep.report._table import ReportTable, estimates_by, header, numbers
from rdsweep.report._units import axis_label, column_unit, with_unit


def achieved_rate_section(analysis: Analysis) -> Section | None:
    """Return the section, or None for runs that had no target rate."""
    file = analysis.selection.file
    if analysis.achieved.empty:
        return None
    return Section(
        name="achieved-rate",
        title="Achieved rate",
        findings=(_finding(analysis),),
        figures=(_figure(analysis),) if "achieved_rate" in file.figures else (),
        tables=(_table(analysis),) if "achieved_rate" in file.tables else (),
    )


def _finding(analysis: Analysis) -> str:
    file, runs = analysis.selection.file, analysis.selection.runs
    off = deviations(runs).to_numpy()
    size = np.abs(off)
    furthest = int(size.argmax())
    place = f"{runs[file.condition].iloc[furthest]} at {with_unit(file.by, runs[file.by].iloc[furthest])}"
    missed = size > MISSED
    if not missed.any():
        return (
            f"Every run’s rate lies within {percent(size.max())} of its capacity; the run furthest off is "
            f"one of {place}."
        )
    sides = {"above": int((off > MISSED).sum()), "below": int((off < -MISSED).sum())}
    parts = ", ".join(f"{count(n)} {side}" for side, n in sides.items() if n)
    worst = f"{percent(size.max())} ({place}, {'above' if off[furthest] > 0 else 'below'})"
    rest = "" if missed.all() else f"; the others lie within {percent(size[~missed].max())}"
    return (
        f"{count(int(missed.sum()))} of {counted(len(off), 'run')} missed the capacity by more than "
        f"{percent(MISSED, decimals=0)} ({parts}), at worst by {worst}{rest}."
    )


def _figure(analysis: Analysis) -> ReportFigure:
    selection = analysis.selection
    by, panels = selection.file.by, []
    look = looks(selection.conditions, baseline=selection.file.baseline)
    for place, (title, names) in enumerate(selection.panels()):
        with drawing(f"achieved-rate-{place}"):
            figure, axes = labeled_panel(title, height=270, n_labels=len(names))
            zero_line(axes)
            marks, tips = [], {}
            for index, name in enumerate(names):
                runs = selection.runs_of(name)
                percents = 100 * deviations(runs)
                position = dodged(selection.levels, runs[by], index, len(names))
                draw_runs(axes, position, percents, look=look[name], name=name)
                tips[name] = run_tips(runs, ["rate_own"], selection.file)
                last = percents[runs[by] == runs[by].max()].mean()
                marks.append(Mark(name, (position[-1], last), look[name]))
            level_axis(axes, selection.levels, axis_label(by))
            axes.set_ylabel("Rate above capacity (%)")
            axes.margins(y=0.12)
            label_lines(axes, marks)
            panels.append(panel_files(figure, tips=tips))
    return ReportFigure(
        name="achieved-rate",
        panels=tuple(panels),
        label="Deviation of the achieved rate from the capacity, in per cent, by capacity and condition",
        caption=with_crowd(
            f"Deviation of each run’s rate from its capacity: n = {counted(len(selection.runs), 'run')}, one "
            "point each. Rate is taken over the run’s own stimuli, as its objective does.",
            selection,
        ),
    )


def _table(analysis: Analysis) -> ReportTable:
    selection, frame = analysis.selection, analysis.achieved
    condition, by = selection.file.condition, selection.file.by
    shares = frame.assign(**{column: 100 * frame[column] for column in ("mean", "low", "high")})
    rows = pd.Index(selection.conditions, name=condition)
    of_condition = frame.groupby(condition).agg({"worst": "max", "n_missed": "sum"}).reindex(rows)
    return ReportTable(
        name="achieved_rate",
        caption=(
            f"Deviation of the achieved rate from the capacity in per cent, by {by} in {column_unit(by)}: "
            f"{over_seeds(selection.seeds, selection.file.confidence_level)}, n = {span(frame['n'], 'run')}. "
            f"Missed: runs that are more than {percent(MISSED, decimals=0)} off."
        ),
        frame=frame,
        columns=(
            header("Condition", rows),
            *estimates_by(by, selection.levels, shares, rows, estimate="mean", signed=True),
            numbers("Largest of any run", map(percent, of_condition["worst"])),
            numbers("Missed", map(count, of_condition["n_missed"])),
        ),
    )
