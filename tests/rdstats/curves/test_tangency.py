import numpy as np
import pytest
from scipy.stats import ttest_1samp

from rdstats import capacity_audit, tangency_audit
from rdstats._status import DegenerateDataWarning, DroppedRowsWarning, Status

CAPACITY = np.tile([0.3, 1.0, 3.0, 6.0], 5)
SEED = np.repeat(np.arange(5), 4)


@pytest.fixture
def runs():
    rng = np.random.default_rng(1)
    rate = CAPACITY * np.exp(rng.normal(scale=0.01, size=20))
    distortion = 0.05 + 0.1 * np.exp(-rate / 2) + rng.normal(scale=5e-4, size=20)
    price = 0.05 * np.exp(-rate / 2) * np.exp(rng.normal(scale=0.02, size=20))
    return rate, distortion, price


def test_capacity_bias_is_the_t_interval_of_seed_means(runs):
    audit = capacity_audit(runs[0], CAPACITY, groups=SEED)
    means = (runs[0] / CAPACITY - 1).reshape(5, 4).mean(axis=1)
    expected = ttest_1samp(means, 0.0).confidence_interval()
    # Balanced seeds: leaving one out is the t interval of their means, exactly.
    assert audit.estimate == pytest.approx(means.mean(), rel=1e-12)
    assert (audit.interval.low, audit.interval.high) == pytest.approx(tuple(expected), rel=1e-9)
    assert audit.status is Status.OK


def test_runs_on_the_curve_are_tangent(runs):
    audit = tangency_audit(*runs, groups=SEED)
    assert 0.0 in audit.interval
    assert not audit.outliers.any()


def test_overpriced_rate_is_found(runs):
    rate, distortion, price = runs
    fair = tangency_audit(rate, distortion, price, groups=SEED)
    audit = tangency_audit(rate, distortion, 1.3 * price, groups=SEED)
    # log(1.3) is added to every deviation.
    assert audit.estimate - fair.estimate == pytest.approx(np.log(1.3), rel=1e-9)
    assert 0.0 not in audit.interval


def test_names_of_seeds_do_not_matter(runs):
    audit = tangency_audit(*runs, groups=SEED)
    renamed = tangency_audit(*runs, groups=np.array(list("caebd"))[SEED])
    assert (renamed.interval.low, renamed.interval.high) == pytest.approx(
        (audit.interval.low, audit.interval.high), rel=1e-9
    )


def test_outliers_are_marked(runs):
    rate = runs[0].copy()
    rate[7] *= 1.5
    audit = capacity_audit(rate, CAPACITY, groups=SEED)
    assert np.flatnonzero(audit.outliers).tolist() == [7]


def test_rows_stay_aligned_when_some_are_left_out(runs):
    rate, distortion, price = runs
    price[3] = np.nan
    price[4] = 0.0
    with pytest.warns(DroppedRowsWarning, match="2 of 20 runs left out"):
        audit = tangency_audit(rate, distortion, price, groups=SEED)
    assert (audit.n, audit.n_dropped) == (18, 2)
    assert np.flatnonzero(np.isnan(audit.deviations)).tolist() == [3, 4]


def test_one_seed_has_a_bias_without_interval(runs):
    with pytest.warns(DegenerateDataWarning, match="at least 2 seeds"):
        audit = capacity_audit(runs[0], CAPACITY, groups=np.zeros(20))
    assert audit.status is Status.TOO_FEW_SEEDS
    assert np.isfinite(audit.estimate)
    assert not audit.interval.defined


def test_equal_deviations_have_no_variance():
    with pytest.warns(DegenerateDataWarning, match="copied runs"):
        audit = capacity_audit(CAPACITY, CAPACITY, groups=SEED)
    assert audit.status is Status.ZERO_VARIANCE
    assert audit.estimate == 0.0


def test_deviations_equal_up_to_rounding_have_no_variance():
    with pytest.warns(DegenerateDataWarning, match="copied runs"):
        audit = capacity_audit(1.1 * CAPACITY[:-1], CAPACITY[:-1], groups=SEED[:-1])
    assert audit.status is Status.ZERO_VARIANCE


def test_runs_without_seed_are_left_out(runs):
    with pytest.warns(DroppedRowsWarning, match="1 of 20 runs left out"):
        audit = capacity_audit(runs[0], CAPACITY, groups=np.where(np.arange(20) == 3, np.nan, SEED))
    assert (audit.n, audit.n_groups) == (19, 5)


def test_undetermined_curve_passes_its_reason_on():
    rate = np.full(6, 3.0)
    with pytest.warns(DegenerateDataWarning, match="cannot determine"):
        audit = tangency_audit(rate, np.linspace(0.1, 0.2, 6), np.ones(6))
    assert audit.status is Status.NOT_IDENTIFIABLE
    assert np.isnan(audit.estimate)


def test_no_data():
    with pytest.warns((DroppedRowsWarning, DegenerateDataWarning)):
        audit = capacity_audit([np.nan], [1.0])
    assert audit.status is Status.NO_DATA


def test_invalid_arguments():
    with pytest.raises(ValueError, match="capacity must be positive, but got 0"):
        capacity_audit([1.0], [0.0])
    with pytest.raises(ValueError, match="groups must have the length of rate, 2, but has 1"):
        capacity_audit([1.0, 1.0], [1.0, 1.0], groups=[0])
    with pytest.raises(ValueError, match="must have the same length"):
        tangency_audit([1.0], [1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match="outlier_threshold must lie in"):
        capacity_audit([1.0, 1.1], [1.0, 1.0], outlier_threshold=-1.0)


@pytest.mark.slow
@pytest.mark.parametrize("n_seeds", [3, 10])
def test_tangency_interval_covers(simulate, n_seeds):
    n_simulations, hits = 400, 0
    for index in range(n_simulations):
        rate, distortion, seed = (values.ravel() for values in simulate(n_seeds, rng=index))
        price = 0.05 * np.exp(-rate / 2)
        hits += 0.0 in tangency_audit(rate, distortion, price, groups=seed).interval
    # 0.95 minus and plus three Monte-Carlo standard errors of 0.011.
    assert 0.917 < hits / n_simulations < 0.983
