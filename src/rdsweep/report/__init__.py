"""Reports: from the tables of a sweep to a page with figures, tables and their limits."""

from rdsweep.report._build import build_report, trace_report
from rdsweep.report._report_file import ReportError, ReportFile, load_report_file, parse_report_file

__all__ = [
    "ReportError",
    "ReportFile",
    "build_report",
    "load_report_file",
    "parse_report_file",
    "trace_report",
]
