import numpy as np
import pytest

from rdstats.theory import FactorCurve, Frontier, corridor_parts, factor_curve
from rdstats.theory._frontier import achievable_distortion


@pytest.fixture(scope="module")
def gaussian():
    """D = exp(-2R) for a unit Gaussian, whose tangent value is 1/2 + log(2 beta) / 2."""
    beta = np.geomspace(0.5, 500.0, 2000)
    return Frontier(beta, 0.5 + 0.5 * np.log(2.0 * beta), n_pixels=1)


def test_gaussian_closed_form(gaussian):
    rate = np.linspace(0.0, 3.0, 13)
    # Slopes lie 0.35 % apart, and the envelope is off by the square of half of that.
    assert gaussian.distortion_mse(rate) == pytest.approx(np.exp(-2.0 * rate), rel=1e-5)
    assert gaussian.rate(np.exp(-2.0 * rate)) == pytest.approx(rate, abs=1e-5)


def test_envelope_never_exceeds_the_function(gaussian):
    rate = np.linspace(0.0, 3.0, 1001)
    assert np.all(gaussian.distortion_mse(rate) <= np.exp(-2.0 * rate) + 1e-12)


def test_rate_and_distortion_invert_each_other(gaussian):
    mse = np.array([0.9, 0.5, 0.1])
    assert gaussian.distortion_mse(gaussian.rate(mse)) == pytest.approx(mse)


def test_beyond_the_slopes_it_is_still_a_bound(gaussian):
    assert gaussian.rate(2.0) == 0.0
    assert gaussian.distortion_mse(50.0) == 0.0


def test_missing_stays_missing(gaussian):
    assert np.isnan(gaussian.rate([np.nan, 1.0])).tolist() == [True, False]
    assert np.isnan(gaussian.distortion_mse(np.nan))


def test_pixels_scale_the_distortion(gaussian):
    scaled = Frontier(gaussian.beta, gaussian.value, n_pixels=4)
    assert scaled.distortion_mse([0.7]) == pytest.approx(gaussian.distortion_mse([0.7]) / 4)


def test_hull_skips_points_above_a_chord():
    rate = np.array([0.0, 0.5, 1.0, 1.5, 2.0, 9.0])
    found = achievable_distortion(
        rate, rates=np.array([2.0, 0.0, 1.0, 1.2, 2.0]), distortions=np.array([1.0, 4.0, 2.0, 3.9, 1.5])
    )
    assert found == pytest.approx([4.0, 3.0, 2.0, 1.5, 1.0, 1.0])


def test_factor_curve_is_convex_with_the_slope_it_claims():
    curve = factor_curve(corridor_parts(), betas=np.geomspace(0.17, 1.0, 25))
    chords = -np.diff(curve.rate) / np.diff(curve.distortion)
    assert np.all(np.diff(curve.rate) > 0)
    assert np.all(chords >= curve.beta[:-1] - 1e-6)
    assert np.all(chords <= curve.beta[1:] + 1e-6)
    assert curve.gap.max() <= 1e-6


def test_the_gap_is_taken_off_a_lower_bound():
    curve = FactorCurve(*(np.array([number]) for number in (2.0, 1.0, 3.0, 0.25)))
    assert curve.value_lower == pytest.approx(1.0 + 2.0 * 3.0 - 0.25)


def test_limits_of_the_factor_curve():
    parts = corridor_parts()
    curve = factor_curve(parts, betas=[0.1, 20.0])
    assert curve.rate == pytest.approx([0.0, np.log(169.0)], abs=1e-6)
    assert curve.distortion / 169 == pytest.approx([0.155297, 0.054648], abs=1e-6)


@pytest.mark.parametrize(("beta", "value"), [([], []), ([0.0], [1.0]), ([1.0], [np.nan])])
def test_bad_frontier(beta, value):
    with pytest.raises(ValueError, match="beta must be positive and value finite"):
        Frontier(beta, value, n_pixels=1)
