import numpy as np
import pandas as pd
import pytest

from rdstats.theory import (
    FactorCurve,
    PixelBounds,
    RDBounds,
    _corridor_bounds,
    class_entropy,
    corridor_tasks,
    distortion_price,
    position_probabilities,
    rd_bounds,
    rd_table,
)
from rdstats.theory._table import _pixel_upper

SMALL = {"n_slopes": 8, "n_pixel_slopes": 3}


@pytest.fixture(scope="module")
def cache_dir(tmp_path_factory):
    return tmp_path_factory.mktemp("theory")


@pytest.fixture(scope="module")
def table(cache_dir):
    return rd_table(cache_dir=cache_dir, **SMALL)


def test_columns_and_order(table):
    assert list(table.columns) == ["rate", "distortion_mse", "pixel_lower", "pixel_upper", "gap", "beta"]
    assert np.all(np.diff(table["rate"]) > 0)
    assert table["rate"].iloc[0] == pytest.approx(0.0, abs=1e-9)
    assert 11.5 < table["rate"].iloc[-1] <= 12.0
    assert table.notna().all(axis=None)


def test_bounds_are_ordered(table):
    assert np.all(table["pixel_lower"] <= table["pixel_upper"])
    # An encoder that sees the image may draw the positions from it, so it does at least as well as
    # one that is shown them; the factor points are vertices of the upper bound or above it.
    assert np.all(table["pixel_upper"] <= table["distortion_mse"] + 1e-12)


def test_anchors(table):
    assert table["distortion_mse"].iloc[0] == pytest.approx(0.155297, abs=1e-6)
    beyond = table["rate"] >= np.log(169.0)
    assert table.loc[beyond, "distortion_mse"].to_numpy() == pytest.approx(0.054648, abs=1e-6)
    assert np.all(table.loc[beyond, "beta"] == 0.0)
    assert table["gap"].max() <= 2e-6


def test_second_call_comes_from_disk(table, cache_dir, monkeypatch):
    # Whatever is solved anew goes through here; the first call did.
    monkeypatch.delattr("rdstats.theory._corridor_bounds.factor_curve")
    monkeypatch.delattr("rdstats.theory._corridor_bounds.pixel_bounds")
    pd.testing.assert_frame_equal(table, rd_table(cache_dir=cache_dir, **SMALL))
    with pytest.raises(NameError, match=r"factor_curve|pixel_bounds"):
        rd_table(cache_dir=cache_dir, **SMALL | {"n_slopes": 9})


def test_frontier_levels(cache_dir):
    bounds = rd_bounds(cache_dir=cache_dir, **SMALL)
    rate = np.array([0.5, 2.0, 4.0])
    pixel, factor = (bounds.frontier(level).distortion_mse(rate) for level in ("pixel", "factor"))
    assert np.all(pixel <= factor + 1e-4)
    with pytest.raises(ValueError, match="level must be one of 'pixel', 'factor', but got 'image'"):
        bounds.frontier("image")


def test_an_achieved_rate_counts_with_three_standard_errors():
    factor = FactorCurve(*(np.array([number]) for number in (1.0, 5.0, 10.0, 0.0)))
    numbers = {
        "value_lower": 0.0,
        "value_upper": 0.0,
        "standard_error": 0.25,
        "rate": 2.0,
        "distortion": 12.0,
    }
    pixel = PixelBounds(np.array([1.0]), **{name: np.array([number]) for name, number in numbers.items()})
    bounds = RDBounds(factor, pixel, 5.0, zero_rate_distortion=20.0, known_state_distortion=10.0)
    rate = np.array([0.0, 2.75, 5.0, 9.0])
    assert _pixel_upper(bounds, rate) == pytest.approx([20.0, 12.0, 10.0, 10.0])


def test_price_of_a_task_that_costs_the_same_at_every_rate(monkeypatch, tmp_path):
    balanced = rd_bounds(cache_dir=tmp_path).factor

    def dearer(source, labels, price, *, betas):
        value = balanced.value_lower + betas * 169 * 0.01
        return FactorCurve(betas, value, np.zeros_like(betas), np.zeros_like(betas))

    monkeypatch.setattr(_corridor_bounds, "joint_curve", dearer)
    labels = corridor_tasks()["order"]
    entropy = class_entropy(labels, position_probabilities())
    price = distortion_price([0.5, entropy, 1.0, 3.0], labels, n_slopes=60, cache_dir=tmp_path)
    assert price == pytest.approx([np.inf, 0.01, 0.01, 0.01])


@pytest.mark.slow
def test_price_of_a_perfect_task(cache_dir):
    price = distortion_price([0.1, 0.8, 2.0, 5.0], corridor_tasks()["order"], n_slopes=6, cache_dir=cache_dir)
    assert price[0] == np.inf
    assert price[1] > price[2] > price[3] > -1e-5
    # The positions determine the class, so at their entropy the task is free.
    assert price[3] == pytest.approx(0.0, abs=1e-3)
