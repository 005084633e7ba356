"""The facts of the card of the committed study: what lies where, and how it was made."""

from __future__ import annotations

from typing import Any

import pandas as pd

from rdsweep.report.parts import count, duration, enumeration, general

from ._collect import KEPT_TABLES
from ._paper_results import PaperResults
from ._prose import markdown_table

_SWEEP_FILES = {
    "matched": "sweeps/paper.yaml",
    "published": "sweeps/published.yaml",
    "imbalance": "sweeps/imbalance.yaml",
    "geometry": "sweeps/paper.yaml",
}
"""The file that each sweep was run from, perhaps with fewer seeds or another precision."""


def card_facts(paper: PaperResults) -> dict[str, Any]:
    """Return what the template of the card needs."""
    return {
        "sweeps_table": _sweeps_table(paper),
        "provenance_table": _provenance_table(paper),
        "missing": [name for name in KEPT_TABLES if name not in _all(paper)],
        "tables": {name: enumeration([f"`{table}`" for table in KEPT_TABLES[name]]) for name in paper.stored},
        "present": list(paper.stored),
        "ablations": list(paper.ablations),
    }


def _sweeps_table(paper: PaperResults) -> str:
    header = [
        "folder of `data/`",
        "sweep file",
        "protocol",
        "models",
        "capacities",
        "seeds",
        "runs",
        "failed",
    ]
    rows = (
        [
            f"`{name}`",
            f"`{_SWEEP_FILES[name]}`" if name in _SWEEP_FILES else "its own `sweep.yaml`",
            enumeration(sorted(runs["protocol"].unique())),
            count(runs["model"].nunique()),
            ", ".join(general(capacity) for capacity in sorted(runs["capacity"].unique())),
            count(runs["seed"].nunique()),
            count(len(runs)),
            count(int((runs["status"] != "completed").sum())),
        ]
        for name, runs in _all(paper).items()
    )
    return markdown_table(header, rows, n_text=3)


def _provenance_table(paper: PaperResults) -> str:
    header = [
        "folder",
        "device",
        "precision",
        "rdsweep",
        "PyTorch",
        "commit",
        "packs",
        "time",
        "finished (UTC)",
    ]
    by = ["device", "precision", "rdsweep_version", "torch_version", "git_commit"]
    rows = []
    for name, runs in _all(paper).items():
        for keys, made in runs.groupby(by):
            device, precision, version, torch_version, commit = map(str, keys)
            packs = made.drop_duplicates("pack_id")
            rows.append(
                [
                    f"`{name}`",
                    device,
                    precision,
                    version,
                    torch_version,
                    commit[:7] or "not recorded",
                    count(len(packs)),
                    duration(float(packs["pack_seconds"].sum())),
                    str(made["finished_at"].max())[:16].replace("T", " "),
                ]
            )
    return markdown_table(header, rows, n_text=6)


def _all(paper: PaperResults) -> dict[str, pd.DataFrame]:
    ablations = {f"ablations/{name}": runs for name, runs in paper.ablations.items()}
    return {**paper.stored, **ablations}
