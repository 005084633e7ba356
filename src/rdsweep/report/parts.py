"""The parts that pages are built from, for reports other than that of a sweep."""

from rdsweep.report._build import write_page
from rdsweep.report._claims_maps import fidelity_gaps
from rdsweep.report._format import (
    MISSING,
    count,
    counted,
    decimals_for,
    duration,
    enumeration,
    general,
    interval,
    interval_name,
    number,
    percent,
    span,
)
from rdsweep.report._panel import Mark, draw_runs, label_lines, labeled_panel, panel_files, zero_line
from rdsweep.report._readouts import read_scores
from rdsweep.report._report_file import ReportFile
from rdsweep.report._section import Listing, PanelFiles, ReportFigure, Section
from rdsweep.report._table import ReportTable, estimates, header, notes, numbers, words
from rdsweep.report._units import nats

__all__ = [
    "MISSING",
    "Listing",
    "Mark",
    "PanelFiles",
    "ReportFigure",
    "ReportFile",
    "ReportTable",
    "Section",
    "count",
    "counted",
    "decimals_for",
    "draw_runs",
    "duration",
    "enumeration",
    "estimates",
    "fidelity_gaps",
    "general",
    "header",
    "interval",
    "interval_name",
    "label_lines",
    "labeled_panel",
    "nats",
    "notes",
    "number",
    "numbers",
    "panel_files",
    "percent",
    "read_scores",
    "span",
    "words",
    "write_page",
    "zero_line",
]
