"""``rdsweep status``: what has become of each condition of a sweep."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import typer
from rich.console import Console

from rdsweep.cli._table import print_frame
from rdsweep.store import open_results
from rdsweep.sweeps import load_sweep

_STATES = ["completed", "failed", "pruned", "missing"]
_NOT_SETTINGS = {"run_id", "condition_id", "seed", "status", "message"}


@dataclass(frozen=True)
class SweepStatus:
    """What has become of the runs of a sweep.

    Attributes
    ----------
    counts : DataFrame
        One row per condition: the columns in which conditions differ, then the number of runs by state.
    causes : DataFrame
        One row per cause of failure or early stop: ``message``, ``runs`` and the ``run_id`` of one of them.
    """

    counts: pd.DataFrame
    causes: pd.DataFrame


def read_status(results: Path) -> SweepStatus:
    """Compare the results in a folder with the sweep that is stored beside them."""
    stored = open_results(results)
    runs = stored.status(load_sweep(stored.path / "sweep.yaml").configs)
    return SweepStatus(_counts(runs), _causes(runs))


def print_status(status: SweepStatus, *, as_json: bool) -> None:
    """Print a status."""
    if as_json:
        parts = {"conditions": status.counts, "causes": status.causes}
        plain = {name: json.loads(frame.to_json(orient="records")) for name, frame in parts.items()}
        typer.echo(json.dumps(plain, indent=2))
        return
    console = Console()
    print_frame(status.counts, console=console)
    totals = status.counts[_STATES].sum()
    console.print(", ".join(f"{count} {state}" for state, count in totals.items() if count))
    if len(status.causes):
        print_frame(status.causes, console=console)


def _counts(runs: pd.DataFrame) -> pd.DataFrame:
    """Count runs by state, for each model and what besides varies within a model."""
    settings = [name for name in runs.columns if name not in _NOT_SETTINGS]
    n_values = runs.groupby("model")[settings].nunique(dropna=False).max()
    shown = [name for name in settings if name == "model" or n_values[name] > 1]
    states = pd.get_dummies(runs["status"], dtype=int).reindex(columns=_STATES, fill_value=0)
    return runs[shown].join(states).groupby(shown, sort=False, dropna=False, as_index=False).sum()


def _causes(runs: pd.DataFrame) -> pd.DataFrame:
    failed = runs[runs["status"].isin(["failed", "pruned"])]
    causes = failed.groupby("message", as_index=False)["run_id"].agg(["size", "first"])
    return causes.rename(columns={"size": "runs", "first": "run_id"}).sort_values("runs", ascending=False)
