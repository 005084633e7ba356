"""Sequential tests: level over all looks, intervals, p-values, symmetry, bad input."""

import warnings

import numpy as np
import pytest
from scipy import stats

import rdstats
from rdstats import AnytimeDesign, GroupSequentialDesign, sequential_test
from rdstats._sequential._e_processes import sign_evidence, t_evidence

DESIGNS = {
    "group-sequential": GroupSequentialDesign(n_max=12),
    "anytime t": AnytimeDesign(),
    "anytime sign": AnytimeDesign(method="sign"),
}
EFFECT = np.random.default_rng(5).normal(loc=1.5, size=12)


@pytest.fixture(params=DESIGNS.values(), ids=DESIGNS)
def design(request: pytest.FixtureRequest) -> GroupSequentialDesign | AnytimeDesign:
    return request.param


def test_a_clear_effect_is_decided_early_and_stays_decided(design: object) -> None:
    test = sequential_test(EFFECT, design=design)
    assert test.decision == "greater"
    assert 4 <= test.decided_at <= 10
    assert np.all(test.p_value[test.n >= test.decided_at] <= 0.05)
    assert np.all(test.p_value[test.n < test.decided_at] > 0.05)
    assert np.all(np.diff(test.p_value) <= 0)


def test_more_seeds_do_not_change_earlier_looks(design: object) -> None:
    early, late = sequential_test(EFFECT[:7], design=design), sequential_test(EFFECT, design=design)
    for name in ("estimate", "low", "high", "statistic", "critical_value", "p_value"):
        np.testing.assert_allclose(getattr(late, name)[: len(early.n)], getattr(early, name), rtol=0.02)


@pytest.mark.parametrize("alternative", ["two-sided", "greater"])
def test_the_other_sign_gives_the_mirror_image(design: object, alternative: str) -> None:
    opposite = {"greater": "less"}.get(alternative, alternative)
    plain = sequential_test(EFFECT, design=design, alternative=alternative)
    mirror = sequential_test(-EFFECT, design=design, alternative=opposite)
    assert (plain.decision, mirror.decision) == ("greater", "less")
    assert plain.decided_at == mirror.decided_at
    np.testing.assert_allclose(mirror.low, -plain.high)
    np.testing.assert_allclose(mirror.p_value, plain.p_value)
    np.testing.assert_array_equal(np.abs(mirror.statistic), np.abs(plain.statistic))


def test_one_side_never_decides_for_the_other(design: object) -> None:
    assert sequential_test(EFFECT, design=design, alternative="less").decision == "undecided"


def test_scale_and_null_do_not_matter(design: object) -> None:
    plain = sequential_test(EFFECT, design=design)
    moved = sequential_test(1e-6 * EFFECT + 3e-6, design=design, null=3e-6)
    np.testing.assert_allclose(moved.p_value, plain.p_value, rtol=1e-6)
    np.testing.assert_allclose(moved.low, 1e-6 * plain.low + 3e-6, rtol=1e-6)


def test_a_decision_excludes_the_null_from_the_interval(design: object) -> None:
    test = sequential_test(EFFECT, design=design)
    at = int(np.flatnonzero(test.n == test.decided_at)[0])
    assert test.low[at] >= -0.02  # the limit of the sign test lies on a grid, a little outside
    assert test.low[at - 1] < 0


def test_one_look_is_the_paired_t_test() -> None:
    design = GroupSequentialDesign(n_max=12, first=12)
    test = sequential_test(EFFECT, design=design)
    known = stats.ttest_1samp(EFFECT, 0)
    interval = known.confidence_interval(0.95)
    assert test.statistic[0] == pytest.approx(known.statistic)
    assert (test.low[0], test.high[0]) == pytest.approx((interval.low, interval.high), rel=1e-6)
    # Interpolated between levels whose critical values are exact.
    weak = EFFECT - 0.9
    p_value = sequential_test(weak, design=design).p_value[0]
    assert p_value == pytest.approx(stats.ttest_1samp(weak, 0).pvalue, rel=0.02)


def test_the_anytime_t_evidence_is_the_known_bayes_factor() -> None:
    # Rouder et al., Psychonomic Bulletin & Review 16 (2009) 225-237, equation 2 with a fixed variance g of
    # the effect: integrated here over the effect, with the noncentral t density from SciPy.
    t, n, g = 2.3, 9, 4.0
    effects = np.linspace(-15, 15, 20_001)
    weights = stats.norm.pdf(effects, scale=np.sqrt(g)) * (effects[1] - effects[0])
    against = np.sum(weights * stats.nct.pdf(t, n - 1, effects * np.sqrt(n)))
    one_sided = 2 * np.sum((weights * stats.nct.pdf(t, n - 1, effects * np.sqrt(n)))[effects > 0])
    null = stats.t.pdf(t, n - 1)
    arguments = {"t": np.array([t]), "n": np.array([float(n)]), "effect_variance": g}
    assert t_evidence(**arguments, two_sided=True)[0] == pytest.approx(against / null, rel=1e-4)
    assert t_evidence(**arguments, two_sided=False)[0] == pytest.approx(one_sided / null, rel=1e-3)


def test_sign_evidence_is_a_fair_bet_given_the_sizes() -> None:
    sizes = np.random.default_rng(1).exponential(size=6)
    signs = np.array(np.meshgrid(*[[-1.0, 1.0]] * 6)).reshape(6, -1).T
    np.testing.assert_allclose(sign_evidence(signs * sizes).mean(axis=0), 1.0, rtol=1e-12)


def _share_decided(draws: np.ndarray, design: object) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rdstats.DegenerateDataWarning)
        return float(np.mean([sequential_test(x, design=design).decision != "undecided" for x in draws]))


def test_level_over_all_looks(design: object) -> None:
    draws = np.random.default_rng(11).standard_normal((400, 12))
    # Three standard errors above 0.05; an ordinary t test at each look decides in 18 % of these.
    assert _share_decided(draws, design) < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)


@pytest.mark.slow
@pytest.mark.parametrize("law", ["normal", "t3", "laplace"])
@pytest.mark.parametrize("n_max", [20, 50])
def test_level_over_looks_after_every_seed(law: str, n_max: int) -> None:
    draws = getattr(stats, {"normal": "norm"}.get(law, law.rstrip("3")))(*([3] if law == "t3" else []))
    x = draws.rvs(size=(2_000, n_max), random_state=np.random.default_rng(2))
    for design in (GroupSequentialDesign(n_max=n_max), AnytimeDesign(), AnytimeDesign(method="sign")):
        assert _share_decided(x, design) < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 2_000)


@pytest.mark.slow
def test_the_sign_test_keeps_its_level_where_spreads_differ_between_seeds() -> None:
    rng = np.random.default_rng(4)
    x = rng.standard_normal((2_000, 30)) * np.exp(2 * rng.standard_normal((2_000, 30)))
    assert _share_decided(x, AnytimeDesign(method="sign")) < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 2_000)


def test_intervals_hold_together_over_looks(design: object) -> None:
    draws = 0.7 + np.random.default_rng(12).standard_normal((200, 12))
    tests = [sequential_test(x, design=design) for x in draws]
    covered = np.mean([np.all((test.low <= 0.7) & (test.high >= 0.7)) for test in tests])
    assert covered > 0.95 - 3 * np.sqrt(0.05 * 0.95 / 200)
    # And say something: a band that never excludes anything would pass the line above.
    assert np.median([test.high[-1] - test.low[-1] for test in tests]) < 3


def test_limits_of_the_sign_test_never_widen() -> None:
    test = sequential_test([1.0, 1.2, 0.9, 1.1, 1.3, 0.8, 1.0, -9.0, 1.1], design=DESIGNS["anytime sign"])
    assert np.all(np.diff(test.low[np.isfinite(test.low)]) >= 0)
    assert np.isfinite(test.low[-1])


def test_predictive_power_is_the_share_of_futures_that_decide() -> None:
    design = GroupSequentialDesign(n_max=12)
    so_far = np.array([0.1, 0.9, 0.4, 0.7, -0.2, 0.6])
    asked = sequential_test(so_far, design=design).predictive_power[-1]
    rng, m = np.random.default_rng(0), 6
    spread = so_far.std(ddof=1)
    # A flat prior on the mean, and the spread so far for what is to come, whose error makes it Student's t.
    mean_to_come = so_far.mean() + spread * np.sqrt(1 / 6 + 1 / m) * rng.standard_t(5, 200_000)
    t_at_end = (6 * so_far.mean() + m * mean_to_come) / 12 / (spread / np.sqrt(12))
    critical = design.critical_values(0.05)[-1]
    assert asked == pytest.approx(np.mean(np.abs(t_at_end) >= critical), abs=0.005)


def test_the_last_look_has_decided_or_has_not() -> None:
    test = sequential_test(EFFECT, design=GroupSequentialDesign(n_max=12))
    assert test.predictive_power[-1] == 1.0
    assert (
        sequential_test(
            -EFFECT, design=GroupSequentialDesign(n_max=12), alternative="greater"
        ).predictive_power[-1]
        == 0.0
    )


def test_table_has_a_row_per_look(design: object) -> None:
    test = sequential_test(EFFECT, design=design)
    table = test.table()
    assert list(table.columns[:4]) == ["n", "estimate", "low", "high"]
    assert list(table["n"]) == list(test.n)


def test_equal_differences_decide_nothing_by_t(design: object) -> None:
    sign = getattr(design, "method", "") == "sign"
    if sign:
        assert sequential_test(np.full(12, 0.5), design=design).decision == "greater"
        return
    with pytest.warns(rdstats.DegenerateDataWarning, match="all 12 differences are equal"):
        test = sequential_test(np.full(12, 0.5), design=design)
    assert (test.decision, test.status) == ("undecided", rdstats.Status.ZERO_VARIANCE)
    assert np.all(test.p_value == 1.0)


def test_fewer_seeds_than_the_first_look_needs() -> None:
    with pytest.warns(rdstats.DegenerateDataWarning, match="the first look needs 4 seeds, but there are 2"):
        test = sequential_test([0.1, 0.2], design=GroupSequentialDesign(n_max=9))
    assert (len(test.n), test.decision, test.status) == (0, "undecided", rdstats.Status.TOO_FEW_SEEDS)


def test_dropped_differences_are_counted() -> None:
    with pytest.warns(rdstats.DroppedRowsWarning, match="1 of 13 differences"):
        test = sequential_test([*EFFECT, np.nan], design=GroupSequentialDesign(n_max=12))
    assert (test.n_dropped, test.n[-1]) == (1, 12)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: GroupSequentialDesign(n_max=3),
            ValueError,
            "n_max must be an integer of at least 4, but got 3",
        ),
        (lambda: GroupSequentialDesign(n_max=201), ValueError, "n_max must be at most 200, but got 201"),
        (
            lambda: GroupSequentialDesign(n_max=9, first=1),
            ValueError,
            "first must be an integer of at least 2",
        ),
        (lambda: GroupSequentialDesign(n_max=9, spending="all"), ValueError, "spending must be one of"),
        (lambda: AnytimeDesign(method="z"), ValueError, "method must be one of 't', 'sign', but got 'z'"),
        (
            lambda: AnytimeDesign(effect_variance=0.0),
            ValueError,
            "effect_variance must be above 0, but got 0.0",
        ),
        (
            lambda: sequential_test(EFFECT, design="fixed"),
            TypeError,
            "design must be a GroupSequentialDesign or",
        ),
        (
            lambda: sequential_test(EFFECT, design=GroupSequentialDesign(n_max=11)),
            ValueError,
            "differences must be of at most n_max = 11 seeds, but got 12",
        ),
    ],
)
def test_bad_input_is_named(make: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()
