"""``rdsweep theory``: the exact optimum of a source, printed or written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer
from rich.console import Console

from rdstats.theory import rd_table, task_table, write_rd_function
from rdsweep.cli._table import deliver_table, print_frame
from rdsweep.config import Imbalance


def deliver_theory(imbalance: Imbalance, ratio: float, *, tasks: Sequence[str], out: Path | None) -> None:
    """Print the rate-distortion function and the best scores on ``tasks``, or write both into ``out``.

    The files are ``rd_function.csv`` and, where tasks are named, ``task_scores.csv``.
    """
    curve = rd_table(imbalance, ratio)
    scores = task_table(curve["rate"].to_numpy(), imbalance, ratio, tasks=tasks) if tasks else None
    if out is None:
        for frame in (curve, scores):
            if frame is not None:
                print_frame(frame, console=Console())
        return
    typer.echo(write_rd_function(out, imbalance, ratio))
    if scores is not None:
        deliver_table(scores, out / "task_scores.csv")
        typer.echo(out / "task_scores.csv")
