"""Figure 3 in the paper's layout: distortion by capacity, imbalanced sources and hybrid models."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from rdstats import FAMILIES, curve_bands
from rdstats._status import RDStatsWarning
from rdsweep.drawing import MUTED, Look, drawing, looks
from rdsweep.models import MODELS
from rdsweep.report._analysis import Analysis, summarize
from rdsweep.report._format import counted, interval_name
from rdsweep.report._hover import run_tips
from rdsweep.report._panel import (
    Mark,
    dodged,
    draw_runs,
    label_lines,
    labeled_panel,
    level_axis,
    panel_files,
)
from rdsweep.report._published import ERROR, PUBLISHED_POINT, published_errors
from rdsweep.report._section import ReportFigure, Section
from rdsweep.report._selection import Selection
from rdsweep.report._units import axis_label

_RATE = "rate_own"  # goes with the error on a model's own distribution
_PANELS = {
    "A  Imbalanced sources": [name for name, model in MODELS.items() if model.imbalance != "none"],
    "B  Hybrid models": [name for name, model in MODELS.items() if model.tasks],
}


def figure_three_section(analysis: Analysis) -> Section | None:
    """Return the section, or None where the report does not ask for it or has none of the paper's models."""
    file = analysis.selection.file
    if not file.published or "figure_3" not in file.figures:
        return None
    selection = analysis.selection
    present = {name for name in selection.conditions if len(_measured(selection, name))}
    panels = {
        title: [file.baseline, *(name for name in names if name in present)]
        for title, names in _PANELS.items()
        if present.intersection(names)
    }
    if not panels or file.baseline not in present:
        return None
    return Section(
        name="figure-3",
        title="The paper’s figure 3: distortion by capacity",
        figures=(_figure(analysis, panels),),
    )


def _figure(analysis: Analysis, panels: dict[str, list[str]]) -> ReportFigure:
    selection = analysis.selection
    look = looks(selection.conditions, baseline=selection.file.baseline)
    bands, drawn = _bands(analysis), []
    for place, (title, names) in enumerate(panels.items()):
        with drawing(f"figure-3-{place}"):
            figure, axes = labeled_panel(title, height=380, n_labels=len(names))
            marks = _draw_bound(axes, analysis)
            for index, name in enumerate(names):
                band = bands[bands["model"] == name]
                shift = float(dodged([0], 0, index, len(names)))
                marks.append(_draw_model(axes, analysis, band, name, look[name], shift))
            level_axis(axes, selection.levels, axis_label("capacity"))
            axes.set_ylabel(axis_label("distortion_mse"))
            label_lines(axes, marks)
            tips = {
                name: run_tips(_measured(selection, name), [_RATE, ERROR], selection.file) for name in names
            }
            drawn.append(panel_files(figure, tips=tips))
    return ReportFigure(
        name="figure-3",
        panels=tuple(drawn),
        label="Distortion of each model by capacity, with the published points",
        caption=_caption(analysis, panels, bands),
    )


def _bands(analysis: Analysis) -> pd.DataFrame:
    """Return the fitted curves of rate and distortion on each model's own distribution."""
    file = analysis.selection.file
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RDStatsWarning)  # a curve without a fit has its status in the table
        return curve_bands(
            analysis.selection.runs,
            by="model",
            rate=_RATE,
            distortion=ERROR,
            family=file.curve.family,
            confidence_level=file.confidence_level,
            rng=0,
        )


def _draw_model(
    axes: Axes, analysis: Analysis, band: pd.DataFrame, name: str, look: Look, shift: float
) -> Mark:
    """Draw a model, its points shifted aside so that models at one capacity can be told apart."""
    selection, runs = analysis.selection, _measured(analysis.selection, name)
    curve = band[band["rate"].between(selection.levels[0], selection.levels[-1])]
    along = _position(selection, curve["rate"])
    axes.fill_between(along, curve["low"], curve["high"], color=look.color, alpha=0.16, linewidth=0)
    axes.plot(along, curve["distortion"], color=look.color, linestyle=look.line, linewidth=1.2)
    draw_runs(axes, _position(selection, runs["capacity"]) + shift, runs[ERROR], look=look, name=name)
    means = summarize(runs, ["capacity"], ERROR, confidence_level=selection.file.confidence_level)
    at = _position(selection, means["capacity"]) + shift
    axes.vlines(at, means["low"], means["high"], color=look.color, linewidth=2.2)
    axes.plot(at, means["mean"], color=look.color, marker="_", markersize=9, linestyle="none")
    points = published_errors()
    points = points[(points["model"] == name) & points["capacity"].isin(runs["capacity"])]
    hollow = PUBLISHED_POINT | {"color": look.color, "marker": look.marker}
    axes.plot(_position(selection, points["capacity"]) + shift, points["value"], **hollow)
    return Mark(name, (at[-1], means["mean"].iloc[-1]), look)


def _measured(selection: Selection, name: str) -> pd.DataFrame:
    """Return the runs of a model that have an error to draw."""
    runs = selection.runs_of(name)
    return runs[runs[ERROR].abs() < np.inf]


def _position(selection: Selection, rates: pd.Series[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    """Return where rates lie on an axis that has the capacities at equal steps, smooth in between."""
    if len(selection.levels) == 1:
        return np.zeros(len(rates))
    return np.asarray(PchipInterpolator(selection.levels, range(len(selection.levels)))(rates))


def _draw_bound(axes: Axes, analysis: Analysis) -> list[Mark]:
    if analysis.bound is None:
        return []
    selection = analysis.selection
    rate = np.linspace(selection.levels[0], selection.levels[-1], 400)
    along, least = _position(selection, rate), analysis.bound.distortion_mse(rate)
    axes.plot(along, least, color=MUTED, linestyle=(0, (4, 2)), linewidth=1.3)
    return [Mark("bound", (along[-1], least[-1]), Look(MUTED, "_"))]


def _caption(analysis: Analysis, panels: dict[str, list[str]], bands: pd.DataFrame) -> str:
    """Describe what is drawn: one seed has no bars, and curves need a fit."""
    selection = analysis.selection
    level = interval_name(selection.file.confidence_level)
    equation = FAMILIES[selection.file.curve.family].equation.replace("-", "−")
    shown = bands[bands["model"].isin(name for names in panels.values() for name in names)]
    has = {
        "bars": len(selection.seeds) > 1,
        "lines": shown["distortion"].notna().any(),
        "bands": shown["low"].notna().any(),
        "points": published_errors()["capacity"].isin(selection.levels).any(),
        "bound": analysis.bound is not None,
    }
    sentences = {
        "bars": f"Bars: mean over seeds and its {level}.",
        "lines": f"Lines: the curve {equation}, fitted to rate and distortion"
        + (f", with its pointwise {level}." if has["bands"] else "."),
        "points": "Large hollow markers: the published points, one run each.",
        "bound": "Dashed: no code of the balanced source lies below; imbalanced models are measured on their "
        "own.",
    }
    n_seeds = counted(len(selection.seeds), "seed")
    return " ".join(
        [
            f"Small points: one run each, {n_seeds}, side by side at each capacity.",
            *(text for part, text in sentences.items() if has[part]),
            "Distortion is taken over each model’s own stimulus distribution, as published.",
        ]
    )
