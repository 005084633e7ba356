import itertools

import numpy as np
import pytest

from rdstats.theory import (
    BernoulliMixture,
    corridor_parts,
    free_support,
    gray_bounds,
    pixel_bounds,
    pixel_lower_bound,
    pixel_upper_bound,
)
from rdstats.theory._images import Images
from rdstats.theory._pixel_upper import _stratified_error


def random_source(rng, *, most_pixels):
    """A mixture with at most ``most_pixels`` pixels, some of them deterministic."""
    copies = int(rng.integers(1, 3))
    n_columns = int(rng.integers(1, most_pixels // copies + 1))
    n_states = int(rng.integers(1, 5))
    probabilities = rng.beta(0.6, 0.6, size=(n_states, n_columns)).round(2)
    return BernoulliMixture(rng.dirichlet(np.full(n_states, 2.0)), probabilities, copies=copies)


def exact_optimum(source, beta):
    """The image source's own optimum, from all its images, as a certified bracket."""
    n_columns = source.probabilities.shape[1]
    images = np.array(list(itertools.product([0.0, 1.0], repeat=source.copies * n_columns)))
    ones = np.tile(source.probabilities, (1, source.copies))
    chance = np.where(images[:, None] == 1.0, ones, 1.0 - ones).prod(axis=2) @ source.weights
    seen = chance > 0
    solution = free_support(images[seen], chance[seen] / chance.sum(), beta, tol=1e-4, max_rounds=3)
    return solution.value - solution.gap, solution.value


def bounds_of(source, beta):
    factor = free_support(source.points, source.weights, beta)
    upper = pixel_upper_bound(source, factor, rng=0)
    return pixel_lower_bound(source, upper.law), upper


def assert_bracketed(source, beta):
    low, high = exact_optimum(source, beta)
    lower, upper = bounds_of(source, beta)
    # Rounding only: neither bound involves sampling here, as all images are enumerated.
    assert upper.standard_error == 0.0
    assert lower.value <= high + 1e-9
    assert upper.value >= low - 1e-9
    gray = gray_bounds(source, beta)
    assert gray.lower <= high + 1e-9
    assert gray.upper >= low - 1e-9


@pytest.mark.parametrize("seed", range(12))
def test_bounds_bracket_the_exact_optimum(seed):
    rng = np.random.default_rng(seed)
    source = random_source(rng, most_pixels=5)
    for beta in (rng.uniform(0.3, 2.0), rng.uniform(2.0, 5.0)):
        assert_bracketed(source, beta)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100))
def test_bounds_bracket_the_exact_optimum_up_to_eight_pixels(seed):
    rng = np.random.default_rng(1000 + seed)
    # An exact solution with eight pixels (256 images) takes long; one source in five may have as many.
    source = random_source(rng, most_pixels=8 if seed % 5 == 0 else 6)
    for beta in (0.6, 1.8, 4.0):
        assert_bracketed(source, beta)


def test_sampled_upper_bound_agrees_with_enumeration():
    rng = np.random.default_rng(0)
    source = BernoulliMixture([0.4, 0.6], rng.uniform(size=(2, 3)), copies=2)
    factor = free_support(source.points, source.weights, 1.5)
    exact = pixel_upper_bound(source, factor)
    wide = BernoulliMixture([0.4, 0.6], np.hstack([source.probabilities, np.zeros((2, 9))]), copies=2)
    sampled = pixel_upper_bound(wide, free_support(wide.points, wide.weights, 1.5), n_test=20_000, rng=1)
    assert sampled.standard_error > 0.0
    # The nine constant columns change nothing but the number of images; the fit costs what 500 images cost.
    assert sampled.value == pytest.approx(exact.value, abs=5 * sampled.standard_error + 1e-3)


def test_images_are_told_apart_at_slopes_at_which_states_are_not():
    source = BernoulliMixture([0.5, 0.5], [[0.2, 0.2], [0.8, 0.8]], copies=2)
    factor = free_support(source.points, source.weights, 1.25)
    assert factor.rate == pytest.approx(0.0, abs=1e-6)
    upper, (low, high) = pixel_upper_bound(source, factor), exact_optimum(source, 1.25)
    assert high < 1.25 * source.zero_rate_distortion - 0.01
    assert low - 1e-9 <= upper.value < 1.25 * source.zero_rate_distortion - 0.01


def test_the_standard_error_weighs_states_by_their_probability():
    source = BernoulliMixture([0.75, 0.25], [[0.1], [0.2]])
    states = np.array([0, 0, 1, 1])
    images = Images(np.zeros((4, 1)), states, source.weights[states] / 2, exhaustive=False)
    # Costs with variances 2 and 8, so that their means have 1 and 4.
    error = _stratified_error(np.array([1.0, 3.0, 0.0, 4.0]), images, source)
    assert error == pytest.approx(np.sqrt(0.75**2 * 1.0 + 0.25**2 * 4.0))


def test_upper_bound_is_seeded():
    source = corridor_parts()[0]
    factor = free_support(source.points, source.weights, 0.3)
    options = {"n_train": 50, "n_test": 50}
    first, again, other = (pixel_upper_bound(source, factor, rng=seed, **options).value for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_achievable_point_lies_on_its_tangent():
    source = corridor_parts()[0]
    _, upper = bounds_of(source, 0.4)
    assert upper.rate + 0.4 * upper.distortion == pytest.approx(upper.value)


@pytest.mark.parametrize("beta", [1.5, 4.0])
def test_a_certain_state_leaves_nothing_between_the_bounds(beta):
    source = BernoulliMixture([1.0], [[0.5, 0.3, 0.02]], copies=2)
    lower, upper = bounds_of(source, beta)
    exact = gray_bounds(source, beta).lower
    assert lower.value == pytest.approx(exact, abs=1e-9)
    assert upper.value == pytest.approx(exact, abs=1e-6)


def test_grouping_columns_changes_little():
    rng = np.random.default_rng(5)
    first, second = rng.uniform(size=(2, 2, 2))
    probabilities = np.array([[*a, *b] for a in first for b in second])
    together = BernoulliMixture(np.full(4, 0.25), probabilities, copies=2)
    grouped = BernoulliMixture(np.full(4, 0.25), probabilities, copies=2, block_sizes=(2, 2))
    (lower, upper), (grouped_lower, _) = bounds_of(together, 1.5), bounds_of(grouped, 1.5)
    assert grouped_lower.value <= upper.value
    # Independent groups lose nothing by sharing multipliers; both searches stop at a slack of 0.002.
    assert grouped_lower.value == pytest.approx(lower.value, abs=4e-3)


def test_uniform_corridors_within_half_a_thousandth():
    bounds = pixel_bounds(corridor_parts(), betas=[0.2, 0.7])
    width = (bounds.value_upper + 3 * bounds.standard_error - bounds.value_lower) / bounds.beta / 169
    assert np.all(width > 0.0)
    assert np.all(width < 0.0005)
    assert bounds.rate[0] < 1.5
    assert bounds.rate[-1] > 3.9


def test_twins_have_twice_the_bounds_and_strangers_independent_errors():
    rng = np.random.default_rng(0)
    # 2 ** 13 images are too many to be enumerated, so that there is an error.
    one, other = (BernoulliMixture([0.5, 0.5], rng.uniform(size=(2, 13))) for _ in range(2))
    lists = ([one], [other], [one, one], [one, other])
    alone, stranger, twins, both = (pixel_bounds(parts, betas=[2.5]) for parts in lists)
    assert alone.standard_error[0] > 0.0
    for name in ("value_lower", "value_upper", "standard_error", "rate", "distortion"):
        assert getattr(twins, name) == pytest.approx(2.0 * getattr(alone, name)), name
    independent = np.hypot(alone.standard_error, stranger.standard_error)
    # A part that comes second is drawn other images, from which the error is estimated to a few per cent.
    assert both.standard_error == pytest.approx(independent, rel=0.05)


def test_bad_input():
    source = corridor_parts()[0]
    factor = free_support([[0.0], [1.0]], [0.5, 0.5], 1.0)
    with pytest.raises(ValueError, match="factor must have 13 dimensions like source, but got 1"):
        pixel_upper_bound(source, factor)
    with pytest.raises(ValueError, match="betas must be positive and finite"):
        pixel_bounds([source], betas=[0.0])
    with pytest.raises(ValueError, match="parts must hold at least one source"):
        pixel_bounds([], betas=[1.0])
