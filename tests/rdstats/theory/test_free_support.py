import numpy as np
import ot
import pytest

from rdstats._status import Status
from rdstats.theory import bernoulli_rd, blahut_arimoto, corridor_parts, corridor_source, free_support


def random_points(seed, n_points=9, n_dimensions=3):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n_points, n_dimensions)), rng.dirichlet(np.full(n_points, 3.0))


@pytest.mark.parametrize("beta", [0.1, 0.3, 1.0, 3.0])
def test_two_points_in_closed_form(beta):
    # Points at distance 2 are a Bernoulli pixel scaled by 2, so the slope scales by 4.
    rate, distortion = bernoulli_rd(0.3, 4.0 * beta)
    solution = free_support([[-1.0, 5.0], [1.0, 5.0]], [0.3, 0.7], beta, tol=1e-10)
    assert solution.value == pytest.approx(rate + 4.0 * beta * distortion, abs=1e-9)
    assert solution.status is Status.OK


@pytest.mark.parametrize("beta", [0.5, 2.0])
def test_agrees_with_a_grid_of_reproductions(beta):
    points, weights = random_points(0, n_dimensions=1)
    grid = np.linspace(points.min(), points.max(), 61)
    fixed = blahut_arimoto(weights, (points - grid) ** 2, beta, tol=2e-3, max_iterations=2000)
    solution = free_support(points, weights, beta)
    assert solution.value - solution.gap <= fixed.value
    # Moving a reproduction by half a step h costs at most beta h^2 / 4 at its centroid.
    half_step_cost = beta * (grid[1] - grid[0]) ** 2 / 4
    assert fixed.value - fixed.gap - solution.value <= half_step_cost


@pytest.mark.parametrize("beta", [0.3, 1.0])
def test_channel_is_the_entropic_optimal_transport_plan(beta):
    # POT 0.9.7, 2026-11-24: with both marginals fixed, the cheapest coupling at regularization 1 / beta.
    points, weights = random_points(1)
    solution = free_support(points, weights, beta)
    cost = ((points[:, None] - solution.support) ** 2).sum(axis=2)
    plan = ot.sinkhorn(weights, solution.weights, cost, 1.0 / beta, stopThr=1e-9, numItermax=10_000)
    # Our marginals meet the fixed-point condition to the square root of the gap of 1e-7.
    assert (plan * cost).sum() == pytest.approx(solution.distortion, abs=1e-3)
    assert weights[:, None] * solution.channel == pytest.approx(plan, abs=1e-3)


@pytest.mark.parametrize("seed", range(8))
def test_optimality_conditions(seed):
    points, weights = random_points(seed)
    solution = free_support(points, weights, 0.8)
    joint = weights[:, None] * solution.channel
    centroids = (joint.T @ points) / joint.sum(axis=0)[:, None]
    assert solution.gap <= 1e-7
    assert joint.sum() == pytest.approx(1.0)
    # Locations are as sharp as the square root of the gap, which is second order in them.
    assert solution.support == pytest.approx(centroids, abs=1e-3)


def test_rotation_and_shift_change_nothing():
    points, weights = random_points(2)
    rotation, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))
    first = free_support(points, weights, 0.7)
    second = free_support(points @ rotation + 4.0, weights, 0.7)
    assert second.value == pytest.approx(first.value, abs=1e-7)


def test_warm_and_cold_starts_agree():
    points, weights = random_points(4)
    start = free_support(points, weights, 2.0)
    warm = free_support(points, weights, 0.6, start=start)
    assert warm.value == pytest.approx(free_support(points, weights, 0.6).value, abs=2e-7)


def test_limits():
    points, weights = random_points(5)
    dear = free_support(points, weights, 1e4)
    assert dear.rate == pytest.approx(-(weights * np.log(weights)).sum(), abs=1e-9)
    cheap = free_support(points, weights, 1e-3)
    variance = weights @ ((points - weights @ points) ** 2).sum(axis=1)
    assert cheap.rate == pytest.approx(0.0, abs=1e-9)
    assert cheap.distortion == pytest.approx(variance, abs=1e-6)


@pytest.mark.parametrize("beta", [0.2, 0.6])
def test_halves_solved_separately_and_jointly_agree(beta):
    half, whole = corridor_parts()[0], corridor_source()
    separate = free_support(half.points, half.weights, beta)
    joint = free_support(whole.points, whole.weights, beta, tol=1e-5)
    assert separate.gap <= 1e-6
    assert joint.gap <= 1e-4
    assert joint.value == pytest.approx(2.0 * separate.value, abs=joint.gap + 2.0 * separate.gap)


def test_penalty_of_zero_changes_nothing_and_an_infinite_one_decides():
    points, weights = random_points(6)
    labels = np.arange(9) % 2
    free = free_support(points, weights, 0.3)
    same = free_support(points, weights, 0.3, penalty=np.zeros((2, 9)))
    assert same.value == pytest.approx(free.value, abs=2e-7)
    wrong = np.arange(2)[:, None] != labels
    decided = free_support(points, weights, 0.3, penalty=np.where(wrong, np.inf, 0.0))
    class_p = np.bincount(labels, weights)
    assert decided.gap <= 1e-7
    assert decided.rate >= -(class_p * np.log(class_p)).sum() - 1e-9
    assert decided.channel[:, decided.labels == 1][labels == 0].max() == 0.0


def test_unfinished_search_says_so():
    points, weights = random_points(7, n_points=30)
    solution = free_support(points, weights, 0.6, tol=1e-15, max_rounds=1)
    assert solution.status is Status.NOT_CONVERGED
    assert "raise max_rounds or tol" in solution.message


@pytest.mark.parametrize(
    ("points", "weights", "options", "message"),
    [
        ([[0.0], [1.0]], [0.5, 0.6], {}, "weights must be positive and sum to 1"),
        ([[0.0], [np.nan]], [0.5, 0.5], {}, "points must be finite"),
        ([[0.0]], [0.5, 0.5], {}, r"points must be finite with one row per weight \(2\)"),
        ([[0.0], [1.0]], [0.5, 0.5], {"penalty": [[-1.0, 0.0]]}, "penalty must be at least 0"),
        ([[0.0], [1.0]], [0.5, 0.5], {"penalty": [[np.inf, 0.0]]}, "penalty must be at least 0"),
    ],
)
def test_bad_input(points, weights, options, message):
    with pytest.raises(ValueError, match=message):
        free_support(points, weights, 1.0, **options)


def test_start_of_another_problem():
    start = free_support([[0.0], [1.0]], [0.5, 0.5], 1.0)
    with pytest.raises(
        ValueError,
        match="start must have 2 dimensions and 0 classes like points and classes, but got 1 and 0",
    ):
        free_support([[0.0, 0.0], [1.0, 0.0]], [0.5, 0.5], 1.0, start=start)


def test_points_that_coincide_need_no_rate():
    solution = free_support([[2.0, 3.0], [2.0, 3.0]], [0.4, 0.6], 1.0)
    assert (solution.rate, solution.distortion, solution.gap) == pytest.approx((0.0, 0.0, 0.0), abs=1e-12)
