import bjontegaard
import numpy as np
import pytest
from scipy import stats

from rdstats import bd_distortion, bd_rate
from rdstats._status import DegenerateDataWarning, DroppedRowsWarning, Status

RATE = np.array([0.3, 1.0, 3.0, 6.0, 10.0])
DISTORTION = 0.05 + 0.1 * np.exp(-RATE / 2)
RATE_TEST = 1.1 * RATE + 0.05
DISTORTION_TEST = 0.052 + 0.1 * np.exp(-RATE_TEST / 2.2)
SEEDS = np.array([[-0.001], [0.0], [0.002]])


def single(function, *arrays, **options):
    """Compare conditions of one seed, which have an estimate but no interval."""
    with pytest.warns(DegenerateDataWarning):
        return function(*arrays, **options)


CURVES = (RATE, DISTORTION, RATE_TEST, DISTORTION_TEST)


def test_estimates_match_the_bjontegaard_package():
    expected = {
        (bd_distortion, "linear"): bjontegaard.bd_linear(*CURVES, "pchip", min_overlap=0),
        (bd_distortion, "log"): bjontegaard.bd_psnr(*CURVES, "pchip", min_overlap=0),
        (bd_rate, "linear"): bjontegaard.bd_linear(
            DISTORTION[::-1], RATE[::-1], DISTORTION_TEST[::-1], RATE_TEST[::-1], "pchip", min_overlap=0
        ),
        (bd_rate, "log"): bjontegaard.bd_rate(*(curve[::-1] for curve in CURVES), "pchip", min_overlap=0)
        / 100,
    }
    for (function, scale), value in expected.items():
        # The same interpolation, in other units of the logarithm.
        assert single(function, *CURVES, scale=scale).estimate == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize("function", [bd_rate, bd_distortion])
def test_identical_conditions_do_not_differ(function):
    assert single(function, RATE, DISTORTION, RATE, DISTORTION).estimate == 0.0


@pytest.mark.parametrize("confidence_level", [0.9, 0.95])
def test_intervals_of_shifted_curves_are_those_of_student_and_welch(confidence_level):
    # Curves of equal rates that seeds shift up or down differ by the difference of the mean shifts, so that
    # the jackknife of seeds gives the textbook's standard error, and SciPy has the degrees of freedom.
    shifts = np.array([-0.002, 0.001, 0.004]), np.array([0.010, 0.011, 0.013, 0.009, 0.0105, 0.012, 0.0115])
    curves = [
        array for shift in shifts for array in (np.tile(RATE, (len(shift), 1)), DISTORTION + shift[:, None])
    ]
    unpaired = bd_distortion(*curves, confidence_level=confidence_level).interval
    welch = stats.ttest_ind(*reversed(shifts), equal_var=False).confidence_interval(confidence_level)
    assert (unpaired.low, unpaired.high) == pytest.approx(tuple(welch), rel=1e-9)
    curves[2:] = (array[:3] for array in curves[2:])
    paired = bd_distortion(*curves, paired=True, confidence_level=confidence_level).interval
    student = stats.ttest_rel(shifts[1][:3], shifts[0]).confidence_interval(confidence_level)
    assert (paired.low, paired.high) == pytest.approx(tuple(student), rel=1e-9)


def test_exchanging_conditions_changes_the_sign():
    forward = single(bd_rate, *CURVES)
    backward = single(bd_rate, RATE_TEST, DISTORTION_TEST, RATE, DISTORTION)
    assert forward.estimate == pytest.approx(-backward.estimate, rel=1e-12)
    log_forward = single(bd_rate, *CURVES, scale="log").estimate
    log_backward = single(bd_rate, RATE_TEST, DISTORTION_TEST, RATE, DISTORTION, scale="log").estimate
    assert (1 + log_forward) * (1 + log_backward) == pytest.approx(1.0, rel=1e-12)


def test_shifts_are_measured_exactly():
    # Interpolation is equivariant to shifts of its values; only rounding remains.
    assert single(bd_distortion, RATE, DISTORTION, RATE, DISTORTION + 0.01).estimate == pytest.approx(0.01)
    assert single(bd_rate, RATE, DISTORTION, RATE + 0.5, DISTORTION).estimate == pytest.approx(0.5)
    assert single(bd_rate, RATE, DISTORTION, 1.2 * RATE, DISTORTION, scale="log").estimate == pytest.approx(
        0.2
    )


def test_partial_overlap_uses_the_shared_range():
    result = single(bd_distortion, RATE[:4], DISTORTION[:4], RATE[2:], DISTORTION[2:] + 0.01)
    expected = bjontegaard.bd_linear(
        RATE[:4],
        DISTORTION[:4],
        RATE[2:],
        DISTORTION[2:] + 0.01,
        "pchip",
        require_matching_points=False,
        min_overlap=0,
    )
    assert result.estimate == pytest.approx(expected, rel=1e-12)
    assert result.overlap == pytest.approx((6 - 3) / (10 - 0.3))


@pytest.mark.parametrize("function", [bd_rate, bd_distortion])
def test_no_overlap(function):
    with pytest.warns(DegenerateDataWarning, match="share no range"):
        result = function([RATE[:2]] * 2, [DISTORTION[:2]] * 2, [RATE[3:]] * 2, [DISTORTION[3:]] * 2)
    assert result.status is Status.NO_OVERLAP
    assert np.isnan(result.estimate)
    assert not result.interval.defined
    assert result.overlap == 0.0


def test_collapsed_levels_are_one_point():
    rate = np.array([0.0, 0.0, 2.0, 5.0])
    distortion = np.array([0.16, 0.14, 0.10, 0.06])
    collapsed = single(bd_distortion, rate, distortion, RATE, DISTORTION)
    merged = single(bd_distortion, rate[1:], [0.15, 0.10, 0.06], RATE, DISTORTION)
    assert collapsed.estimate == pytest.approx(merged.estimate, rel=1e-12)


def test_zero_rate_has_no_logarithm():
    rate = np.array([0.0, 1.0, 2.0, 5.0])
    distortion = np.array([0.15, 0.12, 0.10, 0.06])
    with pytest.warns((DroppedRowsWarning, DegenerateDataWarning)):
        dropped = bd_rate(rate, distortion, RATE, DISTORTION, scale="log")
    assert dropped.n_dropped == 1
    kept = single(bd_rate, rate[1:], distortion[1:], RATE, DISTORTION, scale="log")
    assert dropped.estimate == kept.estimate


def test_rising_points_are_averaged():
    bumpy = single(bd_distortion, [1.0, 2.0, 3.0, 4.0], [0.15, 0.10, 0.12, 0.06], RATE, DISTORTION)
    pooled = single(bd_distortion, [1.0, 2.0, 3.0, 4.0], [0.15, 0.11, 0.11, 0.06], RATE, DISTORTION)
    assert bumpy.estimate == pytest.approx(pooled.estimate, rel=1e-12)
    bumpy = single(bd_rate, [1.0, 2.0, 3.0, 4.0], [0.15, 0.10, 0.12, 0.06], RATE, DISTORTION)
    least = single(bd_rate, [1.0, 2.0, 4.0], [0.15, 0.11, 0.06], RATE, DISTORTION)
    assert bumpy.estimate == pytest.approx(least.estimate, rel=1e-12)


@pytest.mark.parametrize(
    ("rate", "distortion", "status"),
    [
        ([0.0, 0.0], [0.15, 0.16], Status.NOT_IDENTIFIABLE),
        ([1.0], [0.1], Status.NOT_IDENTIFIABLE),
        ([1.0, 2.0], [0.1, 0.1], Status.NOT_IDENTIFIABLE),
        ([1.0, 2.0], [0.1, 0.2], Status.NOT_IDENTIFIABLE),
    ],
    ids=["collapsed", "one capacity", "constant", "rising"],
)
def test_degenerate_curves_have_a_status(rate, distortion, status):
    assert single(bd_rate, rate, distortion, RATE, DISTORTION).status is status


def test_no_data():
    with pytest.warns((DroppedRowsWarning, DegenerateDataWarning)):
        result = bd_rate([np.nan, np.nan], [0.1, 0.2], RATE, DISTORTION)
    assert result.status is Status.NO_DATA
    assert result.n_dropped == 2


def test_equal_seeds_have_no_variance():
    with pytest.warns(DegenerateDataWarning, match="copied runs"):
        result = bd_distortion([RATE] * 3, [DISTORTION] * 3, [RATE] * 3, [DISTORTION + 0.01] * 3)
    assert result.status is Status.ZERO_VARIANCE
    assert result.estimate == pytest.approx(0.01)
    assert not result.interval.defined


def test_pairing_removes_what_seeds_share():
    rate = np.tile(RATE, (3, 1))
    reference = DISTORTION + SEEDS
    test = reference + 0.01 + 0.1 * SEEDS[::-1]
    paired = bd_distortion(rate, reference, rate, test, paired=True).interval
    unpaired = bd_distortion(rate, reference, rate, test).interval
    assert paired.high - paired.low < 0.5 * (unpaired.high - unpaired.low)


@pytest.mark.parametrize("method", ["jackknife", "bootstrap"])
@pytest.mark.parametrize("function", [bd_rate, bd_distortion])
def test_interval_holds_the_estimate(simulate, function, method):
    reference, test = simulate(5, rng=0)[:2], simulate(7, rng=1)[:2]
    result = function(*reference, *test, method=method, n_resamples=200, rng=0)
    assert result.status is Status.OK
    assert result.estimate in result.interval
    assert (result.n_reference, result.n_test) == (5, 7)


def test_bootstrap_is_seeded(simulate):
    arrays = (*simulate(4, rng=0)[:2], *simulate(4, rng=1)[:2])
    options = {"method": "bootstrap", "n_resamples": 50}
    assert bd_rate(*arrays, rng=1, **options) == bd_rate(*arrays, rng=1, **options)
    rng = np.random.default_rng(0)
    assert bd_rate(*arrays, rng=rng, **options) != bd_rate(*arrays, rng=rng, **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scale": "log10"}, "scale must be one of"),
        ({"method": "wald"}, "method must be one of"),
        ({"n_resamples": 0}, "n_resamples must be an integer of at least 1, but got 0"),
        ({"confidence_level": 1.0}, "confidence_level must lie in"),
    ],
)
def test_invalid_options(options, message):
    with pytest.raises(ValueError, match=message):
        bd_rate(*CURVES, **options)


def test_invalid_arrays():
    with pytest.raises(ValueError, match="rate_test and distortion_test must have the same shape"):
        bd_rate(RATE, DISTORTION, RATE, DISTORTION[:2])
    with pytest.raises(ValueError, match="rate_reference must be at least 0, but got -1"):
        bd_rate([-1.0, 1.0], [0.2, 0.1], RATE, DISTORTION)
    with pytest.raises(ValueError, match="paired conditions must have the same seeds, but got 2 and 1"):
        bd_rate([RATE] * 2, [DISTORTION] * 2, RATE, DISTORTION, paired=True)


@pytest.mark.slow
@pytest.mark.parametrize("n_seeds", [3, 10])
@pytest.mark.parametrize("function", [bd_rate, bd_distortion])
def test_default_interval_covers_no_difference(simulate, function, n_seeds):
    n_simulations, hits = 400, 0
    for index in range(n_simulations):
        reference, test = simulate(n_seeds, rng=2 * index)[:2], simulate(n_seeds, rng=2 * index + 1)[:2]
        hits += 0.0 in function(*reference, *test, scale="linear").interval
    # 0.95 minus and plus three Monte-Carlo standard errors of 0.011. Welch's t is a little wide with 3 seeds.
    assert 0.917 < hits / n_simulations < 0.99
