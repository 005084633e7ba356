"""Time class distortion matrices against the loop over pairs, their memory, and the indices of a run.

Run on one core: ``OMP_NUM_THREADS=1 python benchmarks/geometry.py``. The loop is timed on the first pairs
and extrapolated to all of them.
"""

from __future__ import annotations

import argparse
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

N_LATENTS = 5


def seconds(call: Callable[[], object], n_rounds: int) -> float:
    """Return the least processor time of a few calls."""
    times = []
    for _ in range(n_rounds):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return min(times)


def loop_seconds(latents: np.ndarray, reference: np.ndarray, n_pairs: int) -> float:
    """Return the time of the loop over all pairs, extrapolated from the first ones."""
    pairs = itertools.islice(itertools.product(range(len(latents)), repeat=2), n_pairs)
    start = time.process_time()
    for u, v in pairs:
        above, below = np.linalg.norm(latents[u] - latents[v]), np.linalg.norm(reference[u] - reference[v])
        math.nan if below == 0.0 else above / below
    return (time.process_time() - start) * len(latents) ** 2 / n_pairs


def seconds_and_megabytes(
    latents: np.ndarray, reference: np.ndarray, labels: np.ndarray
) -> tuple[float, float]:
    """Return the processor time and the peak memory of one matrix of class distortions."""
    tracemalloc.start()
    start = time.process_time()
    class_distortion(latents, reference, labels)
    took, peak = time.process_time() - start, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return took, peak / 1e6


def random_run(rng: np.random.Generator) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return codes of single images and maps of a run, as `run_indices` takes them."""
    mean = rng.normal(size=(13, 13, N_LATENTS))
    maps = {name: np.full_like(mean, 0.3) for name in ("latent_mean_sd", "latent_scale")}
    maps |= {"latent_mean": mean, **{name: rng.random((13, 13)) for name in ("distortion_mse", "rate")}}
    codes = mean.reshape(169, -1).repeat(9, axis=0) + 0.3 * rng.normal(size=(1521, N_LATENTS))
    return codes, maps


def main() -> None:
    """Print one row per task."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=1522)
    parser.add_argument(
        "--large", type=int, default=20_000, help="images of the matrix whose memory is taken"
    )
    parser.add_argument("--pairs", type=int, default=60_000, help="pairs that the loop is timed on")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    latents, reference = rng.normal(size=(2, options.images, N_LATENTS))
    took = loop_seconds(latents, reference, options.pairs)
    rows = [("loop over pairs, extrapolated", options.images, took, math.nan)]
    for n_classes, statistic in itertools.product((2, 25, 169), ("mean", "log", "median")):
        labels = rng.integers(n_classes, size=options.images)
        call = partial(class_distortion, latents, reference, labels, statistic=statistic)
        took = seconds(call, options.rounds)
        rows.append((f"{statistic}, {n_classes} classes", options.images, took, math.nan))
    large, labels = rng.normal(size=(2, options.large, N_LATENTS)), rng.integers(2, size=options.large)
    rows.append(("mean, 2 classes", options.large, *seconds_and_megabytes(*large, labels)))
    codes, maps = random_run(rng)
    took = seconds(partial(run_indices, codes, maps, source=SourceConfig()), options.rounds)
    rows.append(("all indices of a run", len(codes), took, math.nan))
    print(pd.DataFrame(rows, columns=["task", "images", "CPU s", "peak MB"]).round(3).to_string(index=False))


if __name__ == "__main__":
    main()
