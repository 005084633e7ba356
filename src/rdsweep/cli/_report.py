"""``rdsweep report``: build a report and say where it is, or print the runs behind a row of it."""

from __future__ import annotations

from pathlib import Path

import typer

from rdsweep.report import build_report, trace_report


def report_and_tell(report_file: Path, *, results: str, out: Path) -> None:
    """Build a report and print the path of its page.

    Raises
    ------
    ValueError, OSError
        As `rdsweep.report.build_report`.
    typer.Exit
        After an interrupt, with the code that a shell gives to it, 130.
    """
    try:
        typer.echo(build_report(report_file, results=results, out=out))
    except KeyboardInterrupt:
        typer.echo(f"rdsweep: interrupted before the report in {out} was whole", err=True)
        raise typer.Exit(130) from None


def trace_and_tell(report_file: Path, *, results: str, row: str) -> None:
    """Print the ids of the runs behind a row of a table; raises as `rdsweep.report.trace_report` does."""
    typer.echo("\n".join(trace_report(report_file, results=results, row=row)))
