"""Paired and unpaired comparisons, equivalence: other programs' values, dualities, degenerate data."""

import itertools
import json
import math
import warnings
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from rdstats import compare_paired, compare_unpaired, equivalence_test
from rdstats._comparisons import _randomization
from rdstats._status import DegenerateDataWarning, DroppedRowsWarning, Status

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "comparisons.json").read_text())
PAIRED = ("t", "wilcoxon", "sign_flip")
UNPAIRED = ("welch", "brunner_munzel", "permutation")
# Closed forms and enumerations in double precision on fewer than 100 numbers.
EXACT = {"rel": 1e-10}


@pytest.fixture
def pair():
    rng = np.random.default_rng(1)
    baseline = rng.normal(size=9)
    return baseline, baseline + rng.normal(0.5, 1.0, size=9)


@pytest.mark.parametrize("alternative", ["two-sided", "greater"])
def test_wilcoxon_matches_r(alternative):
    case = GOLDEN["wilcoxon_exact"]
    result = compare_paired(case["y"], case["x"], method="wilcoxon", alternative=alternative)
    assert result.p_value == pytest.approx(case[alternative], **EXACT)


@pytest.mark.parametrize("alternative", ["two-sided", "greater"])
def test_brunner_munzel_matches_r(alternative):
    case = GOLDEN["brunner_munzel"]
    result = compare_unpaired(case["x"], case["y"], method="brunner_munzel", alternative=alternative)
    assert result.statistic == pytest.approx(case["statistic"], **EXACT)
    assert result.p_value == pytest.approx(case[alternative], **EXACT)


def test_brunner_munzel_interval_matches_r():
    case = GOLDEN["brunner_munzel_interval"]
    x, y = np.repeat(case["levels"], case["x_counts"]), np.repeat(case["levels"], case["y_counts"])
    result = compare_unpaired(x, y, method="brunner_munzel")
    found = (result.estimate, result.p_value, result.interval.low, result.interval.high)
    # R printed 13 digits.
    assert found == pytest.approx([case[key] for key in ("estimate", "p_value", "low", "high")], rel=1e-11)


@pytest.mark.parametrize(
    ("paired", "variable"), [(True, "var1"), (True, "var2"), (False, "var2")], ids=["p1", "p2", "u2"]
)
def test_equivalence_matches_r(paired, variable):
    case = GOLDEN["equivalence"]
    expected = case["paired" if paired else "unpaired"][variable]
    result = equivalence_test(case["group_2"][variable], case["group_1"][variable], margin=0.6, paired=paired)
    assert result.p_value == pytest.approx(expected["p_value"], **EXACT)
    assert (result.interval.low, result.interval.high) == pytest.approx(
        (expected["low"], expected["high"]), **EXACT
    )


@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
def test_t_tests_match_scipy(pair, alternative):
    baseline, hybrid = pair
    paired = stats.ttest_rel(hybrid, baseline, alternative=alternative)
    welch = stats.ttest_ind(hybrid[:6], baseline, equal_var=False, alternative=alternative)
    assert compare_paired(baseline, hybrid, alternative=alternative).p_value == pytest.approx(
        paired.pvalue, **EXACT
    )
    assert compare_unpaired(baseline, hybrid[:6], alternative=alternative).p_value == pytest.approx(
        welch.pvalue, **EXACT
    )


@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
def test_randomization_matches_scipy(pair, alternative):
    baseline, hybrid = pair
    flips = stats.permutation_test(
        (hybrid - baseline,), np.mean, permutation_type="samples", n_resamples=np.inf, alternative=alternative
    )
    found = compare_paired(baseline, hybrid, method="sign_flip", alternative=alternative)
    assert found.p_value == pytest.approx(flips.pvalue, **EXACT)
    swaps = stats.permutation_test(
        (hybrid[:5], baseline), lambda x, y: x.mean() - y.mean(), n_resamples=np.inf, alternative=alternative
    )
    found = compare_unpaired(baseline, hybrid[:5], method="permutation", alternative=alternative)
    assert found.p_value == pytest.approx(swaps.pvalue, **EXACT)


def test_wilcoxon_is_exact_with_ties_and_zeros():
    # Differences on a grid of tenths: ties and zeros that rounding noise would break without care.
    baseline = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7])
    hybrid = np.array([0.3, 0.4, 0.4, 0.4, 0.7, 0.5, 1.1])
    ranks = np.array([5.0, 5.0, 2.5, 0.0, 5.0, -2.5, 7.0])
    every = [np.dot(signs, np.abs(ranks)) for signs in itertools.product([1, -1], repeat=7)]
    expected = np.mean(np.array(every) >= ranks.sum())
    result = compare_paired(baseline, hybrid, method="wilcoxon", alternative="greater")
    assert result.p_value == pytest.approx(expected, **EXACT)
    assert result.statistic == ranks.sum()


@pytest.mark.parametrize("method", PAIRED)
@pytest.mark.parametrize("level", [0.9, 0.95])
def test_paired_interval_inverts_its_test(pair, method, level):
    baseline, hybrid = pair
    interval = compare_paired(baseline, hybrid, method=method, confidence_level=level).interval
    for end, outward in ((interval.low, -1), (interval.high, 1)):
        inside = compare_paired(baseline, hybrid - end + outward * 1e-6, method=method).p_value
        outside = compare_paired(baseline, hybrid - end - outward * 1e-6, method=method).p_value
        assert outside <= 1 - level + 1e-6 < inside + 2e-5


@pytest.mark.parametrize("method", ["welch", "permutation"])
def test_unpaired_interval_inverts_its_test(pair, method):
    baseline, hybrid = pair[0], pair[1][:6]
    interval = compare_unpaired(baseline, hybrid, method=method).interval
    for end, outward in ((interval.low, -1), (interval.high, 1)):
        inside = compare_unpaired(baseline, hybrid - end + outward * 1e-6, method=method).p_value
        outside = compare_unpaired(baseline, hybrid - end - outward * 1e-6, method=method).p_value
        assert outside <= 0.05 + 1e-6 < inside + 2e-5


@pytest.mark.parametrize("method", PAIRED)
def test_exchange_of_conditions_turns_signs(pair, method):
    one, other = (compare_paired(*order, method=method) for order in (pair, pair[::-1]))
    assert one.estimate == -other.estimate
    assert one.p_value == other.p_value
    assert (one.interval.low, one.interval.high) == pytest.approx(
        (-other.interval.high, -other.interval.low), **EXACT
    )


def test_random_rearrangements_approach_exact_ones(pair, monkeypatch):
    exact_flip = compare_paired(*pair, method="sign_flip").p_value
    exact_swap = compare_unpaired(*pair, method="permutation").p_value
    monkeypatch.setattr(_randomization, "EXACT_LIMIT", 1)
    # Three standard errors of a p-value near 0.2 from 9,999 draws, doubled.
    assert compare_paired(*pair, method="sign_flip", rng=0).p_value == pytest.approx(exact_flip, abs=0.024)
    assert compare_unpaired(*pair, method="permutation", rng=0).p_value == pytest.approx(
        exact_swap, abs=0.024
    )


def test_seeding(monkeypatch, pair):
    monkeypatch.setattr(_randomization, "EXACT_LIMIT", 1)

    def p_value(rng):
        return compare_paired(*pair, method="sign_flip", n_resamples=999, rng=rng).p_value

    generator = np.random.default_rng(7)
    assert p_value(7) == p_value(generator)
    assert p_value(7) != p_value(generator)


def test_five_seeds_cannot_be_significant_by_sign_flip():
    with pytest.warns(DegenerateDataWarning, match=r"a sample of 5 pairs cannot give .* 0\.0625"):
        result = compare_paired(np.zeros(5), [1, 2, 3, 4, 5], method="sign_flip")
    assert result.status is Status.TOO_FEW_SEEDS
    assert result.p_value == result.smallest_p == 0.0625
    assert (result.interval.low, result.interval.high) == (-math.inf, math.inf)


@pytest.mark.parametrize("method", PAIRED)
@pytest.mark.parametrize(
    ("baseline", "hybrid", "status"),
    [
        ([], [], Status.NO_DATA),
        ([math.nan], [1.0], Status.NO_DATA),
        ([0.1], [0.2], Status.TOO_FEW_SEEDS),
        ([0.1, 0.2, 0.3], [0.2, 0.3, 0.4], Status.ZERO_VARIANCE),
        ([0.1, 0.2, 0.3], [0.1, 0.2, 0.3], Status.ZERO_VARIANCE),
    ],
    ids=["empty", "nan", "one seed", "constant shift", "equal"],
)
def test_degenerate_pairs_are_typed(method, baseline, hybrid, status):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DroppedRowsWarning)
        with pytest.warns(DegenerateDataWarning):
            result = compare_paired(baseline, hybrid, method=method)
    assert result.status is status
    assert result.message
    assert not result.p_value <= 0


@pytest.mark.parametrize("method", UNPAIRED)
@pytest.mark.parametrize(
    ("baseline", "hybrid", "status"),
    [
        ([], [1.0, 2.0], Status.NO_DATA),
        ([1.0], [2.0, 3.0], Status.TOO_FEW_SEEDS),
        ([1.0, 1.0, 1.0], [2.0, 2.0, 2.0], Status.ZERO_VARIANCE),
    ],
    ids=["empty", "one run", "constant"],
)
def test_degenerate_samples_are_typed(method, baseline, hybrid, status):
    with pytest.warns(DegenerateDataWarning):
        result = compare_unpaired(baseline, hybrid, method=method)
    assert result.status is status
    assert not result.p_value <= 0


@pytest.mark.parametrize("compare", [compare_paired, compare_unpaired])
def test_a_spread_too_small_to_square_is_typed(compare):
    with pytest.warns(DegenerateDataWarning):
        result = compare([0.0, 0.0, 0.0], [1e-200, 2e-200, 3e-200])
    assert result.status is Status.ZERO_VARIANCE


def test_brunner_munzel_without_overlap_points_to_permutation():
    with pytest.warns(DegenerateDataWarning, match="permutation"):
        result = compare_unpaired([1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0], method="brunner_munzel")
    assert (result.estimate, result.status) == (1.0, Status.ZERO_VARIANCE)


def test_brunner_munzel_of_three_runs_cannot_be_significant():
    with pytest.warns(DegenerateDataWarning, match=r"samples of 3 and 3 runs cannot .* 0\.0686"):
        result = compare_unpaired([1.0, 2.0, 4.0], [3.0, 5.0, 6.0], method="brunner_munzel")
    assert result.p_value == result.smallest_p


def test_dropped_pairs_are_counted_and_told():
    with pytest.warns(DroppedRowsWarning, match=r"2 of 5 pairs .* 1 with an infinite value, 1 with NaN"):
        result = compare_paired([1, 2, 3, np.nan, 5], [2, 4, 3, 1, np.inf])
    assert (result.n, result.n_dropped) == (3, 2)


def test_extreme_t_never_gives_zero():
    noise = 1e-9 * np.random.default_rng(0).normal(size=400)
    assert compare_paired(np.zeros(400), 1.0 + noise).p_value > 0


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            {"method": "welch"},
            ValueError,
            "method must be one of 't', 'wilcoxon', 'sign_flip', but got 'welch'",
        ),
        ({"alternative": "up"}, ValueError, "alternative must be one of .* but got 'up'"),
        ({"confidence_level": 95}, ValueError, r"confidence_level must lie in \(0, 1\), but got 95"),
        ({"n_resamples": 0}, ValueError, "n_resamples must be an integer of at least 1, but got 0"),
    ],
)
def test_invalid_options_are_named(arguments, error, message):
    with pytest.raises(error, match=message):
        compare_paired([1, 2], [2, 4], **arguments)


def test_unequal_lengths_are_refused():
    with pytest.raises(ValueError, match="baseline has 2, hybrid has 3"):
        compare_paired([1, 2], [1, 2, 3])


@pytest.mark.parametrize("margin", [0.0, (0.1, 0.2)])
def test_margin_must_contain_zero(margin):
    with pytest.raises(ValueError, match="margin must contain 0"):
        equivalence_test([1, 2], [1, 3], margin=margin)


def test_equivalence_of_a_constant_shift_is_typed():
    with pytest.warns(DegenerateDataWarning, match="differences equal 0.1"):
        result = equivalence_test([0.1, 0.2, 0.3], [0.2, 0.3, 0.4], margin=0.5)
    assert math.isnan(result.p_value)
    assert result.status is Status.ZERO_VARIANCE
