"""Coverage of the intervals of curve fits, by simulation.

Run ``python benchmarks/calibration_curves.py > docs/calibration_curves.md`` (eight minutes of one core).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np

from rdstats import bd_distortion, bd_rate, fit_curve, tangency_audit

CAPACITIES = np.array([0.3, 1.0, 3.0, 6.0, 10.0])
TRUTH = {"d_inf": 0.054, "d_zero": 0.155, "n_dim": 4.0}
METHODS = ("jackknife", "bootstrap", "profile", "wald")
N_SEEDS = (3, 5, 10, 20)
SPREAD = 0.002  # standard deviation of distortion between seeds, of the order of trained runs
LEVEL = 0.95


def truth(rate: np.ndarray) -> np.ndarray:
    """Return the distortion of the true curve."""
    return TRUTH["d_inf"] + (TRUTH["d_zero"] - TRUTH["d_inf"]) * np.exp(-2 * rate / TRUTH["n_dim"])


def normal(rng: np.random.Generator, rate: np.ndarray) -> np.ndarray:
    """Return independent normal errors."""
    return rng.normal(scale=SPREAD, size=rate.shape)


def seed_shared(rng: np.random.Generator, rate: np.ndarray) -> np.ndarray:
    """Return normal errors of which the runs of a seed share half of the variance."""
    return (normal(rng, rate) + normal(rng, rate[:, :1])) / np.sqrt(2)


def skewed(rng: np.random.Generator, rate: np.ndarray) -> np.ndarray:
    """Return centered exponential errors: a few runs end much too high."""
    return SPREAD * (rng.exponential(size=rate.shape) - 1)


def heteroscedastic(rng: np.random.Generator, rate: np.ndarray) -> np.ndarray:
    """Return normal errors whose standard deviation falls with the distance from the floor."""
    return normal(rng, rate) * 2 * (truth(rate) - TRUTH["d_inf"]) / (TRUTH["d_zero"] - TRUTH["d_inf"])


ERRORS: tuple[Callable[[np.random.Generator, np.ndarray], np.ndarray], ...] = (
    normal,
    seed_shared,
    skewed,
    heteroscedastic,
)


def coverage(
    error: Callable[[np.random.Generator, np.ndarray], np.ndarray],
    n_seeds: int,
    *,
    methods: tuple[str, ...] = METHODS,
    n_simulations: int,
    rng: np.random.Generator,
) -> dict[str, dict[str, float]]:
    """Return the share of intervals that hold the truth, by method and parameter."""
    hits = {method: dict.fromkeys(TRUTH, 0) for method in methods}
    groups = np.repeat(np.arange(n_seeds), len(CAPACITIES))
    for _ in range(n_simulations):
        rate = CAPACITIES * np.exp(rng.normal(scale=0.01, size=(n_seeds, len(CAPACITIES))))
        distortion = truth(rate) + error(rng, rate)
        fit = fit_curve(rate.ravel(), distortion.ravel(), groups=groups, n_starts=1)
        for method in methods:
            intervals = fit.confidence_interval(LEVEL, method=method, n_resamples=500, rng=rng)
            for name, value in TRUTH.items():
                hits[method][name] += value in intervals[name]
    return {
        method: {name: count / n_simulations for name, count in counts.items()}
        for method, counts in hits.items()
    }


def simulated(n_seeds: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return rate and distortion with normal errors, shape (n_seeds, n_capacities)."""
    rate = CAPACITIES * np.exp(rng.normal(scale=0.01, size=(n_seeds, len(CAPACITIES))))
    return rate, truth(rate) + normal(rng, rate)


def readings_coverage(n_seeds: int, *, n_simulations: int, rng: np.random.Generator) -> dict[str, float]:
    """Return the share of default intervals that hold the truth, for numbers read off curves."""
    groups = np.repeat(np.arange(n_seeds), len(CAPACITIES))
    height = TRUTH["d_zero"] - TRUTH["d_inf"]
    hits = dict.fromkeys(
        ("distortion at 3 nats", "slope at 3 nats", "bd_rate", "bd_distortion", "tangency"), 0
    )
    for _ in range(n_simulations):
        reference, test = simulated(n_seeds, rng), simulated(n_seeds, rng)
        rate, distortion = (values.ravel() for values in reference)
        fit = fit_curve(rate, distortion, groups=groups, n_starts=1)
        low, high = fit.confidence_band(3.0)
        price = 2 / TRUTH["n_dim"] * height * np.exp(-2 * rate / TRUTH["n_dim"])
        slope = 2 / TRUTH["n_dim"] * height * np.exp(-6 / TRUTH["n_dim"])
        hits["distortion at 3 nats"] += bool(low[0] <= truth(np.array(3.0)) <= high[0])
        hits["slope at 3 nats"] += slope in fit.derived_interval(lambda curve: float(curve.slope(3.0)))
        hits["bd_rate"] += 0.0 in bd_rate(*reference, *test).interval
        hits["bd_distortion"] += 0.0 in bd_distortion(*reference, *test).interval
        hits["tangency"] += 0.0 in tangency_audit(rate, distortion, price, groups=groups).interval
    return {name: count / n_simulations for name, count in hits.items()}


def print_parameters(n_simulations: int) -> None:
    """Print the table of parameters by method."""
    rng = np.random.default_rng(20261124)
    print("| errors | seeds | " + " | ".join(METHODS) + " |\n|---|---|" + "---|" * len(METHODS))
    for error in ERRORS:
        for n_seeds in N_SEEDS:
            shares = coverage(error, n_seeds, n_simulations=n_simulations, rng=rng)
            cells = (" ".join(f"{share:.3f}" for share in shares[method].values()) for method in METHODS)
            print(f"| {error.__name__} | {n_seeds} | " + " | ".join(cells) + " |", flush=True)


def print_readings(n_simulations: int) -> None:
    """Print the table of numbers read off curves."""
    rng = np.random.default_rng(20261125)
    for index, n_seeds in enumerate((3, 5, 10)):
        shares = readings_coverage(n_seeds, n_simulations=n_simulations, rng=rng)
        if index == 0:
            print("| seeds | " + " | ".join(shares) + " |\n|---|" + "---|" * len(shares))
        print(f"| {n_seeds} | " + " | ".join(f"{share:.3f}" for share in shares.values()) + " |", flush=True)


def main() -> None:
    """Print the page of tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n-simulations", type=int, default=400)
    n_simulations = parser.parse_args().n_simulations
    margin = np.sqrt(LEVEL * (1 - LEVEL) / n_simulations)
    print("# Coverage of the intervals of curve fits\n")
    print("Made by `python benchmarks/calibration_curves.py > docs/calibration_curves.md`.\n")
    print(
        f"Share of nominal {LEVEL:.0%} intervals of `CurveFit.confidence_interval` that hold the true value\n"
        f"of d_inf, d_zero and n_dim, over {n_simulations} simulated experiments each: the Gaussian family,\n"
        f"five capacities, runs grouped by seed. The Monte-Carlo standard error of a share is {margin:.3f}.\n"
    )
    print_parameters(n_simulations)
    print(
        "\nThe same for the default intervals of numbers read off curves, with normal errors; the BD\n"
        "metrics compare two conditions that do not differ, seeds unpaired.\n"
    )
    print_readings(n_simulations)


if __name__ == "__main__":
    main()
