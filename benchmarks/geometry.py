"""Time class distortion matrices against the loop over pairs, their memory, and the indices of a run.

Run on one core: ``OMP_NUM_THREADS=1 python benchmarks/geometry.py``. The loop is timed on the first 60,000
pairs and extrapolated to all of them.
"""

from __future__ import annotations

import itertools
import math
import time
import tracemalloc
from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd

from rdsweep.config import SourceConfig
from rdsweep.geometry import class_distortion, run_indices

N_IMAGES, N_LATENTS, N_LARGE = 1522, 5, 20_000
PAIRS_IN_LOOP = 60_000
N_ROUNDS = 5


def seconds(call: Callable[[], object]) -> float:
    """Return the least processor time of a few calls."""
    times = []
    for _ in range(N_ROUNDS):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return min(times)


def loop_seconds(latents: np.ndarray, reference: np.ndarray) -> float:
    """Return the time of the loop over all pairs, extrapolated from the first ones."""
    pairs = itertools.islice(itertools.product(range(len(latents)), repeat=2), PAIRS_IN_LOOP)
    start = time.process_time()
    for u, v in pairs:
        above, below = np.linalg.norm(latents[u] - latents[v]), np.linalg.norm(reference[u] - reference[v])
        math.nan if below == 0.0 else above / below
    return (time.process_time() - start) * len(latents) ** 2 / PAIRS_IN_LOOP


def main() -> None:
    """Print one row per task."""
    rng = np.random.default_rng(0)
    latents, reference = rng.normal(size=(2, N_IMAGES, N_LATENTS))
    rows = [("loop over pairs, extrapolated", N_IMAGES, loop_seconds(latents, reference), math.nan)]
    for n_classes, statistic in itertools.product((2, 25, 169), ("mean", "log", "median")):
        labels = rng.integers(n_classes, size=N_IMAGES)
        took = seconds(partial(class_distortion, latents, reference, labels, statistic=statistic))
        rows.append((f"{statistic}, {n_classes} classes", N_IMAGES, took, math.nan))
    large, labels = rng.normal(size=(2, N_LARGE, N_LATENTS)), rng.integers(2, size=N_LARGE)
    tracemalloc.start()
    start = time.process_time()
    class_distortion(*large, labels)
    took = time.process_time() - start
    rows.append(("mean, 2 classes", N_LARGE, took, tracemalloc.get_traced_memory()[1] / 1e6))
    tracemalloc.stop()
    mean = rng.normal(size=(13, 13, N_LATENTS))
    maps = {name: np.full_like(mean, 0.3) for name in ("latent_mean_sd", "latent_scale")}
    maps |= {"latent_mean": mean, "distortion_mse": rng.random((13, 13))}
    codes = mean.reshape(169, -1).repeat(9, axis=0) + 0.3 * rng.normal(size=(1521, N_LATENTS))
    rows.append(
        (
            "all indices of a run",
            1521,
            seconds(partial(run_indices, codes, maps, source=SourceConfig())),
            math.nan,
        )
    )
    print(pd.DataFrame(rows, columns=["task", "images", "CPU s", "peak MB"]).round(3).to_string(index=False))


if __name__ == "__main__":
    main()
