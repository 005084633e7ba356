"""The verdicts on the claims, in words."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from rdsweep.report import load_report_file
from rdsweep.report.parts import count, counted, general, nats

from ._paper_results import PaperResults
from ._prose import estimate

_UNITS = {
    "distortion_mse": "MSE per pixel",
    "distortion_mse_own": "MSE per pixel",
    "lower_corridor_gap": "MSE per pixel",
    "alignment_gap": "MSE per pixel",
    "f1_gain": "in F1 gain",
    "f1_shortfall": "in F1",
    "solving_delay": "steps",
    "class_separation": "in relative distance",
    "effective_positions": "positions",
}
"""What the effect of a claim about each metric is counted in."""

HOPELESS = 10
"""Times the seeds there are: beyond it, more seeds are no remedy."""


@dataclass(frozen=True, eq=False)
class VerdictTable:
    """The verdict table of the report.

    Attributes
    ----------
    table : DataFrame
        One row per claim, as the report writes it, indexed by the claim's id.
    """

    table: pd.DataFrame

    def of(self, claim: str) -> str:
        """Return the verdict on a claim."""
        return str(self.table.loc[claim, "verdict"])

    def with_verdict(self, verdict: str) -> pd.DataFrame:
        """Return the claims with a verdict."""
        return self.table[self.table["verdict"] == verdict]

    def effect(self, claim: str) -> str:
        """Return the effect of the deciding test of a claim with its interval, mark and place."""
        row = self._row(claim)
        unit = _UNITS[row["metric"]]
        if row["contrast"] in ("trend", "interaction"):
            unit += " per nat"
        if row["threshold"]:
            unit += f" from the mark of {general(row['threshold'])}"
        place = "" if pd.isna(row["stratum"]) else f" ({_place(row['stratum'])})"
        return estimate(row["effect"], row["low"], row["high"], unit) + place

    def tally(self, claim: str) -> str:
        """Return how many tests of a claim replicate."""
        row = self._row(claim)
        return f"{count(int(row['n_replicates']))} of {count(int(row['n_strata']))}"

    def seeds(self, claim: str) -> str:
        """Return what would settle an undecided claim."""
        row = self._row(claim)
        needed, present = row["seeds_needed"], int(row["n"])
        if pd.isna(needed):
            return "no number of seeds can be given"
        text = f"{counted(int(needed), 'seed')} ({count(present)} now)"
        if needed > HOPELESS * present:
            return f"{text}: the effect sits on the mark, so a finer mark and not more seeds would settle it"
        return text

    def _row(self, claim: str) -> dict[Hashable, Any]:
        return self.table.loc[[claim]].to_dict("records")[0]


def read_verdicts(paper: PaperResults) -> VerdictTable:
    """Read the verdict table of the report, with the ``threshold`` of each claim that has one, else 0."""
    claims = load_report_file(paper.root / "reports" / "paper.yaml").claims
    marks = pd.Series({claim.id: claim.threshold for claim in claims}, name="threshold", dtype=float)
    return VerdictTable(paper.report("verdicts").set_index("claim").join(marks.fillna(0.0)))


def _place(stratum: str) -> str:
    """Say a stratum such as ``model=E2M1, capacity=0.3`` in words.

    Examples
    --------
    >>> _place("model=E2M1, capacity=0.3")
    'E2M1, 0.3 nats'
    """
    parts = dict(part.split("=", 1) for part in stratum.split(", "))
    words = [nats(float(v)) if key == "capacity" else v for key, v in parts.items()]
    return ", ".join(words)
