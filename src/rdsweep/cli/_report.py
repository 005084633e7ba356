"""``rdsweep report``: build a report and say where it is, or print the runs behind a row of it."""

from __future__ import annotations

from pathlib import Path

import typer

from rdsweep.cli._activity import Activity
from rdsweep.report import build_report, trace_report


def report_and_tell(report_file: Path, *, results: str, out: Path, activity: Activity) -> None:
    """Build a report and print the path of its page.

    Raises
    ------
    ValueError, OSError
        As `rdsweep.report.build_report`.
    """
    page = build_report(report_file, results=results, out=out)
    activity.end()
    typer.echo(page)


def trace_and_tell(report_file: Path, *, results: str, row: str, activity: Activity) -> None:
    """Print the ids of the runs behind a row of a table; raises as `rdsweep.report.trace_report` does."""
    run_ids = trace_report(report_file, results=results, row=row)
    activity.end()
    typer.echo("\n".join(run_ids))
