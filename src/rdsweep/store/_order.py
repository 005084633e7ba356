"""The order in which tables are shown and exported: by condition and seed, not by hashed identifiers."""

from __future__ import annotations

import pandas as pd

from rdsweep.models import catalogue_ranks

ORDER_COLUMNS = (
    "protocol", "model", "ratio", "objective", "capacity", "beta_setting", "gamma", "task_weight",
    "n_latents", "n_train", "epochs", "batch_size", "learning_rate", "seed", "run_id",
)  # fmt: skip
"""Columns of the runs table that `in_reading_order` sorts by, the first ones first."""


def in_reading_order(frame: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """Return ``frame`` by condition and seed: the catalogue's models first, settings in rising order.

    Parameters
    ----------
    frame : DataFrame
        A table with a column ``run_id``; rows of one run keep their order.
    runs : DataFrame
        `ORDER_COLUMNS` of the runs that ``frame`` is about.

    Examples
    --------
    >>> runs = pd.DataFrame({name: [0, 0] for name in ORDER_COLUMNS} | {"run_id": ["a", "b"]})
    >>> runs["model"] = ["E2M1", "baseline"]
    >>> in_reading_order(pd.DataFrame({"run_id": ["a", "b"]}), runs)["run_id"].tolist()
    ['b', 'a']
    """
    ranks = catalogue_ranks(runs["model"])
    ordered = runs.assign(model=runs["model"].map(ranks)).sort_values(list(ORDER_COLUMNS), kind="stable")
    places = {run_id: place for place, run_id in enumerate(ordered["run_id"])}
    return frame.sort_values("run_id", key=lambda ids: ids.map(places), kind="stable", ignore_index=True)
