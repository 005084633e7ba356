import numpy as np
import pytest
from scipy.special import entr

from rdstats.theory import BernoulliMixture, bernoulli_rd, free_support, gray_bounds, water_level


@pytest.mark.parametrize("beta", [2.001, 2.5, 5.0, 20.0])
def test_water_level_solves_its_equation(beta):
    y = water_level(beta)
    assert 0.0 < y < 0.5
    assert beta * (1.0 - 2.0 * y) == pytest.approx(np.log((1.0 - y) / y), rel=1e-9)


@pytest.mark.parametrize("p", [0.05, 0.3, 0.5, 0.8])
@pytest.mark.parametrize("beta", [1.0, 2.2, 4.0])
def test_one_pixel_agrees_with_the_numerical_optimum(p, beta):
    rate, distortion = bernoulli_rd(p, beta)
    solution = free_support([[0.0], [1.0]], [1.0 - p, p], beta, tol=1e-9)
    assert rate + beta * distortion == pytest.approx(solution.value, abs=1e-8)


def test_limits():
    rate, distortion = bernoulli_rd([0.0, 1.0, 0.5], 200.0)
    assert rate == pytest.approx([0.0, 0.0, np.log(2.0)], abs=1e-9)
    assert distortion == pytest.approx(0.0, abs=1e-9)
    rate, distortion = bernoulli_rd([0.2], 2.0)
    assert rate == pytest.approx(0.0)
    assert distortion == pytest.approx(0.16)


def test_gray_bounds_coincide_where_the_state_is_certain():
    source = BernoulliMixture([1.0], [[0.5, 0.3]], copies=3)
    bounds = gray_bounds(source, 6.0)
    assert bounds.lower == pytest.approx(bounds.upper)
    y = water_level(6.0)
    coded = np.array([0.5, 0.3])
    rate = 3 * (entr(coded) + entr(1 - coded) - entr(y) - entr(1 - y)).sum()
    assert bounds.conditional_rate == pytest.approx(rate)


def test_gray_bounds_take_a_sharper_information():
    source = BernoulliMixture([0.5, 0.5], [[0.4], [0.6]])
    assert gray_bounds(source, 3.0, information=0.02).upper == pytest.approx(
        gray_bounds(source, 3.0).lower + 0.02
    )


def test_bad_input():
    with pytest.raises(ValueError, match="beta must lie in"):
        water_level(0.0)
    with pytest.raises(ValueError, match="information must lie in"):
        gray_bounds(BernoulliMixture([1.0], [[0.5]]), 1.0, information=-1.0)
    with pytest.raises(ValueError, match=r"p must lie in \[0, 1\], but got \[1.2\]"):
        bernoulli_rd([1.2], 1.0)
