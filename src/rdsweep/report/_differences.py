"""The section of differences between each condition and the baseline, capacity by capacity."""

from __future__ import annotations

import pandas as pd

from rdsweep.drawing import drawing, looks
from rdsweep.report._analysis import Analysis
from rdsweep.report._crowd import with_crowd
from rdsweep.report._format import count, counted, enumeration, general, interval_name, number, p_value, span
from rdsweep.report._panel import Mark, dodged, label_lines, labeled_panel, level_axis, panel_files, zero_line
from rdsweep.report._section import ReportFigure, Section
from rdsweep.report._table import ReportTable, estimates_beside, header, notes, numbers
from rdsweep.report._units import axis_label, column_label, column_unit

TEST_NAMES = {"t": "Paired t test", "wilcoxon": "Wilcoxon signed-rank test", "sign_flip": "Sign-flip test"}
TEST_NAMES |= {
    "welch": "Welch's t test",
    "brunner_munzel": "Brunner–Munzel test",
    "permutation": "Permutation test",
}


def differences_section(analysis: Analysis) -> Section:
    """Return the section with a figure and a table per metric."""
    file = analysis.selection.file
    tables = {metric: table for metric, table in analysis.differences.items() if not table.empty}
    return Section(
        name="differences",
        title=f"Differences from {file.baseline}",
        findings=tuple(_finding(analysis, metric) for metric in tables),
        sentences=() if tables else (_absence(analysis),),
        figures=tuple(_figure(analysis, metric) for metric in tables if "differences" in file.figures),
        tables=tuple(_table(analysis, metric) for metric in tables if "differences" in file.tables),
    )


def _absence(analysis: Analysis) -> str:
    file = analysis.selection.file
    if not analysis.selection.has_baseline:
        return (
            f"No completed run of {file.baseline} is among the results, so there is nothing to compare with."
        )
    return (
        f"{file.baseline} is the only condition with completed runs, so there is nothing to compare it with."
    )


def _finding(analysis: Analysis, metric: str) -> str:
    file, table = analysis.selection.file, analysis.differences[metric]
    name, tested = column_label(metric), table[table["p_adjusted"].notna()]
    if tested.empty:
        return f"{name}: none of {counted(len(table), 'comparison')} could be tested; the notes say why."
    decided = tested[tested["p_adjusted"] <= file.alpha]
    test = f"of {counted(len(tested), 'comparison')} at level {file.alpha:.2g}, {_correction(analysis)}"
    parts = [
        f"{direction} than {file.baseline} in {count(len(rows))} ({_tally(rows, file.condition)})"
        for direction, rows in (
            ("higher", decided[decided["estimate"] > 0]),
            ("lower", decided[decided["estimate"] < 0]),
        )
        if len(rows)
    ]
    if len(tested) > len(decided):
        parts.append(f"undecided in {count(len(tested) - len(decided))}")
    untested = len(table) - len(tested)
    rest = f"; {counted(untested, 'more comparison')} could not be tested" if untested else ""
    return f"{name}, {test}: {enumeration(parts)}{rest}."


def _tally(rows: pd.DataFrame, condition: str) -> str:
    return ", ".join(f"{name}: {count(n)}" for name, n in rows[condition].value_counts(sort=False).items())


def _correction(analysis: Analysis) -> str:
    choice = analysis.selection.file.comparison.correction
    return {
        "holm": "Holm-adjusted",
        "benjamini-hochberg": "Benjamini–Hochberg-adjusted",
        "none": "not adjusted",
    }[choice]


def _figure(analysis: Analysis, metric: str) -> ReportFigure:
    selection, table = analysis.selection, analysis.differences[metric]
    look = looks(selection.conditions, baseline=selection.file.baseline)
    panels = []
    for place, (title, names) in enumerate(selection.panels()):
        hybrids = [name for name in names if name != selection.file.baseline]
        with drawing(f"differences-{metric}-{place}"):
            figure, axes = labeled_panel(title, n_labels=len(hybrids))
            zero_line(axes)
            marks = []
            for index, name in enumerate(hybrids):
                rows = table[(table[selection.file.condition] == name) & table["estimate"].notna()]
                if rows.empty:
                    continue
                position = dodged(selection.levels, rows[selection.file.by], index, len(hybrids))
                decided = (rows["p_adjusted"] <= selection.file.alpha).to_numpy()
                axes.vlines(position, rows["low"], rows["high"], color=look[name].color, linewidth=1.8)
                for chosen, filled in ((decided, True), (~decided, False)):
                    axes.plot(position[chosen], rows["estimate"][chosen], **look[name].point(filled=filled))
                marks.append(Mark(name, (position[-1], rows["estimate"].iloc[-1]), look[name]))
            level_axis(axes, selection.levels, axis_label(selection.file.by))
            axes.set_ylabel(f"Δ {axis_label(metric)}")
            label_lines(axes, marks)
            panels.append(panel_files(figure))
    return ReportFigure(
        name=f"differences-{metric}",
        panels=tuple(panels),
        label=f"{column_label(metric)}: differences from {selection.file.baseline} by level and condition",
        caption=with_crowd(_caption(analysis, metric), analysis.selection),
    )


def _caption(analysis: Analysis, metric: str) -> str:
    file, table = analysis.selection.file, analysis.differences[metric]
    paired = file.comparison.paired
    n = span(table["n"], "pair" if paired else "run")
    kind = "of runs with equal seeds" if paired else "of both conditions"
    what = f"ifference of {column_label(metric).lower()}, condition minus {file.baseline}"
    if table["low"].isna().all():
        return f"D{what}, without intervals. n = {n} {kind} per point. Open: not tested."
    return (
        f"Mean d{what}, with its "
        f"{interval_name(file.confidence_level)} (not adjusted for the number of comparisons). "
        f"n = {n} {kind} per point. Filled: adjusted p at most {file.alpha:.2g}; open: not."
    )


def _table(analysis: Analysis, metric: str) -> ReportTable:
    file, frame = analysis.selection.file, analysis.differences[metric]
    return ReportTable(
        name=f"differences-{metric}",
        caption=_table_caption(analysis, metric),
        frame=frame,
        compared_with=file.baseline,
        columns=(
            header("Condition", frame[file.condition]),
            numbers(column_label(file.by), map(general, frame[file.by]), unit=column_unit(file.by)),
            *estimates_beside(
                "Difference",
                interval_name(file.confidence_level).capitalize(),
                frame,
                unit=column_unit(metric),
                signed=True,
            ),
            numbers("p", map(p_value, frame["p_value"])),
            numbers("Adjusted p", map(p_value, frame["p_adjusted"])),
            numbers("Hedges’ g", (number(g, decimals=2, signed=True) for g in frame["hedges_g"])),
            numbers("Cliff’s δ", (number(d, decimals=2, signed=True) for d in frame["cliffs_delta"])),
            numbers("n", map(count, frame["n"])),
            numbers("Dropped", map(count, frame["n_dropped"])),
            *notes(frame["message"]),
        ),
    )


def _table_caption(analysis: Analysis, metric: str) -> str:
    file, table = analysis.selection.file, analysis.differences[metric]
    n_tests, floor = int(table["family_size"].max()), table["smallest_p"].max()
    adjusted = (
        f"p-values {_correction(analysis)} over {counted(n_tests, 'test')}" if n_tests else "no test possible"
    )
    sentences = [
        f"{column_label(metric)}: condition minus {file.baseline}.",
        f"{TEST_NAMES[table['method'].iloc[0]]}, {adjusted}.",
        f"Dropped: runs without {'a partner of the same seed or ' if file.comparison.paired else ''}a finite "
        "value.",
    ]
    if floor > 0:
        reach = f", so no test can reach {file.alpha:.2g}" if floor > file.alpha else ""
        sentences.append(f"The smallest p-value this many seeds can give is {p_value(floor)}{reach}.")
    return " ".join(sentences)
