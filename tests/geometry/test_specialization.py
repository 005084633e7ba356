from __future__ import annotations

import math

import numpy as np
import pytest

from rdsweep.geometry import (
    crossing,
    discriminability,
    frequency_exponent,
    log_contrast,
    neighbor_pairs,
)

RNG = np.random.default_rng(0)


def test_contrast_by_hand_and_its_extremes():
    favored = np.array([True, False, False])
    assert log_contrast([2.0, 1.0, 3.0], favored) == 0.0
    assert log_contrast([6.0, 1.0, 3.0], favored) == pytest.approx(math.log(3))
    assert log_contrast([60.0, 10.0, 30.0], favored) == pytest.approx(math.log(3))
    assert log_contrast([2.0, 1.0, 9.0], favored) == -log_contrast([2.0, 1.0, 9.0], ~favored)
    assert log_contrast([1.0, 0.0, 0.0], favored) == math.inf
    assert math.isnan(log_contrast([0.0, 0.0, 0.0], favored))


@pytest.mark.parametrize(
    ("values", "favored", "error", "message"),
    [
        (
            [1.0, -1.0],
            [True, False],
            ValueError,
            "values must be finite and at least 0, but got a minimum of -1",
        ),
        ([1.0, 1.0], [1, 0], TypeError, "favored must hold truth values, but got int64"),
        ([1.0, 1.0], [True], ValueError, r"favored must have the shape of values, \(2,\), but got \(1,\)"),
        ([1.0, 1.0], [True, True], ValueError, "favored must be true for some values and not for all"),
    ],
)
def test_mistakes_are_named(values, favored, error, message):
    with pytest.raises(error, match=message):
        log_contrast(values, favored)


def test_neighbors_are_all_pairs_at_a_distance_of_one():
    first, second = neighbor_pairs()
    grid = np.stack(np.divmod(np.arange(169), 13))
    assert (np.abs(grid[:, first] - grid[:, second]).sum(0) == 1).all()
    assert len(set(zip(first.tolist(), second.tolist(), strict=True))) == 2 * 13 * 12
    assert (first < second).all()


def test_discriminability_by_hand():
    means, sds = [[0.0, 0.0], [3.0, 4.0]], [[1.0, 2.0], [1.0, 2.0]]
    assert discriminability(means, sds, [0], [1]) == pytest.approx(math.sqrt(9 + 4))
    assert discriminability(means, [[1.0, 9.0], [7.0, 9.0]], [0], [1])[0] ** 2 == pytest.approx(
        9 / 25 + 16 / 81
    )


def test_discriminability_is_the_square_root_of_fisher_information_for_small_steps():
    # The code tanh(x) with unit noise has the information (1 - tanh(x)^2)^2.
    x, step = np.linspace(-1, 1, 9), 1e-3
    means = np.tanh(np.concatenate([x - step / 2, x + step / 2]))[:, None]
    found = discriminability(means, np.ones_like(means), np.arange(9), np.arange(9, 18)) / step
    np.testing.assert_allclose(found, 1 - np.tanh(x) ** 2, rtol=1e-6)


def test_discriminability_ignores_scale_order_and_latents_that_are_constant():
    means, sds = RNG.normal(size=(169, 3)), RNG.uniform(0.5, 2.0, size=(169, 3))
    pairs = neighbor_pairs()
    expected = discriminability(means, sds, *pairs)
    np.testing.assert_allclose(discriminability(7.0 * means - 1.0, 7.0 * sds, *pairs), expected)
    np.testing.assert_allclose(discriminability(means[:, ::-1], sds[:, ::-1], *pairs), expected)
    padded = np.pad(means, ((0, 0), (0, 1))), np.pad(sds, ((0, 0), (0, 1)), constant_values=1.0)
    np.testing.assert_allclose(discriminability(*padded, *pairs), expected)
    assert not discriminability(np.ones_like(means), sds, *pairs).any()


@pytest.mark.parametrize("exponent", [-0.5, 0.0, 1.0])
def test_an_exponent_is_recovered(exponent):
    frequency = RNG.choice([1.0, 5.5, 10.0], size=312)
    assert frequency_exponent(3.0 * frequency**exponent, 0.01 * frequency) == pytest.approx(
        exponent, abs=1e-9
    )


def test_an_exponent_weighs_frequencies_by_their_pairs():
    # Log frequencies 0, 1, 2 with 1, 1 and 4 pairs and log mean d' 0, 1, 0. By hand: the weighted mean of log
    # frequency is (0 + 1 + 4 * 2) / 6 = 1.5, so the slope is (-1.5 * 0 - 0.5 * 1 + 4 * 0.5 * 0) / 3.5 with
    # 3.5 = 1.5² + 0.5² + 4 * 0.5². Without weights it is 0, and with the mean of log d' it is another.
    frequency = np.exp([0.0, 1.0, 2.0, 2.0, 2.0, 2.0])
    dprime = [1.0, math.e, 0.5, 1.5, 0.25, 1.75]
    assert frequency_exponent(dprime, frequency) == pytest.approx(-1 / 7, abs=1e-9)


def test_no_exponent_without_two_frequencies_or_with_a_lost_group():
    assert math.isnan(frequency_exponent([1.0, 2.0], [3.0, 3.0]))
    assert math.isnan(frequency_exponent([0.0, 2.0], [3.0, 4.0]))
    with pytest.raises(ValueError, match="frequency must be finite and above 0, but got a minimum of 0"):
        frequency_exponent([1.0, 2.0], [0.0, 1.0])


def test_pairs_across_the_diagonal():
    first, second = neighbor_pairs()
    upper, lower = np.divmod(np.arange(169), 13)
    across = crossing(upper == lower, first, second)
    # Each of the 13 positions on the diagonal has four neighbors, but those in the two corners have two.
    assert across.sum() == 11 * 4 + 2 * 2
