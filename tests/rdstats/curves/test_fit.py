import warnings

import numpy as np
import pytest
from scipy.optimize import curve_fit, least_squares
from statsmodels.tools.eval_measures import aicc

from rdstats import FAMILIES, fit_curve
from rdstats._status import DroppedRowsWarning, Status

FUNCTION = FAMILIES["gaussian"].function


def test_estimates_and_covariance_match_scipy(fixed_runs):
    rate, distortion = fixed_runs
    expected, covariance = curve_fit(FUNCTION, rate, distortion, p0=[0.05, 0.15, 4.0])
    fit = fit_curve(rate, distortion)
    # curve_fit stops at a relative step of 1.5e-8 and differentiates numerically.
    np.testing.assert_allclose(fit.estimates, expected, rtol=1e-6)
    np.testing.assert_allclose(fit.covariance, covariance, rtol=1e-4)


def test_weights_match_scipy(fixed_runs):
    rate, distortion = fixed_runs
    sigma = 0.001 * (1 + rate)
    expected, covariance = curve_fit(FUNCTION, rate, distortion, p0=[0.05, 0.15, 4.0], sigma=sigma)
    fit = fit_curve(rate, distortion, weights=1 / sigma**2)
    np.testing.assert_allclose(fit.estimates, expected, rtol=1e-6)
    np.testing.assert_allclose(fit.covariance, covariance, rtol=1e-4)


def test_aicc_matches_statsmodels(fixed_runs):
    rate, distortion = fixed_runs
    fit = fit_curve(rate, distortion)
    likelihood = -fit.n / 2 * (np.log(2 * np.pi * fit.rss / fit.n) + 1)
    constant = fit.n * (np.log(2 * np.pi) + 1)  # the same for every family, left out of ours
    assert fit.aicc + constant == pytest.approx(aicc(likelihood, fit.n, 4), rel=1e-12)


def test_errors_in_both_match_odr(fixed_runs):
    # scipy.odr 1.17.1 (ODRPACK), sx = 20, sy = 1, sstol = partol = 1e-15; 2026-11-24.
    expected = [0.05233603681135314, 0.15032855831139713, 3.6615418116535015]
    fit = fit_curve(*fixed_runs, errors_in="both", error_ratio=20.0)
    # ODRPACK differentiates numerically here; the minimum is flat to about 1e-8.
    np.testing.assert_allclose(fit.estimates, expected, rtol=1e-8)
    assert fit.rss == pytest.approx(1.7507430370912106e-06, rel=1e-6)
    assert np.isnan(fit.aicc)


def test_exact_rates_are_the_limit_of_errors_in_both(fixed_runs):
    ordinary = fit_curve(*fixed_runs)
    orthogonal = fit_curve(*fixed_runs, errors_in="both", error_ratio=1e-4)
    # Errors of rate add (ratio × slope)² = 1e-11 to the variance.
    np.testing.assert_allclose(orthogonal.estimates, ordinary.estimates, rtol=1e-7)


def test_errors_in_rate_flatten_an_ordinary_fit_only():
    rng = np.random.default_rng(0)
    true_rate = np.repeat([0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 9.0], 60)
    distortion = FUNCTION(true_rate, 0.05, 0.15, 4.0) + rng.normal(scale=0.004, size=len(true_rate))
    rate = np.abs(true_rate + rng.normal(scale=0.4, size=len(true_rate)))
    ordinary = fit_curve(rate, distortion).parameters["n_dim"]
    orthogonal = fit_curve(rate, distortion, errors_in="both", error_ratio=100.0).parameters["n_dim"]
    assert abs(orthogonal - 4.0) < abs(ordinary - 4.0)


@pytest.mark.parametrize("loss", ["soft_l1", "huber", "cauchy", "arctan"])
def test_robust_fit_matches_scipy(fixed_runs, loss):
    rate, distortion = fixed_runs
    distortion[4] += 0.05
    fit = fit_curve(rate, distortion, loss=loss, loss_scale=0.002)
    expected = least_squares(
        lambda b: FUNCTION(rate, *b) - distortion,
        fit.estimates,
        loss=loss,
        f_scale=0.002,
        ftol=1e-15,
        xtol=1e-15,
        gtol=1e-15,
        x_scale="jac",
    )
    # The same minimum by numeric derivatives.
    np.testing.assert_allclose(fit.estimates, expected.x, rtol=1e-5)
    assert fit.rss == pytest.approx(2 * expected.cost, rel=1e-9)


def test_default_loss_scale_follows_the_residuals(fixed_runs):
    rate, distortion = fixed_runs
    fit = fit_curve(rate, distortion, loss="huber")
    residuals = distortion - fit.predict(rate)
    # The scale is taken at the pilot fit, whose residuals differ a little.
    assert fit.problem.loss_scale == pytest.approx(1.4826 * np.median(np.abs(residuals)), rel=0.2)
    distortion[4] += 0.05
    assert fit_curve(rate, distortion, loss="huber").parameters["n_dim"] == pytest.approx(
        fit.parameters["n_dim"], rel=0.05
    )


def test_unit_of_distortion_does_not_matter(fixed_runs):
    rate, distortion = fixed_runs
    small, large = fit_curve(rate, distortion), fit_curve(rate, 1e4 * distortion)
    # Equivariance, up to rounding.
    np.testing.assert_allclose(large.estimates, small.estimates * [1e4, 1e4, 1], rtol=1e-9)


def test_order_of_runs_does_not_matter(fixed_runs):
    order = np.random.default_rng(0).permutation(15)
    fit = fit_curve(*fixed_runs)
    shuffled = fit_curve(*(values[order] for values in fixed_runs))
    np.testing.assert_allclose(shuffled.estimates, fit.estimates, rtol=1e-10)


def test_rows_that_are_not_finite_are_counted(fixed_runs):
    rate, distortion = fixed_runs
    expected = fit_curve(rate, distortion).estimates
    rate, distortion = np.append(rate, [1.0, np.inf]), np.append(distortion, [np.nan, 0.1])
    with pytest.warns(DroppedRowsWarning, match="2 of 17 runs left out"):
        fit = fit_curve(rate, distortion)
    assert (fit.n, fit.n_dropped) == (15, 2)
    np.testing.assert_array_equal(fit.estimates, expected)


RATES = np.array([0.3, 1.0, 3.0, 6.0, 10.0])


@pytest.mark.parametrize(
    ("rate", "distortion", "status"),
    [
        ([], [], Status.NO_DATA),
        (RATES, np.full(5, 0.1), Status.ZERO_VARIANCE),
        ([3.0, 3.02, 2.99], [0.1, 0.11, 0.09], Status.NOT_IDENTIFIABLE),
        ([0.0, 0.0, 0.0], [0.15, 0.16, 0.15], Status.NOT_IDENTIFIABLE),
        ([1.0], [0.1], Status.NOT_IDENTIFIABLE),
    ],
    ids=["empty", "constant", "single capacity", "collapsed", "one run"],
)
@pytest.mark.parametrize("family", FAMILIES)
def test_degenerate_data_have_a_status(rate, distortion, status, family):
    if len(rate) == 1:
        status = Status.ZERO_VARIANCE
    fit = fit_curve(rate, distortion, family=family)
    assert fit.status is status
    assert fit.message
    assert not fit.defined
    assert np.isnan(fit.predict(1.0))
    assert np.isnan(fit.area(0.0, 1.0))
    assert np.isnan(fit.knee())


def test_rising_distortion_is_no_curve():
    fit = fit_curve(RATES, 0.1 + 0.01 * RATES**2, family="convex_monotone")
    assert fit.status is Status.NOT_IDENTIFIABLE
    assert "does not fall" in fit.message


def test_floor_of_zero_is_at_its_bound():
    fit = fit_curve(RATES, 0.15 * np.exp(-RATES / 2) - 0.001)
    assert fit.status is Status.AT_BOUND
    assert "d_inf ended on a bound" in fit.message
    assert np.isnan(fit.covariance[0]).all()
    assert np.isfinite(fit.covariance[1:, 1:]).all()


def test_redundant_component_is_not_identifiable():
    # Both components are active at every observed rate, so only their product shows.
    fit = fit_curve(
        np.linspace(2, 9, 20), FUNCTION(np.linspace(2, 9, 20), 0.05, 0.15, 4.0), family="parallel_gaussian"
    )
    assert fit.status is Status.NOT_IDENTIFIABLE


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"family": "cubic"}, "family must be one of 'gaussian'"),
        ({"loss": "l2"}, "loss must be one of"),
        ({"errors_in": "rate"}, "errors_in must be one of"),
        (
            {"errors_in": "both"},
            "error_ratio must be given for errors_in='both' and only there, but got None",
        ),
        ({"error_ratio": 1.0}, "error_ratio must be given"),
        ({"weights": [1.0, 1.0, 1.0, 1.0, 0.0]}, "weights must be positive, but got 0"),
        ({"weights": [1.0]}, "must have the same length"),
        ({"groups": [1]}, "groups must have the length of rate, 5, but has 1"),
        ({"family": "convex_monotone", "loss": "huber"}, "loss must be 'linear'"),
        ({"loss_scale": 0.1}, "loss_scale must be None for loss='linear', but got 0.1"),
        ({"n_starts": 0}, "n_starts must be an integer of at least 1"),
    ],
)
def test_invalid_arguments(options, message):
    with pytest.raises(ValueError, match=message):
        fit_curve(RATES, np.exp(-RATES), **options)


def test_distortions_that_no_curve_of_the_family_has_are_refused():
    rate = np.array([0.0, 1.0, 3.0, 6.0])
    with pytest.raises(
        ValueError, match="distortion must suit the bounds of the family 'gaussian', but goes"
    ):
        fit_curve(rate, -1 - 0.1 * rate)


def test_negative_rate_is_refused():
    with pytest.raises(ValueError, match="rate must be at least 0, but got -1"):
        fit_curve([-1.0, 2.0], [0.1, 0.2])


def test_repeated_fits_are_equal_without_warning(fixed_runs):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        first, second = fit_curve(*fixed_runs), fit_curve(*fixed_runs)
    np.testing.assert_array_equal(first.estimates, second.estimates)
