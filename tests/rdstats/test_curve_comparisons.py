"""Tests of whole curves: what they are functions of, and where they end in a status."""

import warnings

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from rdstats import compare_curves, curve_permutation, extra_sum_of_squares, fit_curve, mixed_model
from rdstats._status import DegenerateDataWarning, DroppedRowsWarning, Status


def make_runs(n_seeds=6, effect=0.0, seed_sd=1.0, rng=0):
    rng = np.random.default_rng(rng)
    runs = pd.DataFrame(
        [(m, c, s) for m in ("baseline", "E2M1") for c in (0.3, 1.0, 3.0, 6.0) for s in range(n_seeds)],
        columns=["model", "capacity", "seed"],
    )
    noise = rng.normal(size=len(runs)) + seed_sd * rng.normal(size=n_seeds)[runs["seed"]]
    shift = effect * (runs["model"] == "E2M1")
    rate = runs["capacity"]
    return runs.assign(rate=rate, distortion_mse=0.04 + 0.11 * np.exp(-rate / 3) + 1e-3 * (noise + shift))


@pytest.mark.parametrize(("seed_sd", "effect"), [(1.0, 0.0), (1.0, 6.0), (100.0, 1.0)])
def test_mixed_model_is_the_within_seed_f_test(seed_sd, effect):
    runs = make_runs(seed_sd=seed_sd, effect=effect)
    full = smf.ols("distortion_mse ~ C(model) * C(capacity) + C(seed)", runs).fit()
    reduced = smf.ols("distortion_mse ~ C(capacity) + C(seed)", runs).fit()
    statistic, p_value, df_num = full.compare_f_test(reduced)
    result = mixed_model(runs, metric="distortion_mse")
    assert (result.df_num, result.df_den) == (df_num, full.df_resid)
    # The search for the maximum of the likelihood stops where this is left of F.
    assert (result.statistic, result.p_value) == pytest.approx((statistic, p_value), rel=1e-6)


def test_mixed_model_at_the_boundary_is_least_squares():
    runs = make_runs()
    # Seeds with equal means vary less than chance would have them.
    runs["distortion_mse"] -= runs.groupby("seed")["distortion_mse"].transform("mean")
    full = smf.ols("distortion_mse ~ C(model) * C(capacity)", runs).fit()
    reduced = smf.ols("distortion_mse ~ C(capacity)", runs).fit()
    with pytest.warns(DegenerateDataWarning, match="variance between seeds is estimated as zero"):
        result = mixed_model(runs, metric="distortion_mse")
    assert result.status is Status.AT_BOUND
    assert result.p_value == pytest.approx(full.compare_f_test(reduced)[1])


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (lambda runs: runs[runs["seed"] == 0], Status.TOO_FEW_SEEDS),
        (lambda runs: runs[runs["model"] == "baseline"], Status.NO_DATA),
        (lambda runs: runs.assign(distortion_mse=runs["capacity"]), Status.ZERO_VARIANCE),
        (lambda runs: runs.assign(distortion_mse=0.1 * runs["seed"]), Status.ZERO_VARIANCE),
        (lambda runs: runs[(runs["model"] == "E2M1") == (runs["capacity"] > 2)], Status.NO_OVERLAP),
    ],
    ids=["one seed", "one condition", "constant cells", "constant seeds", "no shared capacity"],
)
def test_degenerate_mixed_models_are_typed(change, status):
    with pytest.warns(DegenerateDataWarning):
        result = mixed_model(change(make_runs()), metric="distortion_mse")
    assert result.status is status
    assert np.isnan(result.p_value)


def test_extra_sum_of_squares_by_hand():
    runs = make_runs(effect=2.0)
    rate, distortion = runs["rate"], runs["distortion_mse"]
    is_hybrid = runs["model"] == "E2M1"
    shared = fit_curve(rate, distortion).rss
    separate = sum(fit_curve(rate[mask], distortion[mask]).rss for mask in (is_hybrid, ~is_hybrid))
    result = extra_sum_of_squares(rate, distortion, runs["model"])
    assert (result.df_num, result.df_den) == (3, len(runs) - 6)
    assert result.statistic == pytest.approx((shared - separate) / 3 / (separate / (len(runs) - 6)))


def test_extra_sum_of_squares_without_error_is_typed():
    runs = make_runs(n_seeds=1).drop(index=[0, 4])
    with pytest.warns(DegenerateDataWarning):
        result = extra_sum_of_squares(runs["rate"], runs["distortion_mse"], runs["model"])
    assert result.status is not Status.OK
    with pytest.warns(DegenerateDataWarning, match="needs finite runs of 2 conditions, but got 1"):
        extra_sum_of_squares([1, 2, 3, 4], [4, 3, 2, 1], ["a"] * 4)


def test_permutation_takes_whole_seeds():
    # Within each seed the difference is constant: four independent numbers, not twenty.
    baseline = np.zeros((4, 5))
    hybrid = np.repeat([[1.0], [2.0], [3.0], [4.0]], 5, axis=1)
    with pytest.warns(DegenerateDataWarning, match="a sample of 4 seeds"):
        result = curve_permutation(baseline, hybrid)
    assert result.p_value == result.smallest_p == 2 / 2**4


def test_permutation_by_enumeration():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 6, 3))
    difference = y - x
    scale = np.sqrt(np.mean(difference**2, axis=0))
    patterns = 1 - 2 * ((np.arange(64)[:, None] >> np.arange(6)) & 1)
    statistics = [np.sum(((signs[:, None] * difference).mean(axis=0) / scale) ** 2) for signs in patterns]
    expected = np.mean(np.array(statistics) >= statistics[0] - 1e-12)
    assert curve_permutation(x, y).p_value == pytest.approx(expected)


def test_unpaired_permutation_finds_a_shift_and_not_its_absence():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(5, 4)), rng.normal(size=(6, 4))
    assert curve_permutation(x, y + 3.0, paired=False).p_value == pytest.approx(1 / 462)
    assert curve_permutation(x, y, paired=False).p_value > 0.05


def test_permutation_drops_incomplete_seeds():
    x = np.random.default_rng(0).normal(size=(8, 3))
    hybrid = x + 1.0 + 0.1 * x**2
    hybrid[0, 0] = np.nan
    with pytest.warns(DroppedRowsWarning, match="1 of 8 seeds"):
        result = curve_permutation(x, hybrid)
    assert (result.n_seeds, result.n_dropped) == (7, 6)
    with pytest.raises(ValueError, match=r"must match in shape, but got \(8, 3\) and \(7, 3\)"):
        curve_permutation(x, x[:7])


@pytest.mark.filterwarnings("ignore::rdstats._status.RDStatsWarning")
def test_side_by_side_uses_shared_capacities_and_flags_disagreement():
    runs = make_runs(effect=5.0)
    lacking = runs[~((runs["model"] == "E2M1") & (runs["capacity"] == 6.0))]
    table = compare_curves(lacking, baseline="baseline", hybrid="E2M1", rng=0).set_index("test")
    assert table["rejects"].all()
    assert table["agree"].all()
    assert table.loc[["permutation", "mixed_model"], "n_dropped"].tolist() == [6, 6]
    assert table.loc["extra_sum_of_squares", "n"] == 42
    few = compare_curves(runs[runs["seed"] < 4], baseline="baseline", hybrid="E2M1", rng=0).set_index("test")
    assert few["rejects"].tolist() == [True, False, True]
    assert not few["agree"].any()
    assert few.loc["permutation", "status"] == "too_few_seeds"


def test_side_by_side_warns_once_per_kind():
    runs = make_runs(effect=5.0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        compare_curves(runs[runs["seed"] < 4], baseline="baseline", hybrid="E2M1", rng=0)
    assert [entry.category for entry in caught] == [DegenerateDataWarning]


def test_a_run_without_condition_is_refused():
    runs = make_runs()
    names = runs["model"].where(runs["seed"] > 0)
    with pytest.raises(ValueError, match="condition must be given for every run, but 8 lack it"):
        extra_sum_of_squares(runs["rate"], runs["distortion_mse"], names)


def test_unknown_condition_is_named():
    with pytest.raises(ValueError, match=r"hybrid must be among the levels of 'model'.*but got 'E9'"):
        compare_curves(make_runs(), baseline="baseline", hybrid="E9")
