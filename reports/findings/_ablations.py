"""Quirks of the published protocol, one at a time: which of them moves a run towards its published point."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from rdsweep.report.parts import count, enumeration, general, nats, number, percent

from ._paper_results import MATCHED, PUBLISHED, PaperResults
from ._points import Points
from ._prose import markdown_table

CHANGES = {
    "gamma": "published, γ = {gamma} instead of {usual}",
    "objective": "matched, but D + γw·abs(R − C) with γ = {gamma} from the first step",
    "weight": "matched, weight 10 for the bins",
    "task_ramp": "published, the task at full weight from the start",
    "early": "published, no division by four before call 1,500",
    "cooldown": "matched, learning rate not brought to 0 at the end",
    "budget": "matched, {n_train} images per epoch in batches of {batch_size}",
}
"""What each ablation changes, by the name of its sweep; in the order of the table."""

_RATE_HELD = 0.1
"""Relative deviation of rate from capacity up to which a run is taken to be one of that capacity."""

_NEAR = 0.001
"""MSE per pixel within which there is no way to go: the spread over matched seeds where it is widest."""


def ablation_rows(paper: PaperResults, points: Points) -> pd.DataFrame:
    """Return every ablated cell beside the cell that it departs from and the published point.

    Returns
    -------
    DataFrame
        One row per ``ablation``, ``model``, ``capacity`` (nats) and ``gamma``: ``change`` in words; ``n``
        runs; means of ``rate`` (nats, on own stimuli), ``information`` (share of the rate) and
        ``distortion`` (MSE per pixel, on own stimuli); ``before``, the distortion of the same seeds without
        the change; ``published``, that of the point; ``reading``, how far the change goes towards it; and
        ``rate_held``.
    """
    return pd.DataFrame(
        [
            _row(name, rows, paper, points)
            for name in CHANGES
            if name in paper.ablations
            for _, rows in paper.ablations[name].groupby(["model", "capacity", "gamma"], dropna=False)
        ]
    )


def _row(name: str, rows: pd.DataFrame, paper: PaperResults, points: Points) -> dict[str, object]:
    first = rows.iloc[0]
    departed = paper.runs[PUBLISHED if first["protocol"] == "published" else MATCHED]
    usual = departed[(departed["model"] == first["model"]) & (departed["capacity"] == first["capacity"])]
    settings = {key: general(first[key]) for key in ("gamma", "n_train", "batch_size")}
    published = float(points.at(first["model"], first["capacity"])["value"])
    before = float(usual.loc[usual["seed"].isin(rows["seed"]), "distortion_mse_own"].mean())
    after, rate = float(rows["distortion_mse_own"].mean()), float(rows["rate_own"].mean())
    return {
        "ablation": name,
        "gamma": first["gamma"],
        "change": CHANGES[name].format(**settings, usual=general(usual["gamma"].iloc[0])),
        "model": first["model"],
        "capacity": first["capacity"],
        "n": len(rows),
        "rate": rate,
        "information": float((rows["mutual_information"] / rows["rate"]).mean()),
        "distortion": after,
        "before": before,
        "published": published,
        "reading": _reading(before, after, published),
        "rate_held": abs(rate / first["capacity"] - 1) <= _RATE_HELD,
    }


def _reading(before: float, after: float, published: float) -> str:
    """Say how far a change goes towards the published point; all in MSE per pixel.

    Examples
    --------
    >>> _reading(0.155, 0.146, 0.145), _reading(0.155, 0.150, 0.145), _reading(0.155, 0.155, 0.145)
    ('reaches it', 'goes part of the way', 'changes next to nothing')
    >>> _reading(0.145, 0.150, 0.145), _reading(0.1451, 0.1452, 0.145)
    ('leads away', 'was near before')
    """
    if abs(published - before) < _NEAR:
        return "leads away" if abs(published - after) > _NEAR else "was near before"
    closed = (after - before) / (published - before)
    bounds = {
        -0.2: "leads away",
        0.2: "changes next to nothing",
        0.8: "goes part of the way",
        1.2: "reaches it",
    }
    return next((words for bound, words in bounds.items() if closed < bound), "goes beyond it")


def ablations_table(rows: pd.DataFrame) -> str:
    """Return `ablation_rows` as Markdown."""
    header = ["change", "model", "towards the published point", "C", "seeds", "rate", "of it information"]
    header += ["MSE", "without the change", "published"]
    return markdown_table(
        header,
        (
            [
                row["change"],
                row["model"],
                row["reading"] + ("" if row["rate_held"] else ", rate not held"),
                general(row["capacity"]),
                count(row["n"]),
                number(row["rate"], decimals=2),
                percent(row["information"], decimals=0),
                *(number(row[key], decimals=4) for key in ("distortion", "before", "published")),
            ]
            for row in rows.to_dict("records")
        ),
        n_text=3,
    )


@dataclass(frozen=True)
class OtherGamma:
    """What another γ does to runs of the published protocol, nothing else changed.

    Attributes
    ----------
    values : list of float
        The values tried.
    n_cells, n_reached : int
        Cells of model, capacity and γ, and those that come to the published point, their rate held.
    least_information, most_information : float
        Shares of the rate.
    most_rate : float
        Greatest relative deviation of the rate above the capacity.
    """

    values: list[float]
    n_cells: int
    n_reached: int
    least_information: float
    most_information: float
    most_rate: float


def other_gamma(rows: pd.DataFrame) -> OtherGamma | None:
    """Sum up the ablation of γ, or return None where it has not been run."""
    tried = rows[rows["ablation"] == "gamma"] if len(rows) else rows
    if tried.empty:
        return None
    return OtherGamma(
        values=sorted(tried["gamma"].unique()),
        n_cells=len(tried),
        n_reached=int(((tried["reading"] == "reaches it") & tried["rate_held"]).sum()),
        least_information=float(tried["information"].min()),
        most_information=float(tried["information"].max()),
        most_rate=float((tried["rate"] / tried["capacity"] - 1).max()),
    )


def summary(rows: pd.DataFrame) -> str:
    """Say which changes reach their published point at their capacity."""
    reached = rows[(rows["reading"] == "reaches it") & rows["rate_held"]]
    if reached.empty:
        return "No single change reaches its published point with its rate at the capacity."
    cells = [
        f"{row['model']} at {nats(row['capacity'])} ({row['change']})" for row in reached.to_dict("records")
    ]
    return f"Changes that reach their published point with the rate at the capacity: {enumeration(cells)}."
