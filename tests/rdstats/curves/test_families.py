"""One contract for every family: derivatives, inverse, guess and broadcasting agree with its function."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import approx_fprime, brentq, minimize

from rdstats import FAMILIES, convex_monotone_family, fit_curve, parallel_gaussian_family

RATE = np.array([0.0, 0.3, 1.0, 3.0, 6.0, 10.0])
CASES = {
    "gaussian": [0.05, 0.15, 4.0],
    "stretched_exponential": [0.05, 0.15, 2.0, 0.8],
    "shifted_power": [0.05, 0.15, 3.0, 2.0],
    "parallel_gaussian": [0.05, 2.0, 0.07, 0.4],
    "convex_monotone": [0.05, 0.02, 0.01, 0.0, 0.004, 0.001],
}


@pytest.fixture(params=CASES)
def case(request):
    return FAMILIES[request.param].adapted_to(RATE), np.array(CASES[request.param])


def test_every_family_is_tested():
    assert set(CASES) == set(FAMILIES)


def test_parameters_are_documented_and_inside_their_bounds(case):
    family, parameters = case
    assert len(family.parameters) == len(parameters) == len(family.names)
    assert all(parameter.meaning and parameter.unit for parameter in family.parameters)
    assert np.all((family.low <= parameters) & (parameters <= family.high))


def test_jacobian_matches_differences(case):
    family, parameters = case
    rates = RATE + 0.05  # off the kinks of the piecewise families
    numeric = np.array(
        [approx_fprime(parameters, lambda b, r=rate: float(family.function(r, *b)), 1e-8) for rate in rates]
    )
    # One-sided differences with a step of 1e-8 are good to about 1e-7.
    np.testing.assert_allclose(family.jacobian(rates, *parameters), numeric, rtol=1e-5, atol=1e-6)


def test_derivative_matches_the_integral(case):
    family, parameters = case
    integral, _ = quad(
        lambda rate: float(family.derivative(rate, *parameters)), 0.5, 8.0, points=[1.0, 3.0, 6.0], limit=200
    )
    rise = family.function(8.0, *parameters) - family.function(0.5, *parameters)
    # quad's own tolerance is 1.5e-8.
    assert integral == pytest.approx(rise, abs=1e-7)


def test_inverse_undoes_the_function(case):
    family, parameters = case
    rates = np.array([0.1, 0.5, 2.0, 5.0, 9.0])
    # Double rounding where the curve is flat.
    np.testing.assert_allclose(
        family.inverse(family.function(rates, *parameters), *parameters), rates, rtol=1e-9
    )


def test_inverse_is_undefined_outside_the_curve(case):
    family, parameters = case
    top = float(family.function(0.0, *parameters))
    assert np.isnan(family.inverse(np.array([top + 0.01, 0.0]), *parameters)).all()
    assert float(family.inverse(top, *parameters)) == pytest.approx(0.0, abs=1e-12)


def test_curve_falls_and_is_convex(case):
    family, parameters = case
    curve = family.function(np.linspace(0, 12, 200), *parameters)
    assert np.all(np.diff(curve) <= 1e-15)
    assert np.all(np.diff(curve, n=2) >= -1e-15)


def test_function_broadcasts_over_fits(case):
    family, parameters = case
    many = np.stack([parameters, parameters * 0.9])
    batch = family.function(RATE, *many.T[:, :, None])
    np.testing.assert_array_equal(batch[1], family.function(RATE, *many[1]))
    if not family.linear:
        jacobian = family.jacobian(RATE, *many.T[:, :, None])
        np.testing.assert_array_equal(jacobian[1], family.jacobian(RATE, *many[1]))


def test_guess_is_inside_the_bounds(case):
    family, parameters = case
    guess = family.guess(RATE, family.function(RATE, *parameters))
    assert np.all((family.low <= guess) & (guess <= family.high))


def test_guess_of_collapsed_runs_is_inside_the_bounds(case):
    family, _ = case
    guess = family.guess(np.zeros(3), np.full(3, 0.15))
    assert np.all((family.low <= guess) & (guess <= family.high))


def test_fit_recovers_the_parameters(case):
    family, parameters = case
    rates = np.union1d(RATE, np.linspace(0.0, 10.0, 21))
    fit = fit_curve(rates, family.function(rates, *parameters), family=family.name)
    # Noise-free data: what is left is the flatness of the minimum.
    np.testing.assert_allclose(fit.predict(rates), family.function(rates, *parameters), atol=1e-7)


def test_water_filling_matches_a_numeric_solution():
    parameters = (0.05, 2.0, 0.07, 0.4)
    variances = np.array([0.07, 0.028])

    def rate_of(level):
        return 2.0 * np.maximum(0.0, 0.5 * np.log(variances / level)).sum()

    level = brentq(lambda candidate: rate_of(candidate) - 1.5, 1e-9, 0.07, xtol=1e-15)
    expected = 0.05 + np.minimum(level, variances).sum()
    # brentq's tolerance.
    assert float(FAMILIES["parallel_gaussian"].function(1.5, *parameters)) == pytest.approx(
        expected, abs=1e-12
    )


def test_equal_components_are_the_gaussian_family():
    curve = parallel_gaussian_family(3).function(RATE, 0.05, 2.0, 0.03, 1.0, 1.0)
    np.testing.assert_allclose(curve, FAMILIES["gaussian"].function(RATE, 0.05, 0.14, 6.0), rtol=1e-14)


def test_convex_fit_matches_a_constrained_optimizer():
    rate = np.array([0.0, 1.0, 2.0, 4.0, 7.0])
    distortion = np.array([0.16, 0.11, 0.12, 0.06, 0.065])
    fit = fit_curve(rate, distortion, family="convex_monotone")

    def slopes(curve):
        return np.diff(curve) / np.diff(rate)

    reference = minimize(
        lambda curve: 1e3 * ((curve - distortion) ** 2).sum(),
        np.linspace(0.15, 0.05, 5),
        method="SLSQP",
        constraints=[
            {"type": "ineq", "fun": lambda curve: -slopes(curve)},
            {"type": "ineq", "fun": lambda curve: np.diff(slopes(curve))},
        ],
        options={"ftol": 1e-14, "maxiter": 500},
    )
    # SLSQP stops at a relative change of 1e-14 in the objective, the root of that in the curve.
    np.testing.assert_allclose(fit.predict(rate), reference.x, atol=1e-6)


def test_convex_knots_are_limited():
    assert len(convex_monotone_family(np.linspace(0, 10, 500)).parameters) == 31


def test_number_of_components_is_checked():
    with pytest.raises(ValueError, match="n_components must be an integer of at least 1, but got 0"):
        parallel_gaussian_family(0)
