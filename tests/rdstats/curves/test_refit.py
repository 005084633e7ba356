import numpy as np
import pytest

from rdstats import FAMILIES, fit_curve
from rdstats._curves._refit import loss_values, refit

PARAMETRIC = [name for name, family in FAMILIES.items() if not family.linear]


@pytest.mark.parametrize("loss", ["linear", "huber"])
@pytest.mark.parametrize("family", ["gaussian", "stretched_exponential"])
def test_batched_fits_match_single_fits(simulate, family, loss):
    rate, distortion, _ = (values.ravel() for values in simulate(4, rng=1))
    options = {"family": family, "loss": loss, "loss_scale": 0.002 if loss == "huber" else None}
    fit = fit_curve(rate, distortion, **options)
    counts = np.random.default_rng(0).multinomial(20, np.full(20, 0.05), size=6).astype(float)
    batch = refit(fit.problem, np.tile(fit.estimates, (6, 1)), counts)
    for row, count in zip(batch.parameters, counts, strict=True):
        repeated = np.repeat(np.arange(20), count.astype(int))
        single = fit_curve(rate[repeated], distortion[repeated], **options)
        # Two algorithms at one minimum, stopped at relative steps of 1e-9 in a valley of condition 1e3.
        np.testing.assert_allclose(row, single.estimates, rtol=1e-5, atol=1e-7)


def test_linear_refit_counts_runs(simulate):
    rate, distortion, _ = (values.ravel() for values in simulate(3, rng=2))
    fit = fit_curve(rate, distortion, family="convex_monotone")
    doubled = refit(fit.problem, fit.estimates[None], np.full((1, 15), 2.0))
    np.testing.assert_allclose(doubled.parameters[0], fit.estimates, atol=1e-12)
    assert doubled.objective[0] == pytest.approx(2 * fit.rss, rel=1e-9)


@pytest.mark.parametrize("family", PARAMETRIC)
def test_held_parameters_do_not_move(simulate, family):
    rate, distortion, _ = (values.ravel() for values in simulate(3, rng=3))
    fit = fit_curve(rate, distortion, family=family)
    start = fit.estimates * 1.01
    held = np.zeros((1, len(start)), dtype=bool)
    held[0, 1] = True
    moved = refit(fit.problem, start[None], np.ones((1, 15)), held=held)
    assert moved.parameters[0, 1] == start[1]
    assert moved.objective[0] >= fit.rss * (1 - 1e-9)


@pytest.mark.parametrize("loss", ["linear", "soft_l1", "huber", "cauchy", "arctan"])
def test_loss_derivatives_match_differences(loss):
    squares = np.array([0.1, 0.5, 0.9, 1.5, 8.0])
    step = 1e-6
    numeric = (loss_values(loss, squares + step)[0] - loss_values(loss, squares - step)[0]) / (2 * step)
    # Central differences with a step of 1e-6 are good to 1e-9.
    np.testing.assert_allclose(loss_values(loss, squares)[1], numeric, rtol=1e-7)
