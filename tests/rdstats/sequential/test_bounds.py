"""Critical values of group-sequential t tests against Student's t and simulated paths."""

import numpy as np
import pytest
from scipy import stats

from rdstats import GroupSequentialDesign
from rdstats._sequential import _bounds
from rdstats._sequential._bounds import critical_values


def t_paths(n_paths: int, n_max: int, *, seed: int) -> np.ndarray:
    """Return t of the first 2, 3, ... normal numbers, shape (n_paths, n_max - 1)."""
    x = np.random.default_rng(seed).standard_normal((n_paths, n_max))
    n = np.arange(1, n_max + 1)
    mean = x.cumsum(axis=1) / n
    variance = ((x**2).cumsum(axis=1) - n * mean**2)[:, 1:] / (n[1:] - 1)
    return mean[:, 1:] / np.sqrt(variance / n[1:])


@pytest.mark.parametrize("n", [2, 5, 10, 40])
@pytest.mark.parametrize("alpha", [0.2, 0.025, 1e-5])
def test_one_look_is_students_test(n: int, alpha: float) -> None:
    assert critical_values(np.array([alpha]), first=n, two_sided=True)[0] == pytest.approx(
        stats.t.ppf(1 - alpha, n - 1), rel=1e-6
    )


@pytest.mark.parametrize("two_sided", [True, False])
@pytest.mark.parametrize("n", [5, 10, 40])
def test_looks_that_spend_next_to_nothing_change_nothing(n: int, two_sided: bool) -> None:
    # All the numerical integration is between the first look and the last; the answer is known.
    spent = np.full(n - 1, 1e-12)
    spent[-1] = 0.025
    critical = critical_values(spent, first=2, two_sided=two_sided)
    assert critical[-1] == pytest.approx(stats.t.ppf(0.975, n - 1), rel=1e-5)


def test_looks_without_error_to_spend_cannot_decide() -> None:
    critical = critical_values(np.array([0.0, 0.0, 0.025]), first=4, two_sided=True)
    assert np.isinf(critical[:2]).all()
    assert critical[2] == pytest.approx(stats.t.ppf(0.975, 5), rel=1e-9)


@pytest.mark.parametrize("spending", ["quadratic", "linear", "obrien-fleming", "pocock"])
@pytest.mark.parametrize("two_sided", [True, False])
def test_simulated_paths_cross_as_often_as_error_is_spent(spending: str, two_sided: bool) -> None:
    design = GroupSequentialDesign(n_max=12, first=3, spending=spending)
    critical = design.critical_values(0.1, two_sided=two_sided)
    t = t_paths(100_000, 12, seed=3)[:, 1:]
    crossed = np.logical_or.accumulate((t >= critical) | ((t <= -critical) & two_sided), axis=1).mean(axis=0)
    spent = 2 * design.spent(0.05) if two_sided else design.spent(0.1)
    tolerance = 4 * np.sqrt(spent * (1 - spent) / 100_000)  # standard errors of the simulation
    assert np.all(np.abs(crossed - spent) < tolerance)


def test_finer_integration_moves_no_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    spent = GroupSequentialDesign(n_max=15, first=3).spent(0.025)
    coarse = critical_values(spent, first=3, two_sided=True)
    monkeypatch.setattr(_bounds, "_SERIES", 96)
    monkeypatch.setattr(_bounds, "_NODES", 80)
    _bounds._quadrature.cache_clear()
    try:
        fine = critical_values(spent, first=3, two_sided=True)
    finally:
        _bounds._quadrature.cache_clear()
    # The laws of the first few seeds have kinks, where a series converges slowly.
    np.testing.assert_allclose(coarse, fine, rtol=5e-5)
    np.testing.assert_allclose(coarse[6:], fine[6:], rtol=1e-6)


@pytest.mark.parametrize("spending", ["quadratic", "linear", "obrien-fleming", "pocock"])
def test_all_the_error_is_spent_at_the_end_and_no_more(spending: str) -> None:
    spent = GroupSequentialDesign(n_max=30, first=2, spending=spending).spent(0.03)
    assert spent[-1] == pytest.approx(0.03)
    assert np.all(np.diff(spent) > 0)
    assert spent[0] > 0


def test_spending_by_name() -> None:
    # Halfway, of 0.05: a quarter, a half, and the formulas of Lan and DeMets (1983) with SciPy's normal law.
    halfway = {
        name: GroupSequentialDesign(n_max=4, first=2, spending=name).spent(0.05)[0]
        for name in ("quadratic", "linear", "obrien-fleming", "pocock")
    }
    known = [
        0.0125,
        0.025,
        2 * stats.norm.sf(stats.norm.isf(0.025) / 0.5**0.5),
        0.05 * np.log(1 + np.expm1(1) / 2),
    ]
    assert list(halfway.values()) == pytest.approx(known)


def test_bounds_fall_as_the_level_rises() -> None:
    design = GroupSequentialDesign(n_max=10, first=3)
    critical = np.array([design.critical_values(alpha) for alpha in (1e-6, 1e-3, 0.01, 0.05, 0.3, 0.99)])
    assert np.all(np.diff(critical, axis=0) < 0)


def test_the_caller_cannot_change_what_is_cached() -> None:
    design = GroupSequentialDesign(n_max=5)
    design.critical_values(0.05)[:] = 0
    assert design.critical_values(0.05).min() > 2
