"""How the gap between rare and frequent positions grows with the ratio of imbalance."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from rdstats import compare_paired
from rdsweep.report.parts import MISSING, count, counted, fidelity_gaps, general, nats, span

from ._prose import estimate, markdown_table


def paired_gaps(runs: pd.DataFrame, maps: pd.DataFrame) -> pd.DataFrame:
    """Return how much worse rare positions are coded than frequent ones, beside the uniform source.

    Parameters
    ----------
    runs : DataFrame
        Runs on imbalanced sources, and on the uniform one.
    maps : DataFrame
        ``run_id`` and ``distortion_mse``, that of each of the 169 positions.

    Returns
    -------
    DataFrame
        One row per run on an imbalanced source whose partner of equal seed and capacity on the uniform
        source is stored: ``imbalance, ratio, capacity, seed`` and, in MSE per pixel, ``gap``, the mean
        distortion of the rare positions minus that of the others, and ``uniform_gap``, the partner's at
        the same positions.
    """
    kept = runs[["run_id", "imbalance", "ratio", "capacity", "seed"]]
    gaps = fidelity_gaps(kept, maps)
    pieces = []
    for imbalance in ("lower_corridor", "alignment"):
        with_gap = gaps.assign(gap=gaps[f"{imbalance}_gap"])
        uniform = with_gap[with_gap["imbalance"] == "none"].rename(columns={"gap": "uniform_gap"})
        biased = with_gap[with_gap["imbalance"] == imbalance]
        pieces.append(biased.merge(uniform[["capacity", "seed", "uniform_gap"]], on=["capacity", "seed"]))
    return pd.concat(pieces, ignore_index=True)


def gap_table(gaps: pd.DataFrame) -> pd.DataFrame:
    """Return what imbalance adds to the gap, over seeds.

    Returns
    -------
    DataFrame
        One row per ``imbalance, ratio, capacity`` with at least two pairs: ``n``, ``estimate``, ``low``,
        ``high`` (95 % interval of the paired mean difference, MSE per pixel).
    """
    rows = []
    for keys, pairs in gaps.groupby(["imbalance", "ratio", "capacity"]):
        if len(pairs) > 1:
            added = compare_paired(pairs["uniform_gap"], pairs["gap"])
            rows.append((*keys, added.n, added.estimate, added.interval.low, added.interval.high))
    return pd.DataFrame(rows, columns=["imbalance", "ratio", "capacity", "n", "estimate", "low", "high"])


def sentence(table: pd.DataFrame) -> str:
    """Say in how many cells the gap has grown, shrunk, or neither is decided."""
    grown, shrunk = int((table["low"] > 0).sum()), int((table["high"] < 0).sum())
    n = counted(len(table), "cell")
    return (
        f"In {count(grown)} of {n} the interval lies above 0, so imbalance widens the gap; "
        f"in {count(shrunk)} it lies below, and in {count(len(table) - grown - shrunk)} it holds 0."
    )


def gaps_markdown(table: pd.DataFrame) -> str:
    """Return `gap_table` as Markdown, one row per imbalance and ratio, one column per capacity (nats)."""
    capacities = sorted(table["capacity"].unique())
    header = ["imbalance", "ratio", *(nats(capacity) for capacity in capacities), "seeds"]
    rows = []
    for _, cells in table.groupby(["imbalance", "ratio"]):
        found = {cell["capacity"]: cell for cell in cells.to_dict("records")}
        shown = [_cell(found[capacity]) if capacity in found else MISSING for capacity in capacities]
        imbalance, ratio = str(cells["imbalance"].iloc[0]), float(cells["ratio"].iloc[0])
        rows.append([imbalance.replace("_", " "), general(ratio), *shown, span(cells["n"])])
    return markdown_table(header, rows)


def _cell(cell: Mapping[Hashable, Any]) -> str:
    return estimate(cell["estimate"], cell["low"], cell["high"])
