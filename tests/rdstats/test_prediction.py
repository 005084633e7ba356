"""Prediction intervals: their coverage, and what runs without spread can say."""

import numpy as np
import pandas as pd
import pytest

from rdstats import place_in_runs, place_points
from rdstats._status import Status


@pytest.mark.parametrize("n_runs", [3, 10])
def test_one_more_run_lies_within_as_often_as_said(n_runs):
    draws = np.random.default_rng(20261124).normal(size=(4_000, n_runs + 1))
    inside = [draw[-1] in place_in_runs(draw[-1], draw[:-1], confidence_level=0.9).interval for draw in draws]
    # Three standard errors of a share of 0.9 in 4,000 draws: 0.014.
    assert np.mean(inside) == pytest.approx(0.9, abs=0.015)


def test_p_value_and_interval_agree():
    runs = [0.50, 0.52, 0.49, 0.51]
    edge = place_in_runs(0.5, runs, confidence_level=0.95).interval.high
    assert place_in_runs(edge, runs).p_value == pytest.approx(0.05)


def test_an_interval_for_a_run_does_not_shrink_to_that_of_the_mean():
    runs = np.random.default_rng(0).normal(size=1_000)
    interval = place_in_runs(0.0, runs).interval
    assert interval.high - interval.low > 3.5  # 2 * 1.96 standard deviations, not standard errors


@pytest.mark.parametrize(
    ("runs", "status", "message"),
    [
        ([], Status.NO_DATA, "no finite run"),
        ([np.nan, 0.4], Status.TOO_FEW_SEEDS, "one run has no spread"),
        ([0.1 + 0.2, 0.3, 0.3], Status.ZERO_VARIANCE, "all 3 runs are equal, and so is the value"),
        ([0.7, 0.7], Status.ZERO_VARIANCE, "all 2 runs are equal, the value is not"),
    ],
)
def test_runs_without_spread_give_a_status(runs, status, message):
    place = place_in_runs(0.3, runs)
    assert place.status is status
    assert message in place.message
    assert np.isnan([place.z, place.p_value, place.interval.low]).all()


def test_points_are_placed_among_their_own_runs():
    runs = pd.DataFrame({"model": ["a"] * 4 + ["b"] * 4, "seed": [0, 1, 2, 3] * 2})
    runs["f1"] = [0.1, 0.2, 0.3, 0.4, 0.6, 0.7, 0.8, np.inf]
    points = pd.DataFrame({"model": ["b", "a"], "value": [0.7, 1.9]})
    table = place_points(runs, points, by=["model"], metric="f1")
    assert table["inside"].tolist() == [True, False]
    assert table["n"].tolist() == [3, 4]
    assert table["n_dropped"].tolist() == [1, 0]
    assert table["percentile"].tolist() == [50.0, 100.0]


def test_no_points_give_an_empty_table_of_the_same_columns():
    runs = pd.DataFrame({"model": ["a"] * 3, "f1": [0.1, 0.2, 0.3]})
    points = pd.DataFrame({"model": ["a"], "value": [0.2]})
    full, empty = (place_points(runs, part, by=["model"], metric="f1") for part in (points, points[:0]))
    assert len(empty) == 0
    assert list(empty.columns) == list(full.columns)


def test_invalid_input_is_named():
    with pytest.raises(ValueError, match="value must lie in"):
        place_in_runs(np.nan, [1.0, 2.0])
    with pytest.raises(ValueError, match=r"points must have the columns \['value'\]"):
        place_points(pd.DataFrame({"m": ["a"], "x": [1.0]}), pd.DataFrame({"m": ["a"]}), by=["m"], metric="x")
