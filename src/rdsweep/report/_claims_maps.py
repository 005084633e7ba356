"""Evidence from the maps by position: what is coded faithfully, and which distances between codes grow."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rdstats.theory import position_probabilities
from rdsweep.geometry import UndefinedRatioWarning, class_distortion
from rdsweep.tasks import get_task

_N_POSITIONS = 169


def fidelity_gaps(runs: pd.DataFrame, maps: pd.DataFrame) -> pd.DataFrame:
    """Return how much worse the positions are coded that an imbalance makes rare.

    Parameters
    ----------
    runs : DataFrame
    maps : DataFrame
        Columns ``run_id`` and ``distortion_mse``.

    Returns
    -------
    DataFrame
        Rows of ``runs`` that have a map, with ``lower_corridor_gap`` and ``alignment_gap``: mean distortion
        of the positions that this imbalance makes rare minus that of the others. Every position counts
        alike, and every run gets both, so that the gap of a run on an imbalanced source compares with the
        gap that the baseline has at the same positions anyway.
    """
    of_positions = maps[["run_id", "distortion_mse"]].rename(columns={"distortion_mse": "map"})
    table = runs.merge(of_positions, on="run_id")
    if table.empty:
        return table
    distortion = np.stack(table.pop("map").to_list()).astype(np.float64)
    gaps = {}
    for imbalance in ("lower_corridor", "alignment"):
        probabilities = position_probabilities(imbalance, 2.0)
        frequent = probabilities > probabilities.mean()
        gaps[f"{imbalance}_gap"] = distortion[:, ~frequent].mean(axis=1) - distortion[:, frequent].mean(
            axis=1
        )
    return table.assign(**gaps)


def class_separations(runs: pd.DataFrame, maps: pd.DataFrame, *, by: str) -> pd.DataFrame:
    """Return how much each hybrid run moves the classes of its own tasks apart, against the baseline.

    The code of a position is its mean latent mean. A run is compared with the baseline of the same setting
    and seed.

    Parameters
    ----------
    runs : DataFrame
    maps : DataFrame
        Columns ``run_id`` and ``latent_mean``.
    by : str
        Grid axis within whose levels a run is compared with the baseline.

    Returns
    -------
    DataFrame
        One row per run and task of its own: columns of ``runs``, ``task`` and ``class_separation``: mean
        distance between positions of different classes, relative to the same distance in the baseline, minus
        that mean within classes. Above 0, distances that matter for the task have grown compared with those
        that do not.
    """
    codes = {
        run: np.asarray(code, dtype=np.float64).reshape(_N_POSITIONS, -1)
        for run, code in zip(maps["run_id"], maps["latent_mean"], strict=True)
    }
    with_code = runs[runs["run_id"].isin(codes)]
    keys = ["protocol", "objective", by, "seed"]
    plain = with_code[(with_code["tasks"] == "") & (with_code["imbalance"] == "none")]
    reference = plain.drop_duplicates(keys, keep=False)[[*keys, "run_id"]]
    pairs = with_code[with_code["tasks"] != ""].merge(reference, on=keys, suffixes=("", "_reference"))
    rows = [
        (run, task, _separation(codes[run], codes[baseline], task))
        for run, baseline, tasks in zip(
            pairs["run_id"], pairs["run_id_reference"], pairs["tasks"], strict=True
        )
        for task in tasks.split("+")
    ]
    columns = ["run_id", "task", "class_separation"]
    return runs.merge(pd.DataFrame(rows, columns=columns), on="run_id")


def _separation(code: NDArray[np.float64], baseline: NDArray[np.float64], task: str) -> float:
    labels = get_task(task).label_table()
    with warnings.catch_warnings():
        # Pairs of positions that the baseline cannot tell apart have no ratio, and are left out of the mean.
        warnings.simplefilter("ignore", UndefinedRatioWarning)
        ratios = class_distortion(code, baseline, labels)
    sizes = np.bincount(labels)
    n_pairs = np.outer(sizes, sizes)
    same = np.eye(len(sizes), dtype=bool)
    between, within = (np.average(ratios[cells], weights=n_pairs[cells]) for cells in (~same, same))
    return float(between - within)
