"""Where the numbers that claims are about come from: one table per kind."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import get_args

import pandas as pd

from rdsweep.config import HeadKind
from rdsweep.geometry import UnstoredIndicesWarning, geometry_table
from rdsweep.report._claims_maps import class_separations, fidelity_gaps
from rdsweep.report._claims_metrics import CLAIM_METRICS
from rdsweep.report._readouts import read_scores, solving_times
from rdsweep.report._selection import Selection
from rdsweep.store import DERIVED_TABLES, Results
from rdsweep.tasks import BUILTIN_TASKS


@dataclass(frozen=True, eq=False)
class ClaimTable:
    """A table for claims.

    Attributes
    ----------
    frame : DataFrame
        One row per run, or per run and reader or task; without rows where there is nothing of the kind.
    absence : str
        Why there are no rows, else empty.
    """

    frame: pd.DataFrame
    absence: str = ""


def claim_tables(selection: Selection, store: Results, metrics: Collection[str]) -> dict[str, ClaimTable]:
    """Return the table for each of ``metrics``; each is read once.

    Parameters
    ----------
    selection : Selection
        Whose runs take part.
    store : Results
        Where the other tables of these runs are.
    metrics : collection of str
        Keys of `CLAIM_METRICS`.
    """
    names = dict.fromkeys(CLAIM_METRICS[metric].table for metric in metrics)
    tables = {name: _complete(CLAIM_TABLES[name](selection, store), name) for name in names}
    return {metric: _of_metric(metric, tables[CLAIM_METRICS[metric].table]) for metric in metrics}


def _of_metric(metric: str, table: ClaimTable) -> ClaimTable:
    """Say what is absent where a table has rows, but none with this metric: some indices need codes."""
    if table.absence or table.frame[metric].notna().any():
        return table
    return ClaimTable(table.frame, _ABSENCE[CLAIM_METRICS[metric].table])


def _complete(frame: pd.DataFrame, table: str) -> ClaimTable:
    """Give a table without rows the columns that claims may name."""
    if len(frame):
        return ClaimTable(frame)
    metrics = [metric.name for metric in CLAIM_METRICS.values() if metric.table == table]
    return ClaimTable(
        frame.reindex(columns=list(dict.fromkeys([*frame, *READER_LEVELS, *metrics]))), _ABSENCE[table]
    )


READER_LEVELS: dict[str, tuple[str, ...]] = {
    "task": BUILTIN_TASKS,
    "regime": ("joint", "probe"),
    "head": get_args(HeadKind),
    "panel": ("A", "B", "C", "D"),
    "readout": ("paper", "other"),
}
"""What tells readers apart, with the levels that a claim may name though the results have none of them."""

_ABSENCE = {
    "runs": "there is no completed run",
    "scores": "no completed run has a task head or a probe",
    "learning": "this folder has no scores over training",
    "maps": "this folder has no maps by position",
    "indices": "this folder has no codes",
    "classes": "this folder has no maps by position of a baseline and a hybrid model with the same seed",
}


def _runs(selection: Selection, store: Results) -> pd.DataFrame:
    return selection.runs


def _scores(selection: Selection, store: Results) -> pd.DataFrame:
    return read_scores(selection.runs, selection.scores)


def _learning(selection: Selection, store: Results) -> pd.DataFrame:
    return solving_times(read_scores(selection.runs, selection.scores), store.read("score_history"))


def _maps(selection: Selection, store: Results) -> pd.DataFrame:
    return fidelity_gaps(selection.runs, store.read("maps", ["run_id", "distortion_mse"]))


def _classes(selection: Selection, store: Results) -> pd.DataFrame:
    maps = store.read("maps", ["run_id", "latent_mean"])
    return class_separations(selection.runs, maps, by=selection.file.by)


def _indices(selection: Selection, store: Results) -> pd.DataFrame:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnstoredIndicesWarning)  # they are used here whether stored or not
        table = geometry_table(store)
    names = [column.name for column in DERIVED_TABLES["indices"]]
    return selection.runs.merge(table[names], on="run_id")


CLAIM_TABLES: dict[str, Callable[[Selection, Results], pd.DataFrame]] = {
    "runs": _runs,
    "scores": _scores,
    "learning": _learning,
    "maps": _maps,
    "classes": _classes,
    "indices": _indices,
}
"""Kinds of tables, each a function of the runs and the store; a frame without rows where there is none."""
