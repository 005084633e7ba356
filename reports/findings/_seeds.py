"""What one training run can show: how far seeds spread, how often one run orders models wrongly."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rdstats import seeds_needed
from rdsweep.report.parts import nats, number, percent, span

from ._paper_results import HYBRIDS, MATCHED, PUBLISHED, PaperResults
from ._prose import markdown_table

DETECTABLE = 0.001
"""Difference of distortion that the table of seeds is about, MSE per pixel: two thirds of a per cent of what
knowing nothing costs."""


def wrong_order(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Return how often one run of each model lies the other way round than their means do.

    Parameters
    ----------
    first, second : ndarray, shape (n_seeds,)
        A measure of the runs of two models, seeds in the same order.

    Returns
    -------
    float
        Share of pairs of different seeds, ties counted half. Runs with one seed share more than two
        published runs would.

    Examples
    --------
    >>> wrong_order(np.array([1.0, 3.0]), np.array([2.0, 4.0]))
    0.5
    """
    differences = np.subtract.outer(first, second)
    direction = np.sign(first.mean() - second.mean())
    wrong = 0.5 - 0.5 * direction * np.sign(differences)
    return float(wrong[~np.eye(len(differences), dtype=bool)].mean())


def right_order(cells: Sequence[NDArray[np.float64]]) -> float:
    """Return how often one run of each model, seeds independent, shows the order of all means.

    Parameters
    ----------
    cells : sequence of ndarray, shape (n_seeds,)
        A measure of the runs of each model.

    Examples
    --------
    >>> right_order([np.array([1.0, 3.0]), np.array([2.0, 4.0])])
    0.75
    """
    ranked = sorted(cells, key=np.mean)
    chosen = np.stack(np.meshgrid(*ranked, indexing="ij"), axis=-1)
    return float((np.diff(chosen, axis=-1) > 0).all(axis=-1).mean())


def _cells(runs: pd.DataFrame) -> dict[str, NDArray[np.float64]]:
    ordered = runs.sort_values("seed")
    return {str(model): rows["distortion_mse"].to_numpy() for model, rows in ordered.groupby("model")}


def order_by_capacity(runs: pd.DataFrame) -> pd.DataFrame:
    """Return, by capacity, the chances that one run per model shows.

    Returns
    -------
    DataFrame
        Indexed by capacity (nats): ``sd``, root mean square over models of the standard deviation over
        seeds (MSE per pixel); ``hardest`` and ``pair``, the greatest chance of a wrong order of two models
        and which; ``all_hybrids``, the chance of the right order of all five hybrids.
    """
    rows = {}
    for capacity, at_capacity in runs.groupby("capacity"):
        cells = _cells(at_capacity)
        pairs = {
            pair: wrong_order(cells[pair[0]], cells[pair[1]]) for pair in itertools.combinations(cells, 2)
        }
        hardest = max(pairs, key=lambda pair: pairs[pair])
        rows[capacity] = {
            "sd": float(np.sqrt(np.mean([cell.var(ddof=1) for cell in cells.values()]))),
            "hardest": pairs[hardest],
            "pair": " and ".join(hardest),
            "all_hybrids": right_order([cells[model] for model in HYBRIDS]),
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def wrong_about_baseline(runs: pd.DataFrame) -> float:
    """Return the greatest chance of a wrong order of the baseline and a hybrid, at any capacity."""
    return max(
        wrong_order(cells["baseline"], cells[hybrid])
        for cells in (_cells(at_capacity) for _, at_capacity in runs.groupby("capacity"))
        for hybrid in HYBRIDS
    )


def seeds_for_difference(runs: pd.DataFrame, *, effect: float) -> pd.DataFrame:
    """Return the seeds that a paired t test needs to see ``effect`` between the baseline and each hybrid.

    Returns
    -------
    DataFrame
        Indexed by hybrid, one column per capacity (nats): seeds for a power of 0.8 at level 0.05, planned
        from the spread of the paired differences.
    """
    table = runs.pivot_table(index=["capacity", "seed"], columns="model", values="distortion_mse")
    spread = table[list(HYBRIDS)].sub(table["baseline"], axis=0).groupby("capacity").std()
    return spread.map(lambda sd: seeds_needed(effect, sd=sd).n_seeds).T


def order_table(paper: PaperResults) -> str:
    """Return the chances of one run per model, both protocols side by side, as Markdown."""
    tables = [order_by_capacity(paper.runs[sweep]) for sweep in (MATCHED, PUBLISHED)]
    header = ["capacity"]
    for sweep in (MATCHED, PUBLISHED):
        header += [f"sd, {sweep}", "hardest pair wrong", "all hybrids in order"]
    rows = (
        [
            nats(capacity),
            *(cell for table in tables for cell in _order_cells(table.loc[capacity])),
        ]
        for capacity in tables[0].index
    )
    return markdown_table(header, rows)


def _order_cells(row: pd.Series) -> list[str]:
    wrong = percent(row["hardest"], decimals=0) + (f" ({row['pair']})" if row["hardest"] > 0 else "")
    return [number(row["sd"], decimals=5), wrong, percent(row["all_hybrids"], decimals=0)]


def seeds_table(paper: PaperResults) -> str:
    """Return the seeds needed for `DETECTABLE` as the range over hybrids, by capacity, as Markdown."""
    tables = {
        sweep: seeds_for_difference(paper.runs[sweep], effect=DETECTABLE) for sweep in (MATCHED, PUBLISHED)
    }
    header = ["protocol", *map(nats, sorted(paper.runs[MATCHED]["capacity"].unique()))]
    rows = ([sweep, *(span(cells) for _, cells in table.items())] for sweep, table in tables.items())
    return markdown_table(header, rows)
