"""What the runs cost, and what the same training costs in plain PyTorch."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from rdsweep.report.parts import count, duration

from ._paper_results import PaperResults
from ._prose import markdown_table

_SECONDS_PER_HOUR = 3600.0


@dataclass(frozen=True)
class Plain:
    """A whole run of the matched protocol in plain PyTorch, from the measured time of one step.

    Attributes
    ----------
    device : str
    seconds : float
        Training only, without evaluation.
    """

    device: str
    seconds: float

    @property
    def runs_per_hour(self) -> float:
        """Runs one after the other."""
        return _SECONDS_PER_HOUR / self.seconds


def plain_run(paper: PaperResults, benchmark: str, *, n_steps: int) -> Plain:
    """Return what ``n_steps`` cost in plain PyTorch according to a file of ``benchmarks/results``."""
    measured = paper.benchmark(benchmark)
    step = next(row for row in measured["steps"] if row["contender"] == "plain PyTorch")
    return Plain(measured["machine"]["device"], n_steps * step["us_per_model_step"] / 1e6)


def costs(runs: pd.DataFrame) -> pd.DataFrame:
    """Return what a sweep cost, one row per device and precision.

    Returns
    -------
    DataFrame
        ``device, precision, n_runs, n_packs, seconds`` (of packs, added up: on a CPU that of one core
        each), ``runs_per_hour`` and ``images_per_second`` (trained images).
    """
    packs = runs.groupby(["device", "precision", "pack_id"])["pack_seconds"].first()
    by = ["device", "precision"]
    trained = (runs["steps"] * runs["batch_size"]).groupby([runs[key] for key in by]).sum()
    table = (
        packs.groupby(by).agg(n_packs="size", seconds="sum").join(runs.groupby(by).size().rename("n_runs"))
    )
    costs: pd.DataFrame = table.assign(
        runs_per_hour=_SECONDS_PER_HOUR * table["n_runs"] / table["seconds"],
        images_per_second=trained / table["seconds"],
    ).reset_index()
    return costs


def costs_table(paper: PaperResults) -> str:
    """Return the cost of every sweep as Markdown."""
    header = ["sweep", "device", "precision", "runs", "packs", "time", "runs per hour", "images per second"]
    rows = [
        [
            sweep,
            row["device"],
            row["precision"],
            count(row["n_runs"]),
            count(row["n_packs"]),
            duration(row["seconds"]),
            count(round(row["runs_per_hour"])),
            count(round(row["images_per_second"])),
        ]
        for sweep, runs in {**paper.runs, **paper.ablations}.items()
        for row in costs(runs).to_dict("records")
    ]
    return markdown_table(header, rows, n_text=3)
