"""``rdsweep run``: train what is missing, and say how it ended."""

from __future__ import annotations

from datetime import timedelta

import typer

from rdsweep.engines import SweepSummary, run_sweep
from rdsweep.store import without_secret
from rdsweep.sweeps import Sweep


def run_and_tell(
    sweep: Sweep,
    *,
    results: str,
    engine: str,
    address: str | None,
    device: str,
    pack_size: int | None,
    n_workers: int | None,
    retry_failed: bool,
) -> bool:
    """Run a sweep, print its summary and return whether all of its runs are done.

    Raises
    ------
    ValueError
        If Ray is asked for and not installed, and as for `rdsweep.engines.run_sweep`.
    typer.Exit
        After a signal, with the code that a shell gives to it: 130, 143 or 129.
    """
    try:
        summary = run_sweep(
            sweep,
            results=results,
            engine=engine,
            address=address,
            device=device,
            pack_size=pack_size,
            n_workers=n_workers,
            retry_failed=retry_failed,
        )
    except ModuleNotFoundError as error:
        if error.name != "ray":
            raise
        remedy = "be inline where Ray is not installed (pip install 'rdsweep[ray]')"
        raise ValueError(f"engine must {remedy}, but got {engine!r}") from None
    for problem in summary.problems:
        typer.echo(f"rdsweep: {problem}", err=True)
    typer.echo(f"{without_secret(results)}: {_outcome(summary)}")
    if summary.stopped_by is not None and summary.n_missing:
        raise typer.Exit(128 + summary.stopped_by)
    return summary.n_missing == summary.n_failed == 0


def _outcome(summary: SweepSummary) -> str:
    n_done = summary.n_done_before + summary.n_trained
    parts = [f"{n_done} of {summary.n_planned} runs done"]
    if summary.n_trained:
        parts.append(f"{summary.n_trained} trained in {timedelta(seconds=round(summary.seconds))}")
    if summary.n_failed:
        parts.append(f"{summary.n_failed} failed (rdsweep status shows why)")
    if summary.n_missing:
        parts.append(f"{summary.n_missing} missing")
    return ", ".join(parts)
