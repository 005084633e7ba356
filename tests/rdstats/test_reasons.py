"""Every table says why it has no number: no row is ``ok`` and lacks an estimate or a limit."""

import warnings

import numpy as np
import pandas as pd
import pytest

from rdstats import (
    Claim,
    audit_runs,
    bd_table,
    bootstrap_conditions,
    compare_conditions,
    curve_bands,
    effect_sizes,
    evaluate_claims,
    fit_curves,
    place_points,
    summarize_times,
)
from rdstats._status import RDStatsWarning

NUMBERS = ["estimate", "effect", "distortion", "mean", "restricted_mean", "low", "high"]
METRIC = "distortion_mse"


def table_of_runs(n_seeds, capacities, noise, shape, lost, rng):
    """Two models whose distortion falls, rises, stays or lies below zero, with some runs missing or NaN."""
    rng = np.random.default_rng(rng)
    runs = pd.DataFrame(
        [(m, c, s) for m in ("baseline", "E2M1") for c in capacities for s in range(n_seeds)],
        columns=["model", "capacity", "seed"],
    )
    runs["rate"] = runs["capacity"] * (1 + noise * rng.normal(size=len(runs)))
    falls = {
        "falls": 0.05 + 0.1 * np.exp(-runs["rate"] / 2),
        "bound": 0.15 * np.exp(-runs["rate"] / 2) - 0.001,
        "rises": 0.05 + 0.01 * runs["rate"],
        "flat": np.full(len(runs), 0.1),
        "steep": 0.05 + 0.1 * np.exp(-30 * runs["rate"]),
    }[shape]
    runs[METRIC] = falls + 0.01 * noise * rng.normal(size=len(runs))
    runs["beta"] = 0.05 * np.exp(-runs["rate"] / 2)
    runs.loc[rng.random(len(runs)) < lost, METRIC] = np.nan
    return runs


def claims():
    common = {"statement": "s", "source": "", "metric": METRIC}
    pair = {"conditions": ("baseline", "E2M1"), "strata": ("capacity",)}
    for method in ("t", "wilcoxon", "sign_flip"):
        yield Claim(id=f"d-{method}", contrast="difference", method=method, **common, **pair)
        yield Claim(
            id=f"t-{method}",
            contrast="threshold",
            threshold=0.1,
            conditions=("E2M1",),
            strata=("capacity",),
            method=method,
            **common,
        )
    for method in ("welch", "permutation"):
        yield Claim(id=f"e-{method}", contrast="equivalence", margin=0.01, paired=False, method=method,
                    **common, **pair)  # fmt: skip
    for contrast in ("trend", "monotone"):
        yield Claim(id=contrast, contrast=contrast, conditions=("baseline", "E2M1"), **common)


TABLES = {
    "fit_curves": lambda runs: fit_curves(runs),
    "fit_curves convex": lambda runs: fit_curves(runs, family="convex_monotone"),
    "fit_curves bootstrap": lambda runs: fit_curves(runs, method="bootstrap", n_resamples=40, rng=0),
    "fit_curves wald": lambda runs: fit_curves(runs, method="wald"),
    "curve_bands": lambda runs: curve_bands(runs, n_points=3),
    "bd_table": lambda runs: bd_table(runs),
    "bd_table unpaired": lambda runs: bd_table(runs, paired=False, scale="log"),
    "audit_runs": lambda runs: audit_runs(runs),
    **{
        f"compare_conditions {method}": lambda runs, method=method, paired=paired: compare_conditions(
            runs, baseline="baseline", metric=METRIC, paired=paired, method=method, rng=0
        )
        for paired, methods in {
            True: ("t", "wilcoxon", "sign_flip"),
            False: ("welch", "brunner_munzel", "permutation"),
        }.items()
        for method in methods
    },
    "bootstrap_conditions": lambda runs: bootstrap_conditions(runs, metric=METRIC, n_resamples=50, rng=0),
    "bootstrap of differences": lambda runs: bootstrap_conditions(
        runs, metric=METRIC, baseline="baseline", statistic="iqm", method="percentile", n_resamples=50, rng=0
    ),
    "evaluate_claims": lambda runs: evaluate_claims(runs, list(claims()), rng=0),
    "effect_sizes": lambda runs: pd.concat(
        effect_sizes(
            *(runs.loc[runs["model"] == name, METRIC] for name in ("baseline", "E2M1")), paired=paired
        )
        for paired in (True, False)
    ),
    "place_points": lambda runs: place_points(
        runs, pd.DataFrame({"model": ["baseline", "E9"], "value": 0.1}), by=["model"], metric=METRIC
    ),
    "summarize_times": lambda runs: summarize_times(
        runs.assign(time=(1e4 * runs[METRIC]).round(), reached=runs[METRIC] < 0.1, horizon=1e3).assign(
            horizon=lambda times: times["horizon"].where(times["time"].notna())
        ),
        by=["model", "capacity"],
    ),
}


LEVELS = (0.3, 1.0, 3.0, 6.0)
RUNS = {
    "one seed": (1, LEVELS, 0.02, "falls", 0.0),
    "equal seeds": (3, LEVELS, 0.0, "falls", 0.0),
    "a parameter on its bound": (3, LEVELS, 0.02, "bound", 0.0),
    "two levels": (2, (1.0, 3.0), 0.02, "falls", 0.0),
    "a curve that rises": (3, LEVELS, 0.3, "rises", 0.3),
    "a curve that drops at once": (4, LEVELS, 0.3, "steep", 0.3),
    "no finite run": (3, (1.0,), 0.0, "flat", 1.0),
}


@pytest.mark.parametrize("kind", RUNS)
@pytest.mark.parametrize("name", TABLES)
def test_no_row_of_any_table_is_ok_without_its_numbers(name, kind):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RDStatsWarning)
        table = TABLES[name](table_of_runs(*RUNS[kind], rng=0))
    shown = table[[column for column in NUMBERS if column in table]]
    silent = table[(table["status"] == "ok") & shown.isna().any(axis=1)]
    assert silent.empty, silent.to_string()
    assert (table["message"] != "").equals(table["status"] != "ok")


@pytest.mark.parametrize(
    ("kind", "status", "message"),
    [
        ("one seed", "too_few_seeds", "an interval takes at least 2 seeds: add seeds"),
        ("equal seeds", "zero_variance", "leaving out a seed changes nothing: check for copied runs"),
    ],
)
def test_a_curve_without_an_interval_says_so_beside_its_estimates(kind, status, message):
    runs = table_of_runs(*RUNS[kind], rng=0)
    for function in (fit_curves, curve_bands):
        with pytest.warns(RDStatsWarning, match=f"no interval exists: {message}"):
            table = function(runs)
        assert table[["status", "message"]].drop_duplicates().to_numpy().tolist() == [[status, message]]
        assert table[["estimate" if function is fit_curves else "distortion"]].notna().all(axis=None)


def test_only_the_parameter_on_its_bound_lacks_an_interval():
    table = fit_curves(table_of_runs(*RUNS["a parameter on its bound"], rng=0), family="convex_monotone")
    stuck = table["low"].isna()
    assert stuck.any()
    assert set(table.loc[stuck, "status"]) == {"at_bound"}
    assert set(table.loc[stuck, "message"]) == {
        "a parameter on a bound has no such interval: use method='bootstrap'"
    }
    assert set(table.loc[~stuck, "status"]) == {"ok"}
