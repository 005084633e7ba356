"""The figures of a study's page."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullLocator

from rdsweep.drawing import MUTED, Look, drawing, looks
from rdsweep.report.parts import (
    Mark,
    PanelFiles,
    ReportFigure,
    counted,
    general,
    label_lines,
    labeled_panel,
    number,
    panel_files,
    zero_line,
)
from rdsweep.studies._record import StudyRecord

_UNITS = {"rate": "Rate (nats)", "distortion": "Distortion (MSE per pixel)"}

SCORES = {"cross_entropy": ("cross-entropy", "nats"), "f1": ("F1", ""), "accuracy": ("accuracy", "")}
"""What texts call the score of a task, and its unit."""


def front_figure(record: StudyRecord, trials: pd.DataFrame) -> ReportFigure:
    """Return the figure of all configurations, those of the front joined by a line."""
    done = trials[trials["state"] == "completed"]
    with drawing("front"):
        figure, axes = labeled_panel("")
        marks = []
        for name, look in _looks(record).items():
            mine = done[done["condition"] == name].sort_values("rate")
            front = mine[mine["on_front"]]
            axes.plot(front["rate"], front["distortion"], color=look.color, linestyle=look.line, linewidth=1)
            _draw_crosses(axes, mine, look)
            axes.plot(mine["rate"], mine["distortion"], **look.point() | {"markersize": 4}, gid=_gid(name))
            if len(front):
                marks.append(Mark(name or "front", tuple(front[["rate", "distortion"]].iloc[-1]), look))
        axes.set_xlabel(_UNITS["rate"])
        axes.set_ylabel(_UNITS["distortion"])
        label_lines(axes, marks)
        panel = panel_files(figure, tips=_tips(record, done.sort_values("rate")))
    return ReportFigure(
        name="front",
        panels=(panel,),
        label="Distortion against rate of every configuration, with the Pareto front as a line",
        caption=(
            f"Each point is a configuration: n = {counted(len(done), 'configuration')} with "
            f"{counted(len(record.file.seeds), 'seed')} each. Crosses: one standard error over seeds to each "
            "side. Line: the front of the means."
        ),
    )


def beta_figure(record: StudyRecord) -> ReportFigure:
    """Return the figure of the rate of every run against its β."""
    with drawing("beta"):
        figure, axes = labeled_panel("")
        marks = []
        for name, look in _looks(record).items():
            runs = record.runs[record.runs["condition"] == name].sort_values("beta_setting")
            axes.plot(runs["beta_setting"], runs["rate"], **look.point() | {"markersize": 4}, alpha=0.65)
            means = runs.groupby("beta_setting")["rate"].mean()
            axes.plot(means.index, means, color=look.color, linestyle=look.line, linewidth=1)
            if len(means):
                marks.append(Mark(name or "mean", (float(means.index[0]), float(means.iloc[0])), look))
        if record.file.target is not None:
            axes.axhline(record.file.target.rate, color=MUTED, linewidth=1, linestyle=(0, (4, 2)))
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter(lambda beta, _: general(beta))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xlabel("β")
        axes.set_ylabel(_UNITS["rate"])
        label_lines(axes, marks)
        panel = panel_files(figure)
    wanted = " Dashed: the wanted rate." if record.file.target is not None else ""
    return ReportFigure(
        name="beta-rate",
        panels=(panel,),
        label="Rate of every run against β on a logarithmic axis",
        caption=f"Points: runs, n = {counted(len(record.runs), 'run')}. Line: mean over seeds.{wanted}",
    )


def history_figure(record: StudyRecord, history: pd.DataFrame) -> ReportFigure:
    """Return the figure of the dominated area against the number of configurations."""
    with drawing("hypervolume"):
        figure, axes = labeled_panel("")
        marks = []
        for name, look in _looks(record).items():
            mine = history[history["condition"] == name]
            low, high = (mine["hypervolume"] + side * mine["standard_error"] for side in (-1, 1))
            axes.fill_between(mine["n_completed"], low, high, color=look.color, alpha=0.16, linewidth=0)
            axes.plot(mine["n_completed"], mine["hypervolume"], color=look.color, linestyle=look.line)
            if len(mine):
                marks.append(Mark(name or "mean", tuple(mine[["n_completed", "hypervolume"]].iloc[-1]), look))
        axes.set_xlabel("Completed configurations")
        axes.set_ylabel("Hypervolume (nats × MSE)")
        label_lines(axes, marks)
        panel = panel_files(figure)
    return ReportFigure(
        name="hypervolume",
        panels=(panel,),
        label="Area dominated by the front against the number of completed configurations",
        caption="Mean over seeds of the area that each seed’s own front dominates; band: one standard error.",
    )


def best_figure(record: StudyRecord, trials: pd.DataFrame) -> ReportFigure:
    """Return the figure of the objective of every configuration and of the best one so far."""
    done = trials[trials["state"] == "completed"].reset_index(drop=True)
    if record.file.target is not None:
        values = (done["rate"] - record.file.target.rate).abs()
        axis, best, bounded = "Distance from the wanted rate (nats)", values.cummin(), ""
    else:
        assert record.file.score is not None
        values, metric = done["score"], record.file.score.metric
        kept, bounded = values.where(done["keeps_bounds"]), " that keeps all bounds"
        best = (kept.cummin() if metric == "cross_entropy" else kept.cummax()).ffill()
        name, unit = SCORES[metric]
        axis = name.capitalize() + (f" ({unit})" if unit else "")
    look = next(iter(_looks(record).values()))
    with drawing("history"):
        figure, axes = labeled_panel("")
        place = np.arange(1, len(done) + 1)
        axes.plot(place, values, **look.point(filled=False) | {"markersize": 4})
        axes.plot(place, best, color=look.color, drawstyle="steps-post")
        axes.set_xlabel("Completed configurations")
        axes.set_ylabel(axis)
        panel = panel_files(figure)
    return ReportFigure(
        name="history",
        panels=(panel,),
        label=f"{axis} of every configuration in the order of the search",
        caption=f"Points: mean over seeds of each configuration. Line: the best so far{bounded}.",
    )


def tangency_figure(record: StudyRecord, tangency: pd.DataFrame) -> ReportFigure:
    """Return the figure of the price of rate over the slope of the curve, run by run."""
    with drawing("tangency"):
        figure, axes = labeled_panel("", height=270)
        zero_line(axes)
        marks = []
        for name, look in _looks(record).items():
            mine = tangency[tangency["condition"] == name].sort_values("rate")
            ratio = 100 * np.expm1(mine["deviation"])
            axes.plot(mine["rate"], ratio, **look.point() | {"markersize": 4}, alpha=0.65)
            if len(mine):
                marks.append(Mark(name or "run", (float(mine["rate"].iloc[-1]), float(ratio.iloc[-1])), look))
        axes.set_xlabel(_UNITS["rate"])
        axes.set_ylabel("Price above slope (%)")
        label_lines(axes, marks)
        panel = panel_files(figure)
    return ReportFigure(
        name="tangency",
        panels=(panel,),
        label="How far the price of rate of each run is above the slope of the fitted curve",
        caption=f"Points: runs, n = {counted(len(tangency), 'run')}. At zero, β w is the slope of the curve.",
    )


def importance_figure(record: StudyRecord) -> ReportFigure:
    """Return the figure of the importance of each parameter for each objective."""
    table = record.importance
    panels: list[PanelFiles] = []
    for place, ((condition, objective), rows) in enumerate(table.groupby(["condition", "objective"])):
        with drawing(f"importance-{place}"):
            figure, axes = labeled_panel(" ".join(filter(None, [str(condition), str(objective)])), height=200)
            rows = rows.sort_values("importance")
            axes.barh(rows["parameter"], rows["importance"], color=_looks(record)[str(condition)].color)
            axes.set_xlabel("Share of importance")
            panels.append(panel_files(figure))
    return ReportFigure(
        name="importance",
        panels=tuple(panels),
        label="Importance of each searched parameter",
        caption="PED-ANOVA over the completed configurations; shares sum to 1 for each objective.",
    )


def _looks(record: StudyRecord) -> dict[str, Look]:
    names = list(record.tried)
    return looks(names, baseline=record.file.reference or names[0])


def _draw_crosses(axes: Axes, rows: pd.DataFrame, look: Look) -> None:
    axes.errorbar(
        rows["rate"],
        rows["distortion"],
        xerr=rows["rate_standard_error"],
        yerr=rows["distortion_standard_error"],
        fmt="none",
        ecolor=look.color,
        elinewidth=0.8,
        alpha=0.6,
    )


def _tips(record: StudyRecord, rows: pd.DataFrame) -> Mapping[str, list[str]]:
    parameters = list(record.file.search.ranges())
    return {
        _gid(name): [
            "\n".join(
                [
                    f"configuration {row['number']}",
                    *(f"{parameter} {general(float(f'{row[parameter]:.4g}'))}" for parameter in parameters),
                    f"rate {number(row['rate'], decimals=3)} nats",
                    f"distortion {number(row['distortion'], decimals=4)}",
                ]
            )
            for row in rows[rows["condition"] == name].to_dict("records")
        ]
        for name in record.tried
    }


def _gid(condition: str) -> str:
    return f"configurations-{condition}" if condition else "configurations"
