"""The section of rate-distortion curves: runs, fitted curves with their bands, and parameters."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from rdstats import FAMILIES, Parameter
from rdsweep.drawing import MUTED, Look, drawing, looks
from rdsweep.report._analysis import Analysis
from rdsweep.report._crowd import with_crowd
from rdsweep.report._format import count, counted, interval_name
from rdsweep.report._hover import run_tips
from rdsweep.report._panel import Mark, draw_runs, label_lines, labeled_panel, panel_files
from rdsweep.report._section import ReportFigure, Section
from rdsweep.report._table import ReportTable, TextColumn, estimates, header, notes, numbers
from rdsweep.report._units import axis_label, column_label, column_unit, short_unit


def rate_distortion_section(analysis: Analysis) -> Section:
    """Return the section with the figure of curves and the table of their parameters."""
    file = analysis.selection.file
    return Section(
        name="rate-distortion",
        title="Rate and distortion",
        findings=_findings(analysis),
        figures=(_figure(analysis),) if "rate_distortion" in file.figures else (),
        tables=(_table(analysis),) if "curves" in file.tables else (),
    )


def _findings(analysis: Analysis) -> tuple[str, ...]:
    selection, column = analysis.selection, analysis.selection.file.curve.distortion
    means = selection.runs.groupby([selection.file.condition, selection.file.by], sort=False)[column].mean()
    falling = [
        name
        for name, series in means.groupby(level=0, sort=False)
        if len(series) > 1 and series.is_monotonic_decreasing and series.is_unique
    ]
    several = [name for name, size in means.groupby(level=0, sort=False).size().items() if size > 1]
    if not several:
        return (f"No condition has more than one level of {selection.file.by}, so no trend can be read off.",)
    measured = column_label(column).lower()
    name = (
        f"The mean {measured} over seeds" if len(selection.seeds) > 1 else f"The {measured} of the one seed"
    )
    return (
        f"{name} falls at each step of {selection.file.by} in "
        f"{len(falling)} of {counted(len(several), 'condition')}.",
    )


def _figure(analysis: Analysis) -> ReportFigure:
    selection = analysis.selection
    look = looks(selection.conditions, baseline=selection.file.baseline)
    panels = []
    for place, (title, names) in enumerate(selection.panels()):
        with drawing(f"rate-distortion-{place}"):
            figure, axes = labeled_panel(title, n_labels=len(names))
            marks = _draw_bound(axes, analysis)
            for name in reversed(names):  # the baseline is drawn last, on top
                _draw_condition(axes, analysis, name, look[name])
            axes.set_xlim(left=0)
            axes.set_xlabel(axis_label(selection.file.curve.rate))
            axes.set_ylabel(axis_label(selection.file.curve.distortion))
            label_lines(axes, marks + [_mark(analysis, name, look[name]) for name in names])
            panels.append(panel_files(figure, tips={name: _tips(analysis, name) for name in names}))
    return ReportFigure(
        name="rate-distortion",
        panels=tuple(panels),
        label=f"{column_label(selection.file.curve.distortion)} against rate, "
        "with a fitted curve per condition",
        caption=_caption(analysis),
    )


def _draw_condition(axes: Axes, analysis: Analysis, name: str, look: Look) -> None:
    file = analysis.selection.file
    band, runs = analysis.bands[analysis.bands[file.condition] == name], analysis.selection.runs_of(name)
    axes.fill_between(band["rate"], band["low"], band["high"], color=look.color, alpha=0.16, linewidth=0)
    axes.plot(band["rate"], band["distortion"], color=look.color, linestyle=look.line)
    draw_runs(axes, runs[file.curve.rate], runs[file.curve.distortion], look=look, name=name)


def _tips(analysis: Analysis, name: str) -> list[str]:
    file = analysis.selection.file
    return run_tips(analysis.selection.runs_of(name), [file.curve.rate, file.curve.distortion], file)


def _draw_bound(axes: Axes, analysis: Analysis) -> list[Mark]:
    if analysis.bound is None:
        return []
    rate = np.linspace(0, 1.02 * analysis.selection.runs[analysis.selection.file.curve.rate].max(), 200)
    least = analysis.bound.distortion_mse(rate)
    axes.plot(rate, least, color=MUTED, linestyle=(0, (4, 2)), linewidth=1.3)
    return [Mark("bound", (rate[-1], least[-1]), Look(MUTED, "_"))]


def _mark(analysis: Analysis, name: str, look: Look) -> Mark:
    file = analysis.selection.file
    band = analysis.bands[analysis.bands[file.condition] == name].dropna(subset="distortion")
    furthest = analysis.selection.runs_of(name).nlargest(1, file.curve.rate)
    curve = band[["rate", "distortion"]] if len(band) else furthest[[file.curve.rate, file.curve.distortion]]
    return Mark(name, tuple(curve.iloc[-1]), look)


def _caption(analysis: Analysis) -> str:
    selection = analysis.selection
    bands, drawn = analysis.bands.dropna(subset="low"), analysis.bands.dropna(subset="distortion")
    n_drawn = drawn[selection.file.condition].nunique()
    some = f"{count(n_drawn)} of {counted(len(selection.conditions), 'condition')}"
    of_each = "each condition" if n_drawn == len(selection.conditions) else some
    text = (
        f"Each point is a run: n = {counted(len(selection.runs), 'run')} of "
        f"{counted(len(selection.conditions), 'condition')} and {counted(len(selection.seeds), 'seed')}. "
        + (f"Lines: the curve {_equation(analysis)}, fitted to the runs of {of_each}. " if n_drawn else "")
    )
    if len(bands):
        name, method = interval_name(selection.file.confidence_level), bands["method"].iloc[0]
        text += f"Bands: pointwise {name}s of the curve over seeds ({method})."
    elif len(selection.seeds) == 1:
        text += "No band: an interval takes at least two seeds."
    else:
        text += "No band: no condition has a fit with an interval."
    if analysis.bound is not None:
        text += " Dashed: no code of the balanced source lies below."
    return with_crowd(text, selection)


def _equation(analysis: Analysis) -> str:
    return FAMILIES[analysis.selection.file.curve.family].equation.replace("-", "−")


def _table(analysis: Analysis) -> ReportTable:
    file, frame = analysis.selection.file, analysis.curves
    family = FAMILIES[file.curve.family]
    fits = frame.drop_duplicates(file.condition)
    messages = frame.groupby(file.condition, sort=False)["message"].unique()
    return ReportTable(
        name="curves",
        caption=(
            f"Parameters of D(R) = {_equation(analysis)}, with "
            f"{interval_name(file.confidence_level)}s over seeds."
        ),
        frame=frame,
        columns=(
            header("Condition", fits[file.condition]),
            *(_parameter_column(parameter, analysis) for parameter in family.parameters),
            numbers("Runs", map(count, fits["n"])),
            numbers("Seeds", map(count, fits["n_seeds"])),
            *notes("; ".join(filter(None, each)) for each in messages),
        ),
    )


def _parameter_column(parameter: Parameter, analysis: Analysis) -> TextColumn:
    file = analysis.selection.file
    rows = analysis.curves[analysis.curves["parameter"] == parameter.name]
    rows = rows.set_index(file.condition).reindex(analysis.selection.conditions)
    unit = (
        column_unit(file.curve.distortion) if parameter.unit == "distortion" else short_unit(parameter.unit)
    )
    return estimates(f"{parameter.meaning.capitalize()} ({parameter.name})", rows, unit=unit)
