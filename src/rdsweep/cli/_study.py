"""``rdsweep study``: search until the study stops, say how it ended, and write its page."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import typer

from rdsweep.store import without_secret
from rdsweep.studies import StudyFile, StudySummary, build_study_report, run_study


def study_and_tell(
    file: StudyFile,
    *,
    results: str,
    storage: str | None,
    n_configs: int | None,
    engine: str,
    address: str | None,
    device: str,
    pack_size: int | None,
    n_workers: int | None,
    report: Path | None,
) -> None:
    """Run a study, print its summary and write its page where one is asked for.

    Raises
    ------
    ValueError
        If Ray is asked for and not installed, and as for `rdsweep.studies.run_study`.
    typer.Exit
        After a signal, with the code that a shell gives to it: 130, 143 or 129.
    """
    try:
        summary = run_study(
            file,
            results=results,
            storage=storage,
            n_configs=n_configs,
            engine=engine,
            address=address,
            device=device,
            pack_size=pack_size,
            n_workers=n_workers,
        )
    except ModuleNotFoundError as error:
        if error.name != "ray":
            raise
        remedy = "be inline where Ray is not installed (pip install 'rdsweep[ray]')"
        raise ValueError(f"engine must {remedy}, but got {engine!r}") from None
    typer.echo(f"{without_secret(results)}: {_outcome(summary)}")
    for condition, reason in summary.stopped.items():
        typer.echo(": ".join(filter(None, [condition, reason or _why_not_over(summary)])))
    if summary.stopped_by is not None:
        raise typer.Exit(128 + summary.stopped_by)
    if report is not None:
        typer.echo(build_study_report(file, results=results, storage=storage, out=report))


def _why_not_over(summary: StudySummary) -> str:
    if summary.stopped_by is not None:
        return f"interrupted by {summary.stopped_by.name}; launch it again to go on"
    return "other processes still work on it"


def _outcome(summary: StudySummary) -> str:
    parts = [f"{summary.n_completed} configurations completed"]
    if summary.n_pruned:
        parts.append(f"{summary.n_pruned} pruned or failed (rdsweep status shows why)")
    if summary.n_running:
        left = "in other processes" if summary.stopped_by is None else "left for the next launch"
        parts.append(f"{summary.n_running} {left}")
    return f"{', '.join(parts)} after {timedelta(seconds=round(summary.seconds))}"
