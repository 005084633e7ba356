"""Specialization and orthogonalization in a few indices of the codes, compared with the baseline."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from rdsweep.report.parts import MISSING, count, counted, nats, span

from ._paper_results import PaperResults
from ._prose import estimate, markdown_table

SHOWN = {
    ("E1M1", "dprime_lower_corridor"): "neighbors are told apart better where stimuli are frequent",
    ("E2M1", "dprime_order"): "neighbors are told apart better beside the class boundary",
    ("E2M2", "dprime_region"): "the same",
    ("E2M3", "dprime_equality"): "the same",
    ("E2M4", "dprime_bins"): "the same",
    ("E2M5", "angle_order_region"): "degrees between the axes of two tasks",
    ("E2M5", "angle_order_equality"): "the same",
    ("E2M5", "angle_region_equality"): "the same",
    ("E2M1", "effective_positions"): "positions that are told apart, of 169",
    ("E2M5", "effective_positions"): "the same",
}
"""What is shown of the geometry: model and index, with what a larger value means."""


def shown_indices(paper: PaperResults) -> pd.DataFrame:
    """Return the rows of the report's table of geometry that `SHOWN` names, in its order."""
    table = paper.report("geometry", of="geometry").set_index(["model", "index"])
    return pd.concat([table.loc[[key]].sort_values("capacity") for key in SHOWN]).reset_index()


def geometry_table(rows: pd.DataFrame) -> str:
    """Return `shown_indices` as Markdown, one column per capacity (nats)."""
    capacities = sorted(rows["capacity"].unique())
    lines = []
    for (model, index), meaning in SHOWN.items():
        cells = rows[(rows["model"] == model) & (rows["index"] == index)]
        found = {cell["capacity"]: cell for cell in cells.to_dict("records")}
        shown = [_cell(found[capacity]) if capacity in found else MISSING for capacity in capacities]
        lines.append([model, f"`{index}`", meaning, *shown, span(cells["n"])])
    header = ["model", "index", "larger means", *map(nats, capacities), "seeds"]
    return markdown_table(header, lines, n_text=3)


def sentence(rows: pd.DataFrame) -> str:
    """Say in how many cells the interval is on one side of 0."""
    above, below = int((rows["low"] > 0).sum()), int((rows["high"] < 0).sum())
    return (
        f"Of {counted(len(rows), 'cell')}, {count(above)} lie above the baseline and {count(below)} below, "
        "by intervals that are not adjusted for their number."
    )


def _cell(cell: Mapping[Hashable, Any]) -> str:
    if pd.isna(cell["estimate"]) or pd.isna(cell["low"]):
        return MISSING
    return estimate(cell["estimate"], cell["low"], cell["high"])
