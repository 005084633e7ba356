"""Does the precision of the convolutions change rate or distortion? Paired runs and an equivalence test.

    python benchmarks/precision.py --device cuda --reference fp32 --tests tf32 bf16 [--csv FILE]

Trains the same runs (seeds × capacities × models, full budget) in each precision. The margin is one
seed-to-seed standard deviation of the reference, or for rate half a per cent of the capacity if that is more:
a precision is equivalent where the 90 % interval of the paired mean difference lies within.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

from rdstats import equivalence_test
from rdsweep.config import ObjectiveConfig, RunConfig, TrainingConfig
from rdsweep.models import MODELS, model_name
from rdsweep.training import train_pack

CAPACITIES = (0.3, 1.0, 3.0, 6.0)


def grid(n_seeds: int, models: list[str], precision: str, n_train: int) -> list[RunConfig]:
    """Return the runs of one precision."""
    training = TrainingConfig(precision=precision, n_train=n_train)
    return [
        RunConfig(
            source=MODELS[name].source(),
            tasks=MODELS[name].heads(),
            objective=ObjectiveConfig(capacity=capacity),
            training=training,
            seed=seed,
        )
        for seed in range(n_seeds)
        for name in models
        for capacity in CAPACITIES
    ]


def train(runs: list[RunConfig], device: str, pack_size: int) -> pd.DataFrame:
    """Train runs in packs and return a row for each."""
    rows = []
    for start in range(0, len(runs), pack_size):
        pack = train_pack(runs[start : start + pack_size], device=device, keep_weights=False)
        rows += [
            {
                "model": model_name(result.config),
                "capacity": result.config.objective.capacity,
                "seed": result.config.seed,
                **result.measures,
            }
            for result in pack.runs
        ]
    return pd.DataFrame(rows)


def compare(reference: pd.DataFrame, other: pd.DataFrame, precision: str) -> pd.DataFrame:
    """Return the equivalence test of each model, capacity and metric."""
    keys = ["model", "capacity", "seed"]
    both = reference.merge(other, on=keys, suffixes=("_reference", "_other"))
    rows = []
    for (model, capacity), cell in both.groupby(["model", "capacity"]):
        for metric in ("rate", "distortion_mse"):
            first, second = cell[f"{metric}_reference"].to_numpy(), cell[f"{metric}_other"].to_numpy()
            spread = float(first.std(ddof=1))
            margin = max(spread, 0.005 * capacity) if metric == "rate" else spread
            test = equivalence_test(first, second, margin=margin)
            rows.append(
                {
                    "precision": precision,
                    "model": model,
                    "capacity": capacity,
                    "metric": metric,
                    "seed_sd": spread,
                    "difference": test.estimate,
                    "low": test.interval.low,
                    "high": test.interval.high,
                    "margin": margin,
                    "p_value": test.p_value,
                }
            )
    return pd.DataFrame(rows)


def main() -> None:
    """Train, compare, print and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--reference", default="fp32")
    parser.add_argument("--tests", nargs="+", default=["bf16"])
    parser.add_argument("--models", nargs="+", default=["baseline", "E2M1", "E2M4"])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--n-train", type=int, default=75_000)
    parser.add_argument("--pack-size", type=int, default=128)
    parser.add_argument("--csv", type=Path)
    arguments = parser.parse_args()
    tables = {
        precision: train(
            grid(arguments.seeds, arguments.models, precision, arguments.n_train),
            arguments.device,
            arguments.pack_size,
        )
        for precision in [arguments.reference, *arguments.tests]
    }
    rows = pd.concat(
        [compare(tables[arguments.reference], tables[test], test) for test in arguments.tests],
        ignore_index=True,
    )
    rows["equivalent"] = rows["p_value"] < 0.05
    print(rows.to_string(index=False, float_format=lambda value: f"{value:.5g}"))
    print(rows.groupby("precision")["equivalent"].agg(["sum", "count"]))
    if arguments.csv:
        rows.to_csv(arguments.csv, index=False)


if __name__ == "__main__":
    main()
