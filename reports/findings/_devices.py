"""The same runs on another device and in another arithmetic."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ._paper_results import GEOMETRY, MATCHED, PaperResults


@dataclass(frozen=True)
class Devices:
    """Runs that were trained twice, on a GPU and on a CPU.

    Attributes
    ----------
    n_runs : int
        Runs with the same id, so the same configuration and seed.
    distortion, rate : float
        Root mean square difference between the two trainings, MSE per pixel and nats.
    distortion_sd, rate_sd : float
        Root mean square standard deviation over seeds in the same cells, for comparison.
    """

    n_runs: int
    distortion: float
    rate: float
    distortion_sd: float
    rate_sd: float


def compare_devices(paper: PaperResults) -> Devices | None:
    """Compare the runs of the two folders with equal ids, or return None where there are none."""
    if GEOMETRY not in paper.runs:
        return None
    columns = ["run_id", "model", "capacity", "distortion_mse", "rate"]
    matched = paper.runs[MATCHED][columns]
    both = matched.merge(paper.runs[GEOMETRY][columns], on="run_id", suffixes=("", "_other"))
    if both.empty:
        return None
    cells = both[["model", "capacity"]].drop_duplicates()
    spread = matched.merge(cells).groupby(["model", "capacity"])[["distortion_mse", "rate"]].std()
    return Devices(
        n_runs=len(both),
        distortion=_root_mean_square(both["distortion_mse"] - both["distortion_mse_other"]),
        rate=_root_mean_square(both["rate"] - both["rate_other"]),
        distortion_sd=_root_mean_square(spread["distortion_mse"]),
        rate_sd=_root_mean_square(spread["rate"]),
    )


def _root_mean_square(values: ArrayLike) -> float:
    return float(np.sqrt(np.mean(np.square(values))))
