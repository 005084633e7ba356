"""The section that measures runs against the theoretical bound."""

from __future__ import annotations

import pandas as pd

from rdsweep.report._analysis import Analysis
from rdsweep.report._format import over_seeds, percent, span
from rdsweep.report._report_file import ReportFile
from rdsweep.report._section import Section
from rdsweep.report._selection import Selection
from rdsweep.report._table import ReportTable, estimates_by, header
from rdsweep.report._units import column_label, column_unit, with_unit

_MEANINGS = {
    "efficiency": "Efficiency in per cent: of the rate spent, what would suffice for the distortion reached.",
    "excess_distortion": "Excess distortion in MSE per pixel, above the least that the rate allows.",
}


def optimality_section(analysis: Analysis) -> Section | None:
    """Return the section, or None where the report file asks for no bound."""
    if analysis.optimality is None:
        return None
    shown = "optimality" in analysis.selection.file.tables
    return Section(
        name="optimality",
        title="Distance from the optimum",
        findings=(_finding(analysis.selection.file, analysis.optimality),),
        tables=tuple(_table(analysis.selection, analysis.optimality, name) for name in _MEANINGS if shown),
    )


def _finding(file: ReportFile, table: pd.DataFrame) -> str:
    known = table.dropna(subset="efficiency").sort_values("efficiency", kind="stable").to_dict("records")
    if not known:
        return "How much of the rate would suffice for the distortion reached could not be computed."
    ends = [known[0], known[-1]] if len(known) > 1 else known
    shares = [
        f"{percent(row['efficiency'])} ({row[file.condition]}, {with_unit(file.by, row[file.by])})"
        for row in ends
    ]
    mean = ", in the mean over seeds," if table["n_runs"].max() > 1 else ""
    return (
        f"The rate that would suffice for the distortion reached is{mean} {' to '.join(shares)} of the rate "
        "spent."
    )


def _table(selection: Selection, frame: pd.DataFrame, quantity: str) -> ReportTable:
    condition, by = selection.file.condition, selection.file.by
    scale = 100 if quantity == "efficiency" else 1
    ends = {"estimate": quantity, "low": f"{quantity}_low", "high": f"{quantity}_high"}
    shown = frame.assign(**{end: scale * frame[column] for end, column in ends.items()})
    rows = pd.Index(selection.conditions, name=condition)
    return ReportTable(
        name=quantity,
        caption=(
            f"{_MEANINGS[quantity]} By {column_label(by).lower()} in {column_unit(by)}: "
            f"{over_seeds(selection.seeds, selection.file.confidence_level)}, "
            f"n = {span(frame['n_runs'], 'run')}."
        ),
        frame=frame[[condition, by, "n_runs", *ends.values(), "status", "message"]],
        columns=(header("Condition", rows), *estimates_by(by, selection.levels, shown, rows)),
    )
