"""``rdsweep theory``: the exact optimum of a source, printed or written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import typer
from rich.console import Console

from rdstats.theory import rd_table, task_table
from rdsweep.cli._solving import SolvingProgress
from rdsweep.cli._table import deliver_table, print_frame
from rdsweep.config import Imbalance


def deliver_theory(imbalance: Imbalance, ratio: float, *, tasks: Sequence[str], out: Path | None) -> None:
    """Print the rate-distortion function and the best scores on ``tasks``, or write both into ``out``.

    The files are ``rd_function.csv`` and, where tasks are named, ``task_scores.csv``.
    """
    if tasks:
        task_table([], imbalance, ratio, tasks=tasks)  # finds a misspelled name before minutes of solving
    with SolvingProgress(imbalance, ratio, console=Console(stderr=True)) as progress:
        curve = rd_table(imbalance, ratio, progress=progress)
    tables = {"rd_function.csv": curve}
    if tasks:
        tables["task_scores.csv"] = _best_scores(curve["rate"], imbalance, ratio, tasks)
    for name, frame in tables.items():
        if out is None:
            print_frame(frame, console=Console())
        else:
            deliver_table(frame, out / name)
            typer.echo(out / name)


def _best_scores(
    rate: pd.Series[float], imbalance: Imbalance, ratio: float, tasks: Sequence[str]
) -> pd.DataFrame:
    """Return the best scores of all tasks, each told as it starts: one with many classes takes seconds."""
    tables = []
    for number, task in enumerate(tasks, start=1):
        typer.echo(f"rdsweep: best scores on {task}, {number} of {len(tasks)} tasks", err=True)
        tables.append(task_table(rate, imbalance, ratio, tasks=[task]))
    return pd.concat(tables, ignore_index=True)
