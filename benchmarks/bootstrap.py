"""Time the bootstrap of 50 conditions against SciPy and arch: ``python benchmarks/bootstrap.py``.

Ten thousand resamples of a table of 10,000 runs; exits non-zero above 10 seconds or 1 GB. SciPy and arch
are called once per condition on five of the conditions, and their time is scaled to all fifty.

Measured on 2026-11-24 (NumPy 2.4.6, SciPy 1.17.1, arch 8.0.0, one x86-64 core), peak memory 0.22 GB:

| statistic | method | rdstats, s | SciPy / rdstats | arch / rdstats |
|---|---|---|---|---|
| mean | percentile | 0.77 | 1.7 | 7.1 |
| mean | studentized | 0.76 | 1.8 | 7.2 |
| iqm | percentile | 1.41 | 2.1 | 79.2 |
| iqm | studentized | 1.43 | 2.1 | 78.5 |
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
from arch.bootstrap import IIDBootstrap
from scipy import stats

from rdstats import bootstrap_conditions

N_RESAMPLES = 10_000
N_SEEDS = 200
N_TIMED = 5


def make_runs() -> pd.DataFrame:
    """Return ten models at five capacities with 200 seeds each."""
    runs = pd.DataFrame(
        [(m, c, s) for m in range(10) for c in (0.3, 1.0, 3.0, 6.0, 10.0) for s in range(N_SEEDS)],
        columns=["model", "capacity", "seed"],
    )
    return runs.assign(metric=np.random.default_rng(0).normal(size=len(runs)))


def seconds(call: Callable[[], object]) -> float:
    """Return the processor time of ``call``: what it takes on one core of an idle machine."""
    start = time.process_time()
    call()
    return time.process_time() - start


def trimmed(values: np.ndarray, axis: int = -1) -> np.ndarray:
    """Return the interquartile mean along ``axis``."""
    return stats.trim_mean(values, 0.25, axis=axis)


def by_scipy(groups: list[np.ndarray], statistic: Callable[..., np.ndarray]) -> None:
    """Bootstrap each group by SciPy's percentile method."""
    for values in groups:
        stats.bootstrap((values,), statistic, n_resamples=N_RESAMPLES, method="percentile", rng=0)


def by_arch(groups: list[np.ndarray], statistic: Callable[..., np.ndarray]) -> None:
    """Bootstrap each group by arch's percentile method."""
    for values in groups:
        IIDBootstrap(values, seed=0).conf_int(statistic, N_RESAMPLES, method="percentile")


def main() -> int:
    """Print the table and return the exit status."""
    runs = make_runs()
    groups = [group["metric"].to_numpy() for _, group in runs.groupby(["model", "capacity"])]
    timed, scale = groups[:N_TIMED], len(groups) / N_TIMED
    slowest = memory = 0.0
    print("| statistic | method | rdstats, s | SciPy / rdstats | arch / rdstats |")
    print("|---|---|---|---|---|")
    for name, statistic in (("mean", np.mean), ("iqm", trimmed)):
        ours = {
            method: seconds(
                lambda name=name, method=method: bootstrap_conditions(
                    runs, metric="metric", statistic=name, method=method, n_resamples=N_RESAMPLES, rng=0
                )
            )
            for method in ("percentile", "studentized")
        }
        # Before the others run: the peak never falls again.
        memory = memory or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        scipy = scale * seconds(lambda statistic=statistic: by_scipy(timed, statistic))
        arch = scale * seconds(lambda statistic=statistic: by_arch(timed, statistic))
        for method, own in ours.items():
            print(f"| {name} | {method} | {own:.2f} | {scipy / own:.1f} | {arch / own:.1f} |")
        slowest = max(slowest, *ours.values())
    print(f"\n{len(runs)} runs, {len(groups)} conditions: {slowest:.2f} s at most, {memory:.2f} GB at peak.")
    return int(slowest > 10 or memory > 1)


if __name__ == "__main__":
    sys.exit(main())
