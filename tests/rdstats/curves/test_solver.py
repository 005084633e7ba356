import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from rdstats import least_squares_fit
from rdstats._curves._solver import condition_number, on_bound
from rdstats._status import Status

ROOT = Path(__file__).parents[3]
X = np.linspace(0.0, 4.0, 12)
Y = 2.0 * np.exp(-0.7 * X)


def _load_benchmark():
    spec = importlib.util.spec_from_file_location("nist", ROOT / "benchmarks" / "nist.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["nist"] = module  # where dataclasses look their module up
    spec.loader.exec_module(module)
    return module


nist = _load_benchmark()


def _residual(b):
    return b[0] * np.exp(-b[1] * X) - Y


def _jacobian(b):
    return np.stack([np.exp(-b[1] * X), -b[0] * X * np.exp(-b[1] * X)], axis=1)


@pytest.mark.parametrize("start", [0, 1])
@pytest.mark.parametrize("name", nist.MODELS)
def test_certified_digits_of_nist(name, start):
    # NIST calls a solver good that reaches 4 to 6 digits of the 11 that it certifies.
    assert nist.digits(nist.load_dataset(name), start) >= 6


def test_rss_of_nist():
    dataset = nist.load_dataset("Misra1a")
    model = nist.MODELS["Misra1a"]
    residuals = model(dataset.x, *dataset.certified) - dataset.y
    # The certified parameters are rounded to 11 digits.
    assert residuals @ residuals == pytest.approx(dataset.certified_rss, rel=1e-9)


def test_published_table_names_every_data_set():
    page = (ROOT / "docs" / "nist.md").read_text()
    assert "27/27" in page
    assert all(f"| {name} |" in page for name in nist.MODELS)


def test_exact_data_are_fitted_to_rounding():
    solution = least_squares_fit(_residual, _jacobian, [1.0, 1.0])
    # A few units in the last place of the parameters.
    np.testing.assert_allclose(solution.parameters, [2.0, 0.7], rtol=1e-14)
    assert solution.status is Status.OK


def test_more_starts_escape_a_local_minimum():
    x = np.linspace(0, 10, 60)

    def residual(b):
        return np.sin(b[0] * x) - np.sin(1.5 * x)

    def jacobian(b):
        return (x * np.cos(b[0] * x))[:, None]

    one = least_squares_fit(residual, jacobian, [0.8])
    many = least_squares_fit(residual, jacobian, [0.8], n_starts=30, rng=0)
    assert one.rss > 1
    # The residuals vanish at the minimum, up to rounding.
    assert many.rss < 1e-20


def test_bound_is_reported():
    solution = least_squares_fit(_residual, _jacobian, [1.0, 0.2], bounds=([0.0, 0.0], [5.0, 0.5]))
    assert solution.status is Status.AT_BOUND
    assert solution.at_bound.tolist() == [False, True]


def test_free_parameters_are_not_identifiable():
    solution = least_squares_fit(lambda b: b[0] + b[1] - Y, lambda b: np.ones((len(X), 2)), [1.0, 1.0])
    assert solution.status is Status.NOT_IDENTIFIABLE
    assert "condition" in solution.message


def test_start_without_finite_residuals_does_not_raise():
    solution = least_squares_fit(lambda b: np.full(3, np.nan), lambda b: np.full((3, 1), np.nan), [1.0])
    assert solution.status is Status.NOT_CONVERGED
    assert np.isnan(solution.parameters).all()


def test_robust_loss_resists_an_outlier():
    spoiled = Y.copy()
    spoiled[5] += 3.0

    def residual(b):
        return b[0] * np.exp(-b[1] * X) - spoiled

    plain = least_squares_fit(residual, _jacobian, [1.0, 1.0])
    robust = least_squares_fit(residual, _jacobian, [1.0, 1.0], loss="soft_l1", loss_scale=0.01)
    truth = np.array([2.0, 0.7])
    assert np.abs(robust.parameters - truth).max() < 0.1 * np.abs(plain.parameters - truth).max()


def test_condition_number_ignores_the_units_of_parameters():
    jacobian = np.random.default_rng(0).normal(size=(10, 3))
    # Scaling columns changes rounding only.
    assert condition_number(jacobian * [1.0, 1e8, 1e-8]) == pytest.approx(
        condition_number(jacobian), rel=1e-9
    )
    assert condition_number(np.zeros((4, 2))) == np.inf


def test_on_bound_is_relative():
    assert on_bound(np.array([1e6]), np.array([0.0]), np.array([1e6 + 0.5])).tolist() == [True]
    assert on_bound(np.array([0.01]), np.array([0.0]), np.array([np.inf])).tolist() == [False]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"loss": "l2"}, "loss must be one of"),
        ({"n_starts": 0}, "n_starts must be an integer of at least 1, but got 0"),
        ({"bounds": ([2.0, 0.0], [3.0, 1.0])}, "start must lie within bounds"),
        ({"bounds": ([0.0], [3.0])}, "bounds must have the shape of start"),
        ({"loss_scale": 0.0}, "loss_scale must lie in"),
    ],
)
def test_invalid_arguments(options, message):
    with pytest.raises(ValueError, match=message):
        least_squares_fit(_residual, _jacobian, [1.0, 1.0], **options)
