"""Where the numbers that claims are about come from: one table per kind of evidence."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection
from dataclasses import dataclass

import pandas as pd

from rdsweep.geometry import UnstoredIndicesWarning, geometry_table
from rdsweep.report._claims_maps import class_separations, fidelity_gaps
from rdsweep.report._claims_metrics import CLAIM_METRICS
from rdsweep.report._readouts import read_scores, solving_times
from rdsweep.report._study import Study
from rdsweep.store import DERIVED_TABLES, Results


@dataclass(frozen=True, eq=False)
class Evidence:
    """A table for claims.

    Attributes
    ----------
    frame : DataFrame
        One row per run, or per run and reader or task; without rows where there is no such evidence.
    absence : str
        Why there are no rows, else empty.
    """

    frame: pd.DataFrame
    absence: str = ""


def collect_evidence(study: Study, store: Results, metrics: Collection[str]) -> dict[str, Evidence]:
    """Return the evidence for each of ``metrics``; each table is read once.

    Parameters
    ----------
    study : Study
        Whose runs take part.
    store : Results
        Where the other tables of these runs are.
    metrics : collection of str
        Keys of `CLAIM_METRICS`.
    """
    names = dict.fromkeys(CLAIM_METRICS[metric].table for metric in metrics)
    tables = {name: _complete(EVIDENCE[name](study, store), name) for name in names}
    return {metric: _of_metric(metric, tables[CLAIM_METRICS[metric].table]) for metric in metrics}


def _of_metric(metric: str, evidence: Evidence) -> Evidence:
    """Say what is absent where a table has rows, but none with this metric: some indices need codes."""
    if evidence.absence or evidence.frame[metric].notna().any():
        return evidence
    return Evidence(evidence.frame, _ABSENCE[CLAIM_METRICS[metric].table])


def _complete(frame: pd.DataFrame, table: str) -> Evidence:
    """Give evidence without rows the columns that claims may name."""
    if len(frame):
        return Evidence(frame)
    metrics = [metric.name for metric in CLAIM_METRICS.values() if metric.table == table]
    return Evidence(frame.reindex(columns=list(dict.fromkeys([*frame, *_READER, *metrics]))), _ABSENCE[table])


_READER = ("task", "regime", "head", "panel", "readout")
_ABSENCE = {
    "runs": "there is no completed run",
    "scores": "no completed run has a task head or a probe",
    "learning": "this folder has no scores over training",
    "maps": "this folder has no maps by position",
    "indices": "this folder has no codes",
    "classes": "this folder has no maps by position of a baseline and a hybrid model with the same seed",
}


def _runs(study: Study, store: Results) -> pd.DataFrame:
    return study.runs


def _scores(study: Study, store: Results) -> pd.DataFrame:
    return read_scores(study.runs, study.scores)


def _learning(study: Study, store: Results) -> pd.DataFrame:
    return solving_times(read_scores(study.runs, study.scores), store.read("score_history"))


def _maps(study: Study, store: Results) -> pd.DataFrame:
    return fidelity_gaps(study.runs, store.read("maps", ["run_id", "distortion_mse"]))


def _classes(study: Study, store: Results) -> pd.DataFrame:
    maps = store.read("maps", ["run_id", "latent_mean"])
    return class_separations(study.runs, maps, by=study.file.by)


def _indices(study: Study, store: Results) -> pd.DataFrame:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnstoredIndicesWarning)  # they are used here whether stored or not
        table = geometry_table(store)
    names = [column.name for column in DERIVED_TABLES["indices"]]
    return study.runs.merge(table[names], on="run_id")


EVIDENCE: dict[str, Callable[[Study, Results], pd.DataFrame]] = {
    "runs": _runs,
    "scores": _scores,
    "learning": _learning,
    "maps": _maps,
    "classes": _classes,
    "indices": _indices,
}
"""Kinds of evidence, each a function of the runs and the store; a frame without rows where there is none."""
