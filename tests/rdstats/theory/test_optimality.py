import numpy as np
import pandas as pd
import pytest

from rdstats._status import DroppedRowsWarning, Status
from rdstats.theory import Frontier, efficiency, excess_distortion, optimality_table

BETA = np.geomspace(0.5, 50.0, 4000)
GAUSSIAN = Frontier(BETA, 0.5 + 0.5 * np.log(2.0 * BETA), n_pixels=1)


def test_an_optimal_code_has_no_excess_and_full_efficiency():
    rate = np.array([0.2, 1.0])
    assert excess_distortion(rate, np.exp(-2 * rate), frontier=GAUSSIAN) == pytest.approx(0.0, abs=1e-5)
    assert efficiency(rate, np.exp(-2 * rate), frontier=GAUSSIAN) == pytest.approx(1.0, abs=1e-5)


def test_wasted_rate():
    assert efficiency([2.0], [np.exp(-2.0)], frontier=GAUSSIAN) == pytest.approx([0.5], abs=1e-5)
    assert efficiency([2.0], [1.5], frontier=GAUSSIAN) == pytest.approx([0.0])
    assert np.isnan(efficiency([0.0, np.nan], [0.5, 0.5], frontier=GAUSSIAN)).all()


def runs_of(rng, n_groups, n_seeds):
    """Runs whose excess distortion is normal with mean 0.05 and spread 0.01."""
    rate = np.full(n_groups * n_seeds, 0.5)
    excess = rng.normal(0.05, 0.01, size=len(rate))
    return pd.DataFrame(
        {
            "condition": np.repeat(np.arange(n_groups), n_seeds),
            "rate": rate,
            "distortion_mse": GAUSSIAN.distortion_mse(rate) + excess,
        }
    )


def test_table_of_means_and_intervals():
    runs = pd.DataFrame({"condition": "a", "rate": [0.5, 0.5, 0.5], "distortion_mse": [0.5, 0.52, 0.54]})
    table = optimality_table(runs, frontier=GAUSSIAN, by=["condition"])
    row = table.iloc[0]
    assert (row["n_runs"], row["status"]) == (3, Status.OK)
    assert row["excess_distortion"] == pytest.approx(0.52 - np.exp(-1.0), abs=1e-5)
    # Student t with two degrees of freedom: 4.302653 standard errors of 0.02 / sqrt(3) (a printed t table).
    half_width = 4.302653 * 0.02 / np.sqrt(3.0)
    assert row["excess_distortion_high"] - row["excess_distortion"] == pytest.approx(half_width, abs=1e-7)


def test_interval_covers():
    runs = runs_of(np.random.default_rng(0), n_groups=300, n_seeds=5)
    table = optimality_table(runs, frontier=GAUSSIAN, by=["condition"], confidence_level=0.9)
    covered = (table["excess_distortion_low"] <= 0.05) & (table["excess_distortion_high"] >= 0.05)
    # 300 groups: three standard errors of a coverage of 0.9 are 0.052.
    assert covered.mean() == pytest.approx(0.9, abs=0.052)


def test_degenerate_groups_are_typed():
    runs = pd.DataFrame(
        {"condition": ["one", "same", "same"], "rate": [0.5, 0.4, 0.4], "distortion_mse": [0.5, 0.6, 0.6]}
    )
    table = optimality_table(runs, frontier=GAUSSIAN, by=["condition"]).set_index("condition")
    assert table.loc["one", "status"] == Status.TOO_FEW_SEEDS
    assert np.isnan(table.loc["one", "efficiency_low"])
    assert np.isfinite(table.loc["one", "efficiency"])
    assert table.loc["same", "status"] == Status.ZERO_VARIANCE
    assert table.loc["same", "efficiency_low"] == table.loc["same", "efficiency_high"]


def test_unusable_runs_are_dropped_with_a_warning():
    runs = pd.DataFrame(
        {"condition": "a", "rate": [0.5, np.nan, 0.0], "distortion_mse": [0.5, 0.5, 1.0], "capacity": 1.0}
    )
    with pytest.warns(DroppedRowsWarning, match="2 of 3 runs left out"):
        table = optimality_table(runs, frontier=GAUSSIAN)
    assert table["n_runs"].tolist() == [1]


def test_no_usable_run_gives_an_empty_table():
    runs = pd.DataFrame({"condition": ["a"], "capacity": [1.0], "rate": [np.nan], "distortion_mse": [0.5]})
    with pytest.warns(DroppedRowsWarning):
        table = optimality_table(runs, frontier=GAUSSIAN)
    assert table.empty
    assert {"condition", "efficiency_low", "status"} <= set(table.columns)


def test_kinds_of_columns_do_not_matter():
    runs = runs_of(np.random.default_rng(0), n_groups=2, n_seeds=3)
    runs.loc[0, "rate"] = np.nan
    with pytest.warns(DroppedRowsWarning, match="1 of 6 runs left out"):
        expected = optimality_table(runs, frontier=GAUSSIAN, by=["condition"])
    for kind in (runs.convert_dtypes(), runs.astype(object)):
        with pytest.warns(DroppedRowsWarning, match="1 of 6 runs left out"):
            table = optimality_table(kind, frontier=GAUSSIAN, by=["condition"])
        pd.testing.assert_frame_equal(table, expected, check_dtype=False)


def test_runs_without_group_are_refused():
    runs = runs_of(np.random.default_rng(0), n_groups=2, n_seeds=3).assign(condition=["a", None] * 3)
    with pytest.raises(ValueError, match="runs must have a value of condition in every row, but 3 of 6 lack"):
        optimality_table(runs, frontier=GAUSSIAN, by=["condition"])


def test_missing_column():
    with pytest.raises(ValueError, match="runs must have the columns"):
        optimality_table(pd.DataFrame({"rate": [1.0]}), frontier=GAUSSIAN)
