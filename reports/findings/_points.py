"""The published points among our seeds, under both protocols."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from rdstats import place_points
from rdsweep.report.parts import count, number, read_scores

from ._paper_results import GROUP_OF, GROUPS, PUBLISHED, PaperResults
from ._prose import markdown_table

_KEYS = ["figure", "panel", "model", "task", "capacity"]


@dataclass(frozen=True, eq=False)
class Points:
    """Where the published points lie.

    Attributes
    ----------
    table : DataFrame
        One row per point: ``figure, panel, model, task, capacity, value, group`` and, for each protocol
        (``_matched``, ``_published``), ``mean``, ``sd``, ``inside`` of the 95 % prediction interval of one
        more run (missing where all seeds agree) and ``distance``, the absolute difference of value and mean.
    """

    table: pd.DataFrame

    def n_inside(self, protocol: str, *, figure: str, group: str | None = None) -> int:
        """Return how many points lie within the prediction interval."""
        return int(self._placed(protocol, figure, group)[f"inside_{protocol}"].sum())

    def n_placed(self, protocol: str, *, figure: str, group: str | None = None) -> int:
        """Return how many points have a prediction interval to lie in."""
        return len(self._placed(protocol, figure, group))

    def distance(self, protocol: str, *, group: str) -> float:
        """Return the mean distance of the points of figure 3 from our mean, MSE per pixel."""
        rows = self.table[(self.table["figure"] == "3") & (self.table["group"] == group)]
        return float(rows[f"distance_{protocol}"].mean())

    def outside_both(self) -> pd.DataFrame:
        """Return the points of figure 3 that neither protocol reaches."""
        outside = ~self.table["inside_matched"].fillna(True) & ~self.table["inside_published"].fillna(True)
        return self.table[outside & (self.table["figure"] == "3")]

    def at(self, model: str, capacity: float) -> pd.Series:
        """Return the point of figure 3 of a model and capacity (nats)."""
        rows = self.table.query("figure == '3' and model == @model and capacity == @capacity")
        return rows.iloc[0]

    def score(self, panel: str, model: str, task: str, capacity: float) -> pd.Series:
        """Return the point of figure 6 of a panel, model, task and capacity (nats)."""
        rows = self.table.query(
            "panel == @panel and model == @model and task == @task and capacity == @capacity"
        )
        return rows.iloc[0]

    def swapped_pairs(self, models: Sequence[str], capacity: float) -> list[tuple[str, str]]:
        """Return the pairs whose points of figure 3 lie the other way round than our matched means."""
        rows = {model: self.at(model, capacity) for model in models}
        return [
            (first, second)
            for first, second in itertools.combinations(models, 2)
            if (rows[first]["value"] < rows[second]["value"])
            != (rows[first]["mean_matched"] < rows[second]["mean_matched"])
        ]

    def _placed(self, protocol: str, figure: str, group: str | None) -> pd.DataFrame:
        rows = self.table[self.table["figure"] == figure].dropna(subset=f"inside_{protocol}")
        return rows if group is None else rows[rows["group"] == group]


def place_published_points(paper: PaperResults) -> Points:
    """Place the published points among the runs of both protocols.

    Those of the matched protocol are placed by the report; here the same is done for the other.
    """
    reported = paper.report("published").astype({"figure": str, "inside": "boolean"})
    points = reported[[*_KEYS, "value"]].assign(task=reported["task"].fillna(""))
    other = pd.concat([_placed_errors(paper, points), _placed_scores(paper, points)])
    measures = ["mean", "sd", "inside"]
    table = points.join(reported[measures]).merge(
        other[[*_KEYS, *measures]], on=_KEYS, suffixes=("_matched", "_published"), validate="one_to_one"
    )
    for protocol in ("matched", "published"):
        table[f"distance_{protocol}"] = (table["value"] - table[f"mean_{protocol}"]).abs()
    return Points(table.assign(group=table["model"].map(GROUP_OF)))


def _placed_errors(paper: PaperResults, points: pd.DataFrame) -> pd.DataFrame:
    errors = points[points["figure"] == "3"]
    return place_points(paper.runs[PUBLISHED], errors, by=["model", "capacity"], metric="distortion_mse_own")


def _placed_scores(paper: PaperResults, points: pd.DataFrame) -> pd.DataFrame:
    return place_points(
        read_scores(paper.runs[PUBLISHED], paper.read(PUBLISHED, "scores")),
        points[points["figure"] == "6"],
        by=["panel", "model", "task", "capacity"],
        metric="f1_batch",
    )


def points_table(points: Points) -> str:
    """Return how many points of figure 3 lie inside, and how far they are, by group, as Markdown."""
    rows = []
    for group in GROUPS:
        row = [group]
        for protocol in ("matched", "published"):
            inside, placed = (
                method(protocol, figure="3", group=group) for method in (points.n_inside, points.n_placed)
            )
            distance = number(points.distance(protocol, group=group), decimals=4)
            row += [f"{count(inside)} of {count(placed)}", distance]
        rows.append(row)
    header = ["models", "inside, matched", "mean distance", "inside, published", "mean distance"]
    return markdown_table(header, rows)
