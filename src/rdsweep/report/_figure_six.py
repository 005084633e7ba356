"""Figure 6 in the paper's layout: what is read off the latents, by whom and at which capacity."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from rdsweep.drawing import drawing, looks
from rdsweep.models import MODELS
from rdsweep.report._analysis import Analysis, summarize
from rdsweep.report._format import over_seeds
from rdsweep.report._hover import run_tips
from rdsweep.report._panel import Mark, dodged, draw_runs, label_lines, labeled_panel, level_axis, panel_files
from rdsweep.report._published import PUBLISHED_POINT, SCORE, published_scores
from rdsweep.report._readouts import read_scores
from rdsweep.report._section import PanelFiles, ReportFigure, Section
from rdsweep.report._units import axis_label

_TITLES = {
    "A": "A  Read from the frozen baseline",
    "B": "B  Trained jointly, one task each",
    "C": "C  Trained jointly, all tasks",
    "D": "D  Read from the frozen {model}",
}
_MODEL_OF = {model.tasks[0]: name for name, model in MODELS.items() if len(model.tasks) == 1}
_DODGE = 0.08


def figure_six_section(analysis: Analysis) -> Section | None:
    """Return the section, or None where the report does not ask for it or no run has such a score."""
    file = analysis.selection.file
    if not file.published or "figure_6" not in file.figures:
        return None
    scores = read_scores(analysis.selection.runs, analysis.selection.scores)
    scores = scores[(scores["panel"] != "") & np.isfinite(scores[SCORE])]
    if scores.empty:
        return None
    return Section(
        name="figure-6",
        title="The paper’s figure 6: what the latents tell of the tasks",
        figures=(_figure(analysis, scores),),
    )


def _figure(analysis: Analysis, scores: pd.DataFrame) -> ReportFigure:
    selection = analysis.selection
    mean = f"F1: {over_seeds(selection.seeds, selection.file.confidence_level)}"
    drawn = published_scores()["capacity"].isin(selection.levels).any()
    points = " Large hollow markers: the published points, one run each." if drawn else ""
    return ReportFigure(
        name="figure-6",
        panels=tuple(_panel(analysis, title, rows, published) for title, rows, published in _groups(scores)),
        label="F1 of each task by capacity: probes of the baseline, joint heads, and probes of other models",
        caption=(
            f"{mean}; small points are runs.{points} F1 is the mean over "
            "batches of 32 images, as published, so that equality cannot reach 1. Heads are of the "
            "paper’s kind: linear for two classes, non-linear for bins."
        ),
    )


def _groups(scores: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame, pd.DataFrame]]:
    """Yield title, scores and published points of each panel with runs; D has one for each model read."""
    published = published_scores()
    present = set(scores["panel"])
    for panel, title in _TITLES.items():
        if panel not in present:
            continue
        rows, points = scores[scores["panel"] == panel], published[published["panel"] == panel]
        if panel != "D":
            yield title, rows, points
            continue
        for model, of_model in rows.groupby("model", sort=False):
            yield title.format(model=model), of_model, points[points["model"] == model]


def _panel(analysis: Analysis, title: str, rows: pd.DataFrame, published: pd.DataFrame) -> PanelFiles:
    selection = analysis.selection
    tasks = [task for task in _MODEL_OF if task in set(rows["task"])]
    of_tasks = {task: rows[rows["task"] == task].sort_values(["capacity", "seed"]) for task in tasks}
    with drawing(f"figure-6-{title}"):
        figure, axes = labeled_panel(title)
        marks = []
        for place, (task, scores) in enumerate(of_tasks.items()):
            points = published[(published["task"] == task) & published["capacity"].isin(selection.levels)]
            means = summarize(scores, ["capacity"], SCORE, confidence_level=selection.file.confidence_level)
            positions = (
                dodged(selection.levels, frame["capacity"], place, len(tasks), step=_DODGE)
                for frame in (scores, means, points)
            )
            marks.append(_draw_task(axes, task, scores, means, points, *positions))
        level_axis(axes, selection.levels, axis_label("capacity"))
        axes.set_ylim(-0.04, 1.04)
        axes.set_ylabel("F1")
        label_lines(axes, marks)
        tips = {task: run_tips(scores, [SCORE], selection.file) for task, scores in of_tasks.items()}
        return panel_files(figure, tips=tips)


def _draw_task(
    axes: Axes,
    task: str,
    scores: pd.DataFrame,
    means: pd.DataFrame,
    points: pd.DataFrame,
    *positions: NDArray[np.float64],
) -> Mark:
    look = looks(list(MODELS), baseline="baseline")[_MODEL_OF[task]]
    of_scores, of_means, of_points = positions
    draw_runs(axes, of_scores, scores[SCORE], look=look, name=task)
    axes.vlines(of_means, means["low"], means["high"], color=look.color, linewidth=2.2)
    axes.plot(of_means, means["mean"], color=look.color, linewidth=1.2)
    axes.plot(of_points, points["value"], **PUBLISHED_POINT | {"color": look.color, "marker": look.marker})
    return Mark(task, (of_means[-1], means["mean"].iloc[-1]), look)
