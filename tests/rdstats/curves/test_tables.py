"""The DataFrame functions: their rows are those of the array functions, condition by condition."""

import numpy as np
import pandas as pd
import pytest

from rdstats import (
    audit_runs,
    bd_distortion,
    bd_table,
    capacity_audit,
    compare_families,
    curve_bands,
    fit_curve,
    fit_curves,
)
from rdstats._status import DegenerateDataWarning, DroppedRowsWarning


@pytest.fixture
def runs(simulate):
    frames = []
    for index, model in enumerate(["baseline", "E2M1"]):
        rate, distortion, seed = simulate(4, rng=index)
        frames.append(
            pd.DataFrame(
                {
                    "model": model,
                    "capacity": np.tile([0.3, 1.0, 3.0, 6.0, 10.0], 4),
                    "rate": rate.ravel(),
                    "distortion_mse": distortion.ravel() + 0.005 * index,
                    "seed": seed.ravel(),
                }
            )
        )
    return pd.concat(frames, ignore_index=True).assign(beta=lambda runs: 0.05 * np.exp(-runs["rate"] / 2))


def test_fit_curves_are_the_fits(runs):
    table = fit_curves(runs)
    part = runs[runs["model"] == "E2M1"]
    fit = fit_curve(part["rate"], part["distortion_mse"], groups=part["seed"])
    rows = table[table["model"] == "E2M1"].set_index("parameter")
    assert rows["estimate"].to_dict() == fit.parameters
    assert rows["low"]["n_dim"] == fit.confidence_interval()["n_dim"].low
    assert rows["unit"]["d_inf"] == "distortion"
    assert (rows["n"].iloc[0], rows["n_seeds"].iloc[0]) == (20, 4)


def test_fit_curves_take_several_keys(runs):
    table = fit_curves(runs.assign(ratio=10), by=["model", "ratio"])
    assert table.columns[:2].tolist() == ["model", "ratio"]
    assert len(table) == 6


def test_one_bad_condition_does_not_spoil_the_others(runs):
    runs.loc[runs["model"] == "E2M1", "distortion_mse"] = 0.1
    with pytest.warns(DegenerateDataWarning):
        table = fit_curves(runs)
    assert table.groupby("model")["status"].first().to_dict() == {"baseline": "ok", "E2M1": "zero_variance"}


def test_bands_hold_the_curve(runs):
    table = curve_bands(runs, n_points=11)
    assert table.groupby("model").size().to_dict() == {"E2M1": 11, "baseline": 11}
    assert ((table["low"] < table["distortion"]) & (table["distortion"] < table["high"])).all()
    assert (table["slope"] > 0).all()


def test_bands_of_a_condition_without_data_are_empty(runs):
    runs.loc[runs["model"] == "E2M1", "rate"] = np.nan
    with pytest.warns((DroppedRowsWarning, DegenerateDataWarning)):
        table = curve_bands(runs, n_points=5)
    assert table["model"].unique().tolist() == ["baseline"]


def test_bd_table_pairs_seeds(runs):
    table = bd_table(runs).set_index("metric")
    arrays = [
        part[column].to_numpy().reshape(4, 5)
        for _, part in runs.groupby("model", sort=False)
        for column in ("rate", "distortion_mse")
    ]
    expected = bd_distortion(*arrays, paired=True)
    assert table["estimate"]["bd_distortion"] == pytest.approx(expected.estimate, rel=1e-12)
    assert table["low"]["bd_distortion"] == pytest.approx(expected.interval.low, rel=1e-12)
    assert table["model"].unique().tolist() == ["E2M1"]


def test_bd_table_leaves_out_seeds_without_partner(runs):
    runs = runs.drop(runs.index[(runs["model"] == "E2M1") & (runs["seed"] == 3)])
    with pytest.warns(DroppedRowsWarning, match=r"1 seed\(s\) left out"):
        table = bd_table(runs)
    assert table["n_reference"].tolist() == [3, 3]
    assert table["n_dropped"].tolist() == [5, 5]


def test_bd_table_refuses_repeated_runs(runs):
    with pytest.raises(ValueError, match="one row per model, capacity, seed, but has several"):
        bd_table(pd.concat([runs, runs]))
    with pytest.raises(ValueError, match=r"reference must be among the levels of 'model'.*but got 'none'"):
        bd_table(runs, reference="none")


def test_bd_table_without_a_capacity_of_one_model(runs):
    missing = runs.drop(runs.index[(runs["model"] == "E2M1") & (runs["capacity"] == 10.0)])
    table = bd_table(missing)
    assert (table["status"] == "ok").all()
    assert (table["overlap"] < 0.99).any()


def test_audits_are_the_audits(runs):
    table = audit_runs(runs).set_index(["model", "quantity"])
    part = runs[runs["model"] == "baseline"]
    expected = capacity_audit(part["rate"], part["capacity"], groups=part["seed"])
    row = table.loc[("baseline", "capacity")]
    assert (row["estimate"], row["low"]) == (expected.estimate, expected.interval.low)
    assert len(table) == 4


def test_audit_without_targets_is_left_out(runs):
    table = audit_runs(runs.assign(capacity=np.nan))
    assert table["quantity"].unique().tolist() == ["tangency"]
    assert audit_runs(runs, price=None)["quantity"].unique().tolist() == ["capacity"]


@pytest.mark.filterwarnings("ignore::rdstats._status.DroppedRowsWarning")
@pytest.mark.parametrize("function", [fit_curves, curve_bands, bd_table, audit_runs])
def test_kinds_of_columns_and_order_of_rows_do_not_matter(runs, function):
    runs.loc[3, "rate"] = np.nan
    nullable = runs.convert_dtypes().sample(frac=1.0, random_state=0)
    nullable = nullable.sort_values(
        "model", ascending=False, kind="stable"
    )  # tables keep the order of appearance
    pd.testing.assert_frame_equal(function(nullable), function(runs), check_dtype=False, rtol=1e-6)


@pytest.mark.parametrize("function", [fit_curves, curve_bands, bd_table, audit_runs])
def test_runs_without_label_are_refused(runs, function):
    nameless = runs.assign(model=runs["model"].where(runs.index > 0))
    with pytest.raises(ValueError, match=r"runs must have a value of .*model.* in every row"):
        function(nameless)


@pytest.mark.parametrize("function", [fit_curves, curve_bands, audit_runs])
def test_empty_tables_are_refused(runs, function):
    with pytest.raises(ValueError, match="runs must have at least one row"):
        function(runs[:0])


@pytest.mark.parametrize("function", [fit_curves, curve_bands, bd_table, audit_runs])
def test_missing_columns_are_named(runs, function):
    with pytest.raises(ValueError, match=r"runs must have the columns \['rate'\]"):
        function(runs.drop(columns="rate"))
    with pytest.raises(TypeError, match="runs must be a pandas DataFrame"):
        function([1, 2])


def test_families_are_ranked_by_aicc(runs):
    table = compare_families(runs["rate"], runs["distortion_mse"])
    usable = table.dropna(subset="delta")
    assert table["delta"].iloc[0] == 0.0
    assert usable["weight"].sum() == pytest.approx(1.0)
    assert usable["delta"].is_monotonic_increasing
    assert usable["weight"].is_monotonic_decreasing


def test_true_family_wins():
    rate = np.linspace(0.1, 10.0, 60)
    noise = np.random.default_rng(0).normal(scale=2e-4, size=60)
    table = compare_families(
        rate, 0.05 + 0.1 / (1 + rate / 2) ** 2 + noise, families=["gaussian", "shifted_power"]
    )
    assert table["family"][0] == "shifted_power"
    assert table["delta"][1] > 10
