"""Effect sizes: definitions, extremes and the adjustment of p-values."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from rdstats import adjust, effect_sizes
from rdstats._status import DegenerateDataWarning, DroppedRowsWarning

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "comparisons.json").read_text())


def _row(table, effect):
    return table.set_index("effect").loc[effect]


def test_unpaired_g_interval_solves_the_noncentral_t():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=6), rng.normal(1.0, 1.0, size=8)
    g = _row(effect_sizes(x, y, paired=False), "hedges_g")
    t, factor = stats.ttest_ind(y, x).statistic, math.sqrt(1 / 6 + 1 / 8)
    # The two tails that define the interval, by SciPy's noncentral t.
    assert stats.nct.sf(t, 12, g["low"] / factor) == pytest.approx(0.025, abs=1e-8)
    assert stats.nct.cdf(t, 12, g["high"] / factor) == pytest.approx(0.025, abs=1e-8)
    # Hedges' usual approximation of the gamma functions, good to 0.1 % at 12 degrees of freedom.
    assert g["estimate"] == pytest.approx(t * factor * (1 - 3 / (4 * 12 - 1)), rel=1e-3)


def test_delta_counts_pairs():
    unpaired = _row(effect_sizes([1, 2, 3], [2, 3, 4], paired=False), "cliffs_delta")
    assert unpaired["estimate"] == pytest.approx((6 - 1) / 9)
    paired = _row(effect_sizes([1, 2, 3], [2, 3, 3], paired=True), "cliffs_delta")
    assert paired["estimate"] == pytest.approx(2 / 3)


def test_paired_delta_interval_is_the_binomial_one():
    exact = stats.binomtest(7, 8).proportion_ci(method="exact")
    y = np.array([1, 1, 1, 1, 1, 1, 1, -1.0])
    found = _row(effect_sizes(np.zeros(8), y + 0.1 * np.arange(8), paired=True), "probability_of_improvement")
    assert (found["low"], found["high"]) == pytest.approx((exact.low, exact.high))


def test_separated_samples_have_an_informative_interval():
    table = effect_sizes(np.arange(5.0), np.arange(10.0, 15.0), paired=False)
    delta = _row(table, "cliffs_delta")
    assert (delta["estimate"], delta["high"]) == (1.0, 1.0)
    assert 0.2 < delta["low"] < 0.95


@pytest.mark.parametrize("paired", [True, False])
def test_exchange_turns_signs_and_direction(paired):
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(2, 7))
    one = effect_sizes(x, y, paired=paired)
    other = effect_sizes(y, x, paired=paired, higher_is_better=False)
    np.testing.assert_allclose(one["estimate"][:2], -other["estimate"][:2])
    np.testing.assert_allclose(one["low"][:2], -other["high"][:2], atol=1e-9)
    np.testing.assert_allclose(
        one.loc[2, ["estimate", "low", "high"]].astype(float),
        other.loc[2, ["estimate", "low", "high"]].astype(float),
        atol=1e-9,
    )


_VALUES = st.lists(st.integers(-100, 100), min_size=2, max_size=2, unique=True).map(np.array)


@pytest.mark.filterwarnings("ignore::rdstats._status.DegenerateDataWarning")
@given(x=_VALUES, y=_VALUES, scale=st.sampled_from([1.0, 0.1, 1e-7]))
def test_g_of_two_pairs_is_not_corrected(x, y, scale):
    # Two pairs always correlate by 1 or -1, up to rounding: one degree of freedom, where no mean exists.
    x, y = scale * x, scale * y
    g = _row(effect_sizes(x, y, paired=True), "hedges_g")
    assert g["estimate"] == pytest.approx((y - x).mean() / math.sqrt((x.var(ddof=1) + y.var(ddof=1)) / 2))


@pytest.mark.parametrize("paired", [True, False])
def test_g_of_constant_conditions_is_undefined(paired):
    # Three times 0.1 has a mean that differs from 0.1 by rounding, and so a variance.
    with pytest.warns(DegenerateDataWarning, match="both conditions are constant"):
        g = _row(effect_sizes([0.1] * 3, [0.1 + 0.2, 0.3, 0.3], paired=paired), "hedges_g")
    assert math.isnan(g["estimate"])
    assert g["status"] == "zero_variance"


def test_degenerate_effects_are_typed():
    with pytest.warns(DegenerateDataWarning, match="at least 2 runs"):
        table = effect_sizes([1.0], [2.0], paired=True)
    assert table["status"].tolist() == ["too_few_seeds", "ok", "ok"]
    with pytest.warns(DegenerateDataWarning, match="no interval"):
        table = effect_sizes([0.1, 0.2, 0.3], [0.2, 0.3, 0.4], paired=True)
    assert table.loc[0, "status"] == "zero_variance"
    assert table.loc[0, "estimate"] > 0
    with pytest.warns(DroppedRowsWarning, match="1 of 3 pairs"):
        assert (effect_sizes([1, 2, np.nan], [2, 4, 1], paired=True)["n_dropped"] == 1).all()


@pytest.mark.parametrize("method", ["holm", "benjamini-hochberg"])
def test_adjustment_matches_r(method):
    case = GOLDEN["adjust"]
    assert adjust(case["p_values"], method=method) == pytest.approx(case[method])


@pytest.mark.parametrize(("method", "name"), [("holm", "holm"), ("benjamini-hochberg", "fdr_bh")])
def test_adjustment_matches_statsmodels(method, name):
    p_values = np.random.default_rng(0).uniform(size=30) ** 3
    assert adjust(p_values, method=method) == pytest.approx(multipletests(p_values, method=name)[1])


def test_adjustment_skips_missing_and_counts_the_family():
    nan = float("nan")
    np.testing.assert_allclose(adjust([[0.01, nan], [0.02, nan]]), [[0.02, nan], [0.02, nan]])
    np.testing.assert_allclose(adjust([0.01, 0.02], family_size=10), [0.1, 0.18])
    assert adjust([]).shape == (0,)


@pytest.mark.parametrize("bad", [-0.1, 1.1])
def test_adjustment_refuses_what_is_no_probability(bad):
    with pytest.raises(ValueError, match=f"p_values must lie in .* but got {bad}"):
        adjust([0.5, bad])
