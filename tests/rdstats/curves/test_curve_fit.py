import numpy as np
import pytest
from scipy.stats import ttest_1samp

from rdstats import FAMILIES, fit_curve
from rdstats._status import DegenerateDataWarning, Status

METHODS = ("jackknife", "bootstrap", "profile", "wald")


@pytest.fixture
def fit(simulate):
    rate, distortion, seed = (values.ravel() for values in simulate(6, rng=0))
    return fit_curve(rate, distortion, groups=seed)


def test_derived_quantities_have_their_closed_forms(fit):
    d_inf, d_zero, n_dim = fit.estimates
    height = d_zero - d_inf
    # Floating-point evaluation of the same formulas, and quad's tolerance of 1.5e-8.
    assert fit.slope(2.0) == pytest.approx(2 / n_dim * height * np.exp(-4 / n_dim), rel=1e-12)
    assert fit.rate_at(fit.predict(2.0)) == pytest.approx(2.0, rel=1e-9)
    area = d_inf * 5 + height * n_dim / 2 * (np.exp(-2 / n_dim) - np.exp(-12 / n_dim))
    assert fit.area(1.0, 6.0) == pytest.approx(area, rel=1e-8)


def test_slope_at_the_knee_is_the_mean_slope(fit):
    low, high = fit.problem.rate.min(), fit.problem.rate.max()
    mean = (fit.predict(low) - fit.predict(high)) / (high - low)
    # The search stops at 1e-9 nats or the rounding of a flat minimum, about 1e-6.
    assert fit.slope(fit.knee()) == pytest.approx(mean, rel=1e-5)


def test_area_checks_its_limits(fit):
    with pytest.raises(ValueError, match="high must lie in"):
        fit.area(2.0, 1.0)


def test_profile_matches_lmfit(fixed_runs):
    # lmfit 1.3.4, conf_interval(sigmas=[0.95]) on the same model and runs; 2026-11-24.
    expected = {
        "d_inf": (0.05192157386578343, 0.05282812170420424),
        "d_zero": (0.14972788251438862, 0.15125902388792653),
        "n_dim": (3.5676981730679946, 3.7266833141112157),
    }
    intervals = fit_curve(*fixed_runs).confidence_interval(method="profile")
    for name, limits in expected.items():
        # lmfit fits the other parameters to 1e-8 and its own estimates differ from the minimum by 1e-7.
        assert (intervals[name].low, intervals[name].high) == pytest.approx(limits, rel=5e-6)


@pytest.mark.parametrize("method", METHODS)
def test_intervals_hold_the_estimate_and_nest(fit, method):
    wide = fit.confidence_interval(0.95, method=method, rng=0)
    narrow = fit.confidence_interval(0.5, method=method, rng=0)
    for name, estimate in fit.parameters.items():
        assert wide[name].low < narrow[name].low < estimate < narrow[name].high < wide[name].high
        assert wide[name].method == method


def test_band_of_a_linear_curve_is_the_t_interval_of_seed_means():
    # Two levels at equal rates: the convex curve runs through the level means.
    rng = np.random.default_rng(0)
    rate = np.tile([0.0, 5.0], 6)
    distortion = np.tile([0.15, 0.05], 6) + rng.normal(scale=0.002, size=12)
    fit = fit_curve(rate, distortion, groups=np.repeat(np.arange(6), 2), family="convex_monotone")
    low, high = fit.confidence_band([0.0, 5.0])
    expected = ttest_1samp(distortion.reshape(6, 2), 0.0).confidence_interval()
    # nnls solves the same normal equations.
    np.testing.assert_allclose(low, expected.low, rtol=1e-9)
    np.testing.assert_allclose(high, expected.high, rtol=1e-9)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("method", ["jackknife", "bootstrap"])
def test_band_holds_the_curve(simulate, family, method):
    rate, distortion, seed = (values.ravel() for values in simulate(6, rng=0))
    fit = fit_curve(rate, distortion, groups=seed, family=family)
    points = np.array([1.0, 3.0, 6.0])
    low, high = fit.confidence_band(points, method=method, n_resamples=200, rng=0)
    assert np.all((low < fit.predict(points)) & (fit.predict(points) < high))


def test_groups_carry_what_seeds_share(simulate):
    rate, distortion, seed = simulate(8, rng=0)
    distortion = distortion + np.random.default_rng(1).normal(scale=0.01, size=(8, 1))
    grouped = fit_curve(rate.ravel(), distortion.ravel(), groups=seed.ravel())
    single = fit_curve(rate.ravel(), distortion.ravel())
    # The shared part moves whole curves, not their shape; runs taken one by one take it for noise.
    widths = [
        np.ptp(np.array([interval.low, interval.high]))
        for interval in (fit.confidence_interval()["n_dim"] for fit in (grouped, single))
    ]
    assert widths[0] < 0.6 * widths[1]


def test_derived_interval_agrees_with_the_band(fit):
    interval = fit.derived_interval(lambda candidate: candidate.predict(3.0))
    low, high = fit.confidence_band(3.0)
    assert (interval.low, interval.high) == pytest.approx((low[0], high[0]), rel=1e-12)


def test_bootstrap_is_seeded(fit):
    rng = np.random.default_rng(0)
    first, again = (fit.confidence_interval(method="bootstrap", n_resamples=50, rng=3) for _ in range(2))
    assert first == again
    draws = [fit.confidence_interval(method="bootstrap", n_resamples=50, rng=rng) for _ in range(2)]
    assert draws[0] != draws[1]


def test_one_seed_has_no_seed_interval(simulate):
    rate, distortion, seed = (values.ravel() for values in simulate(1, rng=0))
    fit = fit_curve(rate, distortion, groups=seed)
    assert fit.status is Status.OK
    with pytest.warns(DegenerateDataWarning, match="at least 2 seeds"):
        intervals = fit.confidence_interval()
    assert not any(interval.defined for interval in intervals.values())


def test_copied_seeds_have_no_interval():
    rate = np.tile([0.3, 1.0, 3.0, 6.0, 10.0], 3)
    distortion = 0.05 + 0.1 * np.exp(-rate / 2) + 1e-3 * np.tile(np.cos(np.arange(5)), 3)
    fit = fit_curve(rate, distortion, groups=np.repeat([0, 1, 2], 5))
    with pytest.warns(DegenerateDataWarning, match="copied runs"):
        assert not any(interval.defined for interval in fit.confidence_interval().values())


def test_two_seeds_have_a_wide_interval(simulate):
    rate, distortion, seed = (values.ravel() for values in simulate(2, rng=0))
    assert fit_curve(rate, distortion, groups=seed).confidence_interval()["d_zero"].defined


@pytest.mark.parametrize("method", METHODS)
def test_undefined_fits_have_undefined_intervals(method):
    fit = fit_curve([3.0, 3.0, 3.0, 3.0], [0.1, 0.2, 0.1, 0.2])
    with pytest.warns(DegenerateDataWarning, match="no interval exists"):
        intervals = fit.confidence_interval(method=method)
    assert not any(interval.defined for interval in intervals.values())


def test_saturated_fit_has_no_wald_interval():
    fit = fit_curve([0.3, 2.0, 6.0], [0.14, 0.09, 0.06])
    with pytest.warns(DegenerateDataWarning):
        assert not fit.confidence_interval(method="wald")["n_dim"].defined


def test_parameter_on_a_bound_has_no_jackknife_interval():
    rate = np.tile([0.3, 1.0, 3.0, 6.0, 10.0], 3)
    distortion = 0.15 * np.exp(-rate / 2) - 0.001 + 1e-4 * np.cos(np.arange(15))
    intervals = fit_curve(rate, distortion).confidence_interval()
    assert not intervals["d_inf"].defined
    assert intervals["n_dim"].defined


def test_likelihood_methods_need_a_likelihood(fixed_runs):
    fit = fit_curve(*fixed_runs, family="convex_monotone")
    with pytest.raises(ValueError, match="method must be one of"):
        fit.confidence_interval(method="profile")
    with pytest.raises(ValueError, match="method must be one of 'jackknife'"):
        fit.confidence_interval(method="exact")
    with pytest.raises(ValueError, match="confidence_level must lie in"):
        fit.confidence_interval(95)


def test_residual_check_finds_a_wrong_shape():
    rate = np.linspace(0.0, 10.0, 60)
    rng = np.random.default_rng(0)
    noise = rng.normal(scale=1e-3, size=60)
    good = fit_curve(rate, 0.05 + 0.1 * np.exp(-rate / 2) + noise).residual_check()
    wrong = fit_curve(rate, 0.05 + 0.1 / (1 + rate) ** 1.5 + noise).residual_check()
    unequal = fit_curve(rate, 0.05 + 0.1 * np.exp(-rate / 2) * (1 + 200 * noise)).residual_check()
    assert good.trend_p > 0.05
    assert good.normality_p > 0.05
    assert wrong.trend_p < 1e-3
    assert unequal.spread_p < 1e-3


def test_residual_check_of_few_runs_is_undefined():
    check = fit_curve([0.3, 2.0, 4.0, 6.0], [0.14, 0.09, 0.07, 0.06]).residual_check()
    assert check.n == 4
    assert np.isnan(check.trend_p)


@pytest.mark.slow
@pytest.mark.parametrize("n_seeds", [3, 10])
def test_default_interval_covers(simulate, n_seeds):
    n_simulations = 400
    hits = 0
    for index in range(n_simulations):
        rate, distortion, seed = (values.ravel() for values in simulate(n_seeds, rng=index))
        fit = fit_curve(rate, distortion, groups=seed, n_starts=1)
        hits += 4.0 in fit.confidence_interval()["n_dim"]
    # 0.95 minus and plus three Monte-Carlo standard errors of 0.011.
    assert 0.917 < hits / n_simulations < 0.983
