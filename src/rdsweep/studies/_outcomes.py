"""What became of a configuration: its runs, seed by seed, and their mean with its standard error."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from rdsweep.store import Results
from rdsweep.studies._configurations import Configuration
from rdsweep.studies._study_file import Score


@dataclass(frozen=True)
class Outcome:
    """The runs of a configuration, in the order of its seeds.

    Attributes
    ----------
    run_ids : tuple of str
    rates, distortions, scores : tuple of float
        Nats per image, mean squared error per pixel, and the score that a ``task`` study seeks (empty for
        other kinds); NaN for runs that did not complete.
    seconds : float
        Their share of the wall time of their packs, together.
    n_missing : int
        Runs without a result, so that the configuration cannot be judged yet.
    problem : str
        Why runs did not complete; empty if all did.
    """

    run_ids: tuple[str, ...]
    rates: tuple[float, ...]
    distortions: tuple[float, ...]
    scores: tuple[float, ...]
    seconds: float
    n_missing: int
    problem: str


def mean_and_error(values: Sequence[float]) -> tuple[float, float]:
    """Return the mean over seeds and its standard error, NaN for a single seed.

    Examples
    --------
    >>> mean_and_error([1.0, 3.0])
    (2.0, 1.0)
    """
    array = np.asarray(values, dtype=float)
    if len(array) < 2:
        return float(array.mean()), math.nan
    return float(array.mean()), float(array.std(ddof=1) / math.sqrt(len(array)))


def read_outcomes(
    store: Results, configurations: Sequence[Configuration], score: Score | None
) -> list[Outcome]:
    """Return what the results hold of each configuration."""
    columns = ["run_id", "rate", "distortion_mse", "wall_seconds", "status", "message"]
    runs = store.read("runs", columns).set_index("run_id")
    scores = _scores(store, score) if score is not None else None
    return [_outcome(configuration, runs, scores) for configuration in configurations]


def _scores(store: Results, score: Score) -> pd.Series[float]:
    table = store.read("scores", ["run_id", "task", "regime", score.metric])
    wanted = (table["task"] == score.task) & (table["regime"] == "joint")
    return table[wanted].set_index("run_id")[score.metric]


def _outcome(configuration: Configuration, runs: pd.DataFrame, scores: pd.Series[float] | None) -> Outcome:
    run_ids = [run.run_id for run in configuration.runs]
    rows = runs.reindex(run_ids)
    ended = rows["status"].notna() & (rows["status"] != "completed")
    return Outcome(
        run_ids=tuple(run_ids),
        rates=tuple(rows["rate"]),
        distortions=tuple(rows["distortion_mse"]),
        scores=() if scores is None else tuple(scores.reindex(run_ids)),
        seconds=float(rows["wall_seconds"].sum()),
        n_missing=int(rows["status"].isna().sum()),
        problem="; ".join(dict.fromkeys(rows.loc[ended, "status"] + ": " + rows.loc[ended, "message"])),
    )
