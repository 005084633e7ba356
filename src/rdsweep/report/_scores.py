"""The section of task scores: what joint heads and probes read off the latents."""

from __future__ import annotations

from typing import Any

import pandas as pd

from rdsweep.drawing import MUTED, drawing, looks
from rdsweep.report._analysis import Analysis
from rdsweep.report._crowd import with_crowd
from rdsweep.report._format import number, over_seeds, span
from rdsweep.report._panel import Mark, dodged, label_lines, labeled_panel, level_axis, panel_files
from rdsweep.report._section import PanelFiles, ReportFigure, Section
from rdsweep.report._table import ReportTable, estimates_by, fitting_decimals, header, numbers, words
from rdsweep.report._units import axis_label, column_label, with_unit

_READERS: dict[tuple[str, str], tuple[str, Any]] = {
    ("joint", "linear"): ("joint", "-"),
    ("joint", "nonlinear"): ("joint", "-"),
    ("probe", "linear"): ("probe", (0, (4, 2))),
    ("probe", "nonlinear"): ("nl probe", (0, (1, 1.5))),
}
"""Label and line style of each regime and head."""

_SCORE_DODGE = 0.03  # lines that are moved further sideways seem to differ where they do not


def scores_section(analysis: Analysis) -> Section:
    """Return the section with a panel per task and the table of mean scores."""
    file, table = analysis.selection.file, analysis.scores
    if table.empty:
        sentence = "No completed run has a task head or a probe."
        return Section(name="scores", title="Task scores", sentences=(sentence,))
    return Section(
        name="scores",
        title="Task scores",
        findings=(_finding(analysis),),
        figures=(_figure(analysis),) if "scores" in file.figures else (),
        tables=(_table(analysis),) if "scores" in file.tables else (),
    )


def _finding(analysis: Analysis) -> str:
    file, table = analysis.selection.file, analysis.scores
    table = table.dropna(subset="mean")
    if table.empty:
        return f"No score of a task is finite ({column_label(file.score)})."
    lower_is_better = file.score == "cross_entropy"
    best = table.loc[table.groupby("task", sort=False)["mean"].agg("idxmin" if lower_is_better else "idxmax")]
    parts = [
        f"{row['task']} {number(row['mean'], decimals=3)} ({row[file.condition]}, "
        f"{_reader(row['regime'], row['head'])}, {with_unit(file.by, row[file.by])})"
        for row in best.to_dict("records")
    ]
    mean = "mean " if len(analysis.selection.seeds) > 1 else ""
    return f"Best {mean}{column_label(file.score)} by task: {'; '.join(parts)}."


def _reader(regime: str, head: str) -> str:
    return "joint head" if regime == "joint" else f"{head.replace('non', 'non-')} probe"


def _figure(analysis: Analysis) -> ReportFigure:
    selection, table = analysis.selection, analysis.scores
    panels = []
    for place, (task, rows) in enumerate(table.groupby("task", sort=False)):
        with drawing(f"scores-{place}"):
            panels.append(_panel(analysis, str(task), rows))
    name = column_label(selection.file.score)
    chance = " Gray line: the best constant answer." if table["chance"].notna().any() else ""
    return ReportFigure(
        name="scores",
        panels=tuple(panels),
        label=f"{name} of each task by level, condition and kind of head",
        caption=with_crowd(
            f"{name}: {over_seeds(selection.seeds, selection.file.confidence_level)}. Filled, solid: head "
            "trained jointly with the model. Open: "
            f"probe of its frozen latents, dashed if linear, dotted (“nl”) if non-linear.{chance}",
            selection,
        ),
    )


def _panel(analysis: Analysis, task: str, rows: pd.DataFrame) -> PanelFiles:
    selection = analysis.selection
    condition, by = selection.file.condition, selection.file.by
    look = looks(selection.conditions, baseline=selection.file.baseline)
    series = list(rows.dropna(subset="mean").groupby([condition, "regime", "head"], sort=False))
    figure, axes = labeled_panel(task, label_width=0.3, n_labels=len(series))
    axes.axhline(rows["chance"].iloc[0], color=MUTED, linewidth=1, zorder=1)
    marks = []
    for index, (key, points) in enumerate(series):
        name, regime, head = map(str, key)
        label, line = _READERS[regime, head]
        color, filled = look[name].color, regime == "joint"
        position = dodged(selection.levels, points[by], index, len(series), step=_SCORE_DODGE)
        axes.vlines(position, points["low"], points["high"], color=color, linewidth=1.2, alpha=0.7)
        axes.plot(position, points["mean"], color=color, linestyle=line, linewidth=1.2)
        axes.plot(position, points["mean"], **look[name].point(filled=filled))
        marks.append(Mark(f"{name} {label}", (position[-1], points["mean"].iloc[-1]), look[name], filled))
    level_axis(axes, selection.levels, axis_label(by))
    axes.set_ylabel(axis_label(selection.file.score))
    label_lines(axes, marks)
    return panel_files(figure)


def _table(analysis: Analysis) -> ReportTable:
    selection, table = analysis.selection, analysis.scores
    file = selection.file
    keys = ["task", file.condition, "regime", "head"]
    rows = table[[*keys, "chance"]].drop_duplicates(keys)
    index = pd.MultiIndex.from_frame(rows[keys])
    decimals = max(fitting_decimals(table, "mean"), 2)
    return ReportTable(
        name="scores",
        caption=(
            f"{column_label(file.score)} by {file.by}: {over_seeds(selection.seeds, file.confidence_level)}, "
            f"n = {span(table['n'], 'run')}. Joint "
            "heads were trained with the model, probes on its frozen latents. Chance: the best constant "
            "answer."
        ),
        frame=table,
        columns=(
            header("Task", rows["task"]),
            words("Condition", rows[file.condition]),
            words("Regime", rows["regime"]),
            words("Head", rows["head"]),
            numbers("Chance", (number(chance, decimals=decimals) for chance in rows["chance"])),
            *estimates_by(file.by, selection.levels, table, index, estimate="mean", decimals=decimals),
        ),
    )
