"""The committed tables of the study, which every number of the document is read or computed from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from rdstats.theory import Frontier, efficiency, excess_distortion, rd_frontier
from rdsweep.store import has_results, open_results

MATCHED, PUBLISHED, IMBALANCE, GEOMETRY = "matched", "published", "imbalance", "geometry"
"""Folders below ``data``, one for each sweep; ablations lie in ``data/ablations``."""

GROUPS = {
    "baseline, E1M1, E1M2": ("baseline", "E1M1", "E1M2"),
    "E2M1 to E2M4": ("E2M1", "E2M2", "E2M3", "E2M4"),
    "E2M5": ("E2M5",),
}
"""Models that the published configuration files treat alike."""

GROUP_OF = {model: group for group, models in GROUPS.items() for model in models}

HYBRIDS = ("E2M1", "E2M2", "E2M3", "E2M4", "E2M5")


@dataclass(frozen=True, eq=False)
class PaperResults:
    """Everything that the document is made from.

    Attributes
    ----------
    root : Path
        The repository.
    runs : Mapping of str to DataFrame
        Completed runs of each sweep, with ``group``, ``excess`` (MSE per pixel above the bound) and
        ``efficiency`` besides the columns of the runs table.
    stored : Mapping of str to DataFrame
        All runs of each sweep, whatever became of them.
    ablations : Mapping of str to DataFrame
        As ``runs``, for each ablation that has been run.
    frontier : Frontier
        The bound that no code of the balanced source beats.
    """

    root: Path
    runs: Mapping[str, pd.DataFrame]
    stored: Mapping[str, pd.DataFrame]
    ablations: Mapping[str, pd.DataFrame]
    frontier: Frontier

    @property
    def folder(self) -> Path:
        """The committed study."""
        return self.root / "reports" / "paper"

    def read(self, sweep: str, table: str) -> pd.DataFrame:
        """Return a table of a sweep."""
        return open_results(self.folder / "data" / sweep).read(table)

    def report(self, table: str, *, of: str = "report") -> pd.DataFrame:
        """Return a table of a committed report (``report`` or ``geometry``), unrounded."""
        return pd.read_csv(self.folder / of / "tables" / f"{table}.csv")

    def benchmark(self, name: str) -> dict[str, Any]:
        """Return a measured benchmark."""
        text = (self.root / "benchmarks" / "results" / f"{name}.json").read_text(encoding="utf-8")
        measured: dict[str, Any] = json.loads(text)
        return measured


def read_paper_results(root: Path) -> PaperResults:
    """Read the committed study below ``root``; sweeps and ablations that are not there yet are left out.

    Raises
    ------
    ValueError
        If the matched or the published runs are not there.
    """
    data, frontier = root / "reports" / "paper" / "data", rd_frontier()
    for name in (MATCHED, PUBLISHED):
        if not has_results(data / name):
            raise ValueError(f"the study must have {name} runs, but {data / name} holds none: collect them")
    sweeps = [name for name in (MATCHED, PUBLISHED, IMBALANCE, GEOMETRY) if has_results(data / name)]
    stored = {name: open_results(data / name).read("runs") for name in sweeps}
    ablations = {
        folder.name: open_results(folder).read("runs") for folder in sorted((data / "ablations").glob("*"))
    }
    return PaperResults(
        root=root,
        runs={name: _measured(runs, frontier) for name, runs in stored.items()},
        stored=stored,
        ablations={name: _measured(runs, frontier) for name, runs in ablations.items()},
        frontier=frontier,
    )


def _measured(runs: pd.DataFrame, frontier: Frontier) -> pd.DataFrame:
    completed = runs[runs["status"] == "completed"]
    rate, distortion = completed["rate"], completed["distortion_mse"]
    return completed.assign(
        group=completed["model"].map(GROUP_OF),
        excess=excess_distortion(rate, distortion, frontier=frontier),
        efficiency=efficiency(rate, distortion, frontier=frontier),
    )
