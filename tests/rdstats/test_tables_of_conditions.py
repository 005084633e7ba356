"""Tables over conditions: comparisons, bootstrap estimates, profiles, ranks and trends."""

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from rdstats import (
    bootstrap_conditions,
    bootstrap_interval,
    compare_conditions,
    compare_paired,
    friedman,
    interquartile_mean,
    performance_profile,
    trend_test,
)
from rdstats._status import DegenerateDataWarning, DroppedRowsWarning, Status

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "comparisons.json").read_text())


def make_runs(n_seeds=6, models=("baseline", "E2M1", "E2M2"), capacities=(0.3, 1.0, 3.0), rng=0):
    rng = np.random.default_rng(rng)
    runs = pd.DataFrame(
        [(m, c, s) for m in models for c in capacities for s in range(n_seeds)],
        columns=["model", "capacity", "seed"],
    )
    return runs.assign(metric=rng.normal(size=len(runs)) + (runs["model"] == "E2M1"))


def of(runs, model, capacity):
    return runs.loc[(runs["model"] == model) & (runs["capacity"] == capacity), "metric"].to_numpy()


def test_each_row_is_the_comparison_of_its_cell():
    runs = make_runs()
    table = compare_conditions(runs.sample(frac=1, random_state=0), baseline="baseline", metric="metric")
    assert len(table) == 6
    for row in table.itertuples():
        alone = compare_paired(of(runs, "baseline", row.capacity), of(runs, row.model, row.capacity))
        assert (row.estimate, row.p_value, row.low) == pytest.approx(
            (alone.estimate, alone.p_value, alone.interval.low)
        )
    assert (table["family_size"] == 6).all()
    assert table["p_adjusted"].min() == pytest.approx(6 * table["p_value"].min())


def test_a_family_too_large_for_its_seeds_is_told():
    # Six seeds reach 2 / 64 by sign flip, and six tests by Holm therefore 12 / 64.
    with pytest.warns(DegenerateDataWarning, match=r"adjusted p-value below 0\.188"):
        table = compare_conditions(make_runs(), baseline="baseline", metric="metric", method="sign_flip")
    assert (table["status"] == "too_few_seeds").all()
    apart = compare_conditions(
        make_runs(), baseline="baseline", metric="metric", method="sign_flip", correction="benjamini-hochberg"
    )
    assert (apart["status"] == "ok").all()


def test_families_are_adjusted_apart():
    table = compare_conditions(make_runs(), baseline="baseline", metric="metric", family=["model"])
    assert (table["family_size"] == 3).all()


def test_holes_in_the_grid_are_rows_that_say_so():
    runs = make_runs()
    runs = runs[~((runs["model"] == "E2M2") & (runs["capacity"] == 3.0))]
    runs.loc[runs.index[0], "metric"] = np.inf
    with (
        pytest.warns(DroppedRowsWarning, match=r"10 runs were dropped"),
        pytest.warns(
            DegenerateDataWarning,
            match=r"1 of 6 comparisons are degenerate, the first because no complete pair",
        ),
    ):
        table = compare_conditions(runs, baseline="baseline", metric="metric")
    hole = table[(table["model"] == "E2M2") & (table["capacity"] == 3.0)].iloc[0]
    assert (hole["status"], hole["n"], hole["n_dropped"]) == ("no_data", 0, 6)
    assert table.loc[table["capacity"] == 0.3, "n"].tolist() == [5, 5]
    assert table["family_size"].unique().tolist() == [5]


def test_unpaired_conditions_need_no_seed():
    runs = make_runs().drop(columns="seed")
    table = compare_conditions(runs, baseline="baseline", metric="metric", paired=False)
    welch = stats.ttest_ind(of(runs, "E2M1", 0.3), of(runs, "baseline", 0.3), equal_var=False)
    assert table.loc[0, "p_value"] == pytest.approx(welch.pvalue)
    assert table.loc[0, "n"] == 12


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda runs: runs.assign(seed=0), "runs must have one row per capacity, model, seed"),
        (lambda runs: runs.replace({"capacity": {1.0: np.nan}}), "in every row, but 18 of 54 lack one"),
        (lambda runs: runs.drop(columns="metric"), r"runs must have the columns \['metric'\]"),
        (lambda runs: runs[runs["model"] != "baseline"], "baseline must be among the levels of 'model'"),
        (lambda runs: runs[runs["model"] == "baseline"], "a condition besides the baseline"),
    ],
)
def test_unusable_tables_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        compare_conditions(change(make_runs()), baseline="baseline", metric="metric")


def test_interquartile_mean_is_a_trimmed_mean():
    values = np.random.default_rng(0).normal(size=41)
    result = interquartile_mean(values, rng=0, n_resamples=99)
    assert result.estimate == pytest.approx(stats.trim_mean(values, 0.25))


def test_bootstrap_matches_scipy():
    values = np.random.default_rng(0).exponential(size=30)
    ours = bootstrap_interval(values, method="percentile", n_resamples=20_000, rng=0).interval
    theirs = stats.bootstrap((values,), np.mean, method="percentile", n_resamples=20_000, rng=1)
    # Monte-Carlo error of a 2.5 % quantile from 20,000 resamples is about 0.02 standard deviations.
    tolerance = 0.08 * values.std() / math.sqrt(30)
    assert (ours.low, ours.high) == pytest.approx(tuple(theirs.confidence_interval), abs=tolerance)


def test_studentized_bootstrap_of_normal_runs_is_near_the_t_interval():
    values = stats.norm.ppf((np.arange(20) + 0.5) / 20)
    t = stats.ttest_1samp(values, 0).confidence_interval()
    ours = bootstrap_interval(values, n_resamples=20_000, rng=0).interval
    assert (ours.low, ours.high) == pytest.approx((t.low, t.high), rel=0.08)  # they differ at order 1/n


def test_strata_keep_their_sizes():
    values, strata = np.r_[np.zeros(5), np.ones(5)] + 1e-3 * np.arange(10), np.repeat([0, 1], 5)
    apart = bootstrap_interval(values, strata=strata, rng=0).interval
    together = bootstrap_interval(values, rng=0).interval
    assert apart.high - apart.low < 0.01 < together.high - together.low


def test_order_of_runs_does_not_change_a_seeded_bootstrap():
    values, strata = np.random.default_rng(0).normal(size=12), np.repeat(["a", "b"], 6)
    order = np.random.default_rng(1).permutation(12)
    shuffled = bootstrap_interval(values[order], strata=strata[order], rng=5)
    assert shuffled == bootstrap_interval(values, strata=strata, rng=5)


def test_a_run_without_stratum_is_refused():
    with pytest.raises(ValueError, match="strata must be given for every run, but 1 lack it"):
        bootstrap_interval([1.0, 2.0, 3.0], strata=["a", "a", None])


def test_bootstrap_seeding():
    values = np.random.default_rng(0).normal(size=12)
    generator = np.random.default_rng(5)
    first, second = (bootstrap_interval(values, rng=generator).interval for _ in range(2))
    assert first == bootstrap_interval(values, rng=5).interval
    assert first != second


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ([], Status.NO_DATA),
        ([1.0], Status.TOO_FEW_SEEDS),
        ([1.0, 2.0, 4.0], Status.TOO_FEW_SEEDS),
        ([2.0, 2.0, 2.0, 2.0, 2.0], Status.ZERO_VARIANCE),
    ],
)
def test_degenerate_bootstraps_are_typed(values, status):
    with pytest.warns(DegenerateDataWarning):
        result = bootstrap_interval(values, rng=0)
    assert result.status is status
    assert result.message


def test_bootstrap_table_of_paired_differences():
    runs = make_runs()
    table = bootstrap_conditions(runs, metric="metric", baseline="baseline", rng=0).set_index(
        ["model", "capacity"]
    )
    expected = compare_conditions(runs, baseline="baseline", metric="metric").set_index(["model", "capacity"])
    np.testing.assert_allclose(table["estimate"], expected["estimate"].reindex(table.index))


def test_bootstrap_table_counts_runs_without_partner():
    runs = make_runs()
    runs = runs.drop(index=runs.index[(runs["model"] == "baseline") & (runs["seed"] == 0)])
    with pytest.warns(DroppedRowsWarning, match="6 runs were dropped"):
        table = bootstrap_conditions(runs, metric="metric", baseline="baseline", rng=0)
    assert (table["n"] == 5).all()


def test_bootstrap_tables_need_runs_to_compare():
    alone = make_runs(models=("baseline",))
    with pytest.raises(ValueError, match="a condition besides the baseline, but got only 'baseline'"):
        bootstrap_conditions(alone, metric="metric", baseline="baseline")
    with pytest.raises(ValueError, match="runs must have at least one row"):
        bootstrap_conditions(alone[:0], metric="metric")


def test_profile_thresholds_must_be_numbers():
    with pytest.raises(ValueError, match="thresholds must be numbers, but 1 of 2 are NaN"):
        performance_profile([0.5, 0.7], thresholds=[0.1, np.nan])


def test_profile_counts_runs_above():
    with pytest.warns(DroppedRowsWarning):
        table = performance_profile([0.5, 0.7, 0.7, 0.9, np.nan], thresholds=[0.0, 0.7, 0.9])
    assert table["fraction"].tolist() == [1.0, 0.25, 0.0]
    assert (table["low"][2], table["high"][0]) == (0.0, 1.0)
    exact = stats.binomtest(1, 4).proportion_ci(method="exact")
    assert (table["low"][1], table["high"][1]) == pytest.approx((exact.low, exact.high))


def test_friedman_matches_r():
    case = GOLDEN["friedman"]
    result = friedman(np.transpose(case["scores"]), higher_is_better=True, rng=0)
    assert result.test.statistic == pytest.approx(case["chi_square"])
    # Table 6 of Demsar: C4.5 with both parameters tuned ranks best, C4.5 worst.
    assert result.mean_ranks.index.tolist()[0] == 3
    # His critical difference at 5 % for 4 classifiers and 14 data sets, q = 2.569.
    assert result.critical_difference == pytest.approx(2.569 * math.sqrt(4 * 5 / (6 * 14)), rel=1e-3)


def test_friedman_takes_nullable_columns():
    scores = pd.DataFrame(np.random.default_rng(0).normal(size=(6, 3)), columns=["A", "B", "C"])
    scores.loc[0, "A"] = np.nan
    with pytest.warns(DroppedRowsWarning):
        expected = friedman(scores, higher_is_better=True, rng=0)
    with pytest.warns(DroppedRowsWarning):
        found = friedman(scores.convert_dtypes(), higher_is_better=True, rng=0)
    assert found.test == expected.test


def test_friedman_f_is_that_of_iman_and_davenport():
    case = GOLDEN["friedman"]
    result = friedman(np.transpose(case["scores"]), higher_is_better=True, method="f").test
    chi = case["chi_square"]
    assert result.statistic == pytest.approx(13 * chi / (14 * 3 - chi))
    assert result.p_value == pytest.approx(stats.f.sf(result.statistic, 3, 39))


def test_friedman_ties_and_single_seeds_are_typed():
    with pytest.warns(DegenerateDataWarning, match="tie in every seed"):
        assert friedman(np.ones((4, 3)), higher_is_better=True).test.status is Status.ZERO_VARIANCE
    with pytest.warns(DegenerateDataWarning, match="a sample of 1 seeds"):
        assert friedman([[1, 2, 3]], higher_is_better=True, rng=0).test.status is Status.TOO_FEW_SEEDS


def long(values):
    n_seeds, n_levels = np.shape(values)
    return np.tile(np.arange(n_levels), n_seeds), np.ravel(values), np.repeat(np.arange(n_seeds), n_levels)


def test_page_matches_r():
    case = GOLDEN["page"]
    level, value, seed = long(case["values"])
    result = trend_test(level, value, seed=seed, method="page", alternative="greater")
    assert result.p_value == pytest.approx(case["greater"])


def test_p_value_of_the_contrary_is_at_most_one():
    # Five levels: the probabilities of 120 orders sum to 1 only up to rounding.
    level, value, seed = long(-np.tile(np.arange(5.0), (3, 1)))
    result = trend_test(level, value, seed=seed, method="page", alternative="greater")
    assert result.p_value == 1.0


def test_page_is_exact_with_ties():
    rng = np.random.default_rng(0)
    level, value, seed = long(rng.integers(0, 3, size=(3, 3)))
    ranks = stats.rankdata(value.reshape(3, 3), axis=1)
    from itertools import permutations, product

    orders = list(permutations(range(3)))
    sums = [
        sum(ranks[s][list(o)] @ [1, 2, 3] for s, o in enumerate(choice))
        for choice in product(orders, repeat=3)
    ]
    expected = np.mean(np.array(sums) >= (ranks @ [1, 2, 3]).sum() - 1e-9)
    result = trend_test(level, value, seed=seed, method="page", alternative="greater", confidence_level=0.5)
    assert result.p_value == pytest.approx(expected)


def test_jonckheere_estimates_tau():
    rng = np.random.default_rng(0)
    level = np.repeat([0.3, 1.0, 3.0], 6)
    value = rng.normal(size=18) - level
    kendall = stats.kendalltau(level, value)
    result = trend_test(level, value, rng=0)
    assert result.estimate == pytest.approx(kendall.statistic)
    assert result.p_value == pytest.approx(kendall.pvalue, abs=0.005)  # asymptotic against permuted


def test_slope_is_a_t_test_of_slopes():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(5, 4)) + np.arange(4)
    level, value, seed = long(values)
    order = rng.permutation(20)
    slopes = np.polyfit(np.arange(4), values.T, 1)[0]
    result = trend_test(level[order], value[order], seed=seed[order])
    assert result.p_value == pytest.approx(stats.ttest_1samp(slopes, 0).pvalue)


def test_degenerate_trends_are_typed():
    with pytest.warns(DegenerateDataWarning, match="at least 2 levels, but got 1"):
        assert trend_test([1, 1], [2, 3], seed=[0, 1]).status is Status.NOT_IDENTIFIABLE
    with pytest.warns(DegenerateDataWarning, match="all values are equal"):
        assert trend_test([1, 2, 3, 4], [5, 5, 5, 5], rng=0).status is Status.ZERO_VARIANCE
    with pytest.warns(DroppedRowsWarning, match="2 of 6 runs were dropped"):
        result = trend_test([1, 2, 1, 2, 1, 2], [1, 2, 3, np.nan, 1, 4], seed=[0, 0, 1, 1, 2, 2])
    assert (result.n, result.n_dropped) == (2, 2)
    with pytest.raises(ValueError, match="one row per level, seed"):
        trend_test([1, 1, 2], [1, 2, 3], seed=[0, 0, 0])
