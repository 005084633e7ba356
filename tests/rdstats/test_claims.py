"""Claims and planning: what decides a claim, what is refused, and seeds that suffice."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from rdstats import (
    Claim,
    claim_runs,
    evaluate_claims,
    power,
    seeds_needed,
    simulate_power,
    summarize_verdicts,
)
from rdstats._status import DegenerateDataWarning, DroppedRowsWarning, Status

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "comparisons.json").read_text())
BASE = {
    "id": "c",
    "statement": "s",
    "source": "figure 3",
    "metric": "metric",
    "contrast": "difference",
    "conditions": ["baseline", "E2M1"],
}


def claim(**changes):
    return Claim.from_dict(BASE | changes)


def make_runs(n_seeds=8, rng=0):
    """Three models whose distortion falls with capacity; the hybrids pay more at low capacity."""
    rng = np.random.default_rng(rng)
    runs = pd.DataFrame(
        [(m, c, s) for m in ("baseline", "E2M1", "E2M2") for c in (1.0, 2.0, 3.0) for s in range(n_seeds)],
        columns=["model", "capacity", "seed"],
    )
    cost = runs["model"].map({"baseline": 0.0, "E2M1": 1.0, "E2M2": 2.0})
    values = 10 - 2 * runs["capacity"] + cost * (4 - runs["capacity"])
    return runs.assign(metric=values + 0.1 * rng.normal(size=len(runs)))


CASES = {
    "difference": (claim(strata=["capacity"]), "replicates", 1.0),
    "difference reversed": (claim(strata=["capacity"], direction="less"), "fails", 3.0),
    "difference within margin": (claim(margin=9.0, where={"capacity": 1.0}), "fails", 3.0),
    "trend": (claim(contrast="trend", direction="less"), "replicates", -3.0),
    "interaction": (claim(contrast="interaction", direction="less"), "replicates", -1.0),
    "ordering": (
        claim(contrast="ordering", conditions=["baseline", "E2M1", "E2M2"], where={"capacity": [3.0]}),
        "replicates",
        1.0,
    ),
    "ordering with one step reversed": (
        claim(contrast="ordering", conditions=["E2M1", "baseline", "E2M2"], where={"capacity": [3.0]}),
        "fails",
        -1.0,
    ),
    "threshold": (
        claim(contrast="threshold", conditions=["E2M1"], threshold=4.5, where={"capacity": 3.0}),
        "replicates",
        0.5,
    ),
    "equivalence": (claim(contrast="equivalence", margin=2.0, where={"capacity": 3.0}), "replicates", 1.0),
    "equivalence refuted": (claim(contrast="equivalence", margin=0.5, where={"capacity": 3.0}), "fails", 1.0),
    "undecided": (claim(margin=1.0, where={"capacity": 3.0}), "undecided", 1.0),
}


@pytest.mark.parametrize("name", CASES)
def test_verdict_and_effect(name):
    tested, verdict, effect = CASES[name]
    table = evaluate_claims(make_runs(), [tested])
    assert set(table["verdict"]) == {verdict}
    # Standard error of an effect is at most 0.1 * sqrt(2 / 8).
    assert (table["effect"] - effect).abs().min() < 0.15
    assert ((table["low"] < table["effect"]) & (table["effect"] < table["high"])).all()


def test_directional_p_value_is_twice_the_one_sided_t():
    runs = make_runs()
    at = runs[runs["capacity"] == 3.0].pivot_table(index="seed", columns="model", values="metric")
    expected = stats.ttest_rel(at["E2M1"], at["baseline"], alternative="greater").pvalue
    row = evaluate_claims(runs, [claim(where={"capacity": 3.0})]).iloc[0]
    assert row["p_value"] == pytest.approx(2 * expected)
    assert row["p_contrary"] == 1.0


def test_a_step_without_variance_leaves_an_ordering_untested():
    runs = make_runs().assign(metric=lambda runs: runs["metric"].where(runs["model"] == "E2M2", 0.0))
    ordered = claim(contrast="ordering", conditions=["baseline", "E2M1", "E2M2"], where={"capacity": 1.0})
    with pytest.warns(DegenerateDataWarning, match="all 8 differences equal 0"):
        row = evaluate_claims(runs, [ordered]).iloc[0]
    assert (row["verdict"], row["effect"]) == ("cannot be tested", 0.0)


def test_strata_and_families_are_adjusted():
    first, second = claim(strata=["capacity"]), claim(id="d", strata=["capacity"], family="other")
    table = evaluate_claims(make_runs(), [first, second])
    assert table["stratum"].tolist() == ["capacity=1.0", "capacity=2.0", "capacity=3.0"] * 2
    for _, group in table.groupby("family"):
        assert group["p_adjusted"].min() == pytest.approx(3 * group["p_value"].min())


def test_a_stratum_named_twice_is_one_test():
    table = evaluate_claims(make_runs(), [claim(strata=["capacity"], where={"capacity": [1.0, 1, 2.0]})])
    assert table["stratum"].tolist() == ["capacity=1.0", "capacity=2.0"]
    assert (table["family_size"] == 2).all()


def test_missing_stratum_cannot_be_tested_and_is_counted():
    runs = make_runs()
    runs = runs[~((runs["model"] == "E2M1") & (runs["capacity"] == 2.0))]
    asked = claim(strata=["capacity"], where={"capacity": [2.0, 3.0, 99.0]})
    with (
        pytest.warns(DroppedRowsWarning, match="8 runs"),
        pytest.warns(
            DegenerateDataWarning,
            match="2 of 3 verdicts are degenerate, the first because no finite run of E2M1",
        ),
    ):
        table = evaluate_claims(runs, [asked], known_levels={"capacity": [99.0]})
    assert table["verdict"].tolist() == ["cannot be tested", "replicates", "cannot be tested"]
    assert table["n"].tolist() == [0, 8, 0]
    assert summarize_verdicts(table).loc[0, "verdict"] == "undecided"


def test_interaction_uses_levels_that_both_conditions_have():
    runs = make_runs()
    lacking = runs[~((runs["model"] == "E2M1") & (runs["capacity"] == 2.0))]
    with pytest.warns(DroppedRowsWarning):
        row = evaluate_claims(lacking, [claim(contrast="interaction", direction="less")]).iloc[0]
    assert (row["verdict"], row["n"], row["n_dropped"]) == ("replicates", 8, 8)


@pytest.mark.parametrize(
    ("runs", "status"),
    [
        (make_runs(1), Status.TOO_FEW_SEEDS),
        (make_runs().assign(metric=lambda runs: runs["model"].map(len)), Status.ZERO_VARIANCE),
        (make_runs().assign(metric=np.nan), Status.NO_DATA),
    ],
    ids=["published: one run", "constant shift", "all missing"],
)
@pytest.mark.filterwarnings("ignore::rdstats._status.DroppedRowsWarning")
def test_degenerate_runs_leave_claims_untested(runs, status):
    with pytest.warns(DegenerateDataWarning):
        row = evaluate_claims(runs, [claim(where={"capacity": 1.0})]).iloc[0]
    assert (row["verdict"], row["status"]) == ("cannot be tested", status)
    assert row["message"]
    assert row[["p_value", "p_adjusted", "p_contrary"]].isna().all()


def test_unpaired_claims_are_tested_as_welch_does():
    runs = make_runs()
    runs.loc[runs["model"] == "E2M1", "seed"] += 100
    row = evaluate_claims(runs, [claim(paired=False, where={"capacity": 3.0})]).iloc[0]
    samples = [runs.query("capacity == 3.0 and model == @name")["metric"] for name in ("E2M1", "baseline")]
    expected = stats.ttest_ind(*samples, equal_var=False, alternative="greater").pvalue
    assert row["p_value"] == pytest.approx(2 * expected)
    assert (row["verdict"], row["n"], row["method"]) == ("replicates", 16, "welch")


EXACT_METHODS = {
    # Six runs each: all sign patterns and all labelings can be made, so that SciPy's p-values are exact too.
    "t": lambda x, y: stats.ttest_rel(y, x, alternative="greater"),
    "wilcoxon": lambda x, y: stats.wilcoxon(y, x, alternative="greater", method="exact"),
    "sign_flip": lambda x, y: stats.permutation_test(
        (y - x,), np.mean, permutation_type="samples", alternative="greater", n_resamples=np.inf
    ),
    "welch": lambda x, y: stats.ttest_ind(y, x, equal_var=False, alternative="greater"),
    "permutation": lambda x, y: stats.permutation_test(
        (y, x),
        lambda a, b, axis: a.mean(axis) - b.mean(axis),
        permutation_type="independent",
        alternative="greater",
        n_resamples=np.inf,
    ),
}


@pytest.mark.parametrize("method", EXACT_METHODS)
@pytest.mark.parametrize("by_claim", [True, False], ids=["asked by the claim", "asked for all claims"])
@pytest.mark.filterwarnings("ignore::rdstats._status.DegenerateDataWarning")  # small samples, large p
def test_the_p_value_of_a_verdict_is_that_of_the_test_asked_for(method, by_claim):
    runs = make_runs(6).assign(metric=lambda runs: runs["metric"] + np.sin(runs.index))
    test = {"paired": method in ("t", "wilcoxon", "sign_flip"), "method": method}
    asked = claim(where={"capacity": 3.0}, **(test if by_claim else {}))
    row = evaluate_claims(runs, [asked], **({} if by_claim else test)).iloc[0]
    samples = [
        runs.query("capacity == 3.0 and model == @name")["metric"].to_numpy() for name in ("baseline", "E2M1")
    ]
    assert row["p_value"] == pytest.approx(min(1.0, 2 * EXACT_METHODS[method](*samples).pvalue), rel=1e-9)
    assert row["method"] == method


def test_a_claim_that_pairs_otherwise_takes_the_default_of_its_kind():
    claims = [claim(id="own", paired=True), claim(id="inherits"), claim(id="named", method="welch")]
    found = [each.with_test(paired=False, method="permutation") for each in claims]
    assert [(each.paired, each.method) for each in found] == [
        (True, "t"), (False, "permutation"), (False, "welch"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "test", "message"),
    [
        (
            {"contrast": "trend"},
            {"paired": False},
            "claim 'c': paired must be true unless contrast is one of difference, equivalence, ordering, but",
        ),
        (
            {},
            {"method": "welch"},
            "claim 'c': method must be one of 't', 'wilcoxon', 'sign_flip', but got 'welch'",
        ),
        (
            {"method": "welch"},
            {},
            "claim 'c': method must be one of 't', 'wilcoxon', 'sign_flip', but got 'welch'",
        ),
        (
            {"method": "t"},
            {"paired": False},
            "claim 'c': method must be one of 'welch', 'permutation', but got 't'",
        ),
        ({}, {"method": "brunner_munzel"}, "method must be one of 't', .*, but got 'brunner_munzel'"),
    ],
)
def test_a_test_that_a_claim_cannot_have_is_refused(changes, test, message):
    with pytest.raises(ValueError, match=message):
        evaluate_claims(make_runs(), [claim(**changes, where={"capacity": [1.0]})], **test)


def test_unpaired_equivalence_has_two_bounds():
    runs = make_runs()
    for margin, verdict in ((2.0, "replicates"), (0.5, "fails")):
        tested = claim(contrast="equivalence", margin=margin, paired=False, where={"capacity": 3.0})
        assert evaluate_claims(runs, [tested])["verdict"].tolist() == [verdict]


def test_every_step_of_a_monotone_claim_has_to_hold():
    falling = claim(contrast="monotone", direction="less", conditions=["baseline", "E2M1"])
    assert evaluate_claims(make_runs(), [falling])["verdict"].tolist() == ["replicates"] * 2
    bumped = make_runs().assign(
        metric=lambda runs: runs["metric"] + 5.0 * ((runs["capacity"] == 2.0) & (runs["model"] == "E2M1"))
    )
    table = evaluate_claims(bumped, [falling])
    assert table["verdict"].tolist() == ["replicates", "fails"]
    # The trend of that model still falls, which is why steps are a claim of their own.
    assert (
        evaluate_claims(bumped, [claim(contrast="trend", direction="less")])["verdict"].iloc[1]
        == "replicates"
    )


@pytest.mark.parametrize("case", [*(case for case, _, _ in CASES.values()), claim(contrast="monotone")])
def test_order_of_runs_does_not_matter(case):
    runs = make_runs()
    shuffled = runs.sample(frac=1.0, random_state=1)
    pd.testing.assert_frame_equal(evaluate_claims(shuffled, [case]), evaluate_claims(runs, [case]))


@pytest.mark.parametrize(("n_seeds", "verdict"), [(10, "replicates"), (5, "undecided")])
def test_sign_flip_decides_runs_that_all_agree(n_seeds, verdict):
    runs = make_runs(n_seeds).assign(metric=0.0)
    below = claim(
        contrast="threshold", conditions=["E2M1"], threshold=0.5, direction="less", method="sign_flip",
        where={"capacity": 1.0},
    )  # fmt: skip
    with pytest.warns(DegenerateDataWarning):
        row = evaluate_claims(runs, [below]).iloc[0]
    assert row["verdict"] == verdict
    assert row["p_value"] == 2 * 0.5**n_seeds


def test_runs_of_a_claim_are_those_of_its_rows():
    runs = make_runs()
    separate = claim(contrast="threshold", threshold=1.0, strata=["capacity"])
    behind = claim_runs(runs, separate)
    assert list(behind) == evaluate_claims(runs, [separate])["stratum"].tolist()
    assert {len(rows) for rows in behind.values()} == {8}
    assert behind["model=E2M1, capacity=2.0"].equals(runs.query("model == 'E2M1' and capacity == 2.0"))


def test_each_metric_can_have_a_table_of_its_own():
    tables = {"metric": make_runs(), "other": make_runs().rename(columns={"metric": "other"})}
    claims = [claim(where={"capacity": 3.0}), claim(id="d", metric="other", where={"capacity": 3.0})]
    assert evaluate_claims(tables, claims)["family_size"].tolist() == [2, 2]
    with pytest.raises(ValueError, match=r"must hold a table for 'third', but has \['metric', 'other'\]"):
        evaluate_claims(tables, [claim(metric="third")])


def test_seeds_needed_decide_the_claim():
    runs = make_runs(n_seeds=5, rng=3).assign(metric=lambda runs: runs["metric"] * 0.1 + 0.0)
    noise = np.random.default_rng(0).normal(size=len(runs))
    row = evaluate_claims(
        runs.assign(metric=runs["metric"] + 0.3 * noise), [claim(where={"capacity": 2.0})]
    ).iloc[0]
    at = runs.assign(metric=runs["metric"] + 0.3 * noise).query("capacity == 2.0")
    difference = at.pivot_table(index="seed", columns="model", values="metric").eval("E2M1 - baseline")
    plan = seeds_needed(difference.mean(), sd=difference.std(), alternative="greater", alpha=0.025)
    assert row["seeds_needed"] == plan.n_seeds


def test_several_runs_in_a_cell_are_refused():
    with pytest.raises(ValueError, match=r"one row per model, seed, but has several for .*'baseline'"):
        evaluate_claims(make_runs(), [claim()])


def test_claims_need_distinct_ids():
    with pytest.raises(ValueError, match="distinct ids"):
        evaluate_claims(make_runs(), [claim(), claim()])


@pytest.mark.parametrize(
    ("entry", "error", "message"),
    [
        (BASE | {"metirc": "x"}, ValueError, r"claim 'c': keys must be among .* but got \['metirc'\]"),
        ({"id": "c"}, ValueError, r"claim 'c': keys \['statement', .*'conditions'\] must be given"),
        (BASE | {"contrast": "ratio"}, ValueError, "claim 'c': contrast must be one of 'difference'"),
        (BASE | {"direction": "up"}, ValueError, "claim 'c': direction must be one of 'greater', 'less'"),
        (
            BASE | {"conditions": ["a"]},
            ValueError,
            r"conditions must be \(baseline, hybrid\), but got \('a',\)",
        ),
        (BASE | {"conditions": "a"}, TypeError, "conditions must be a list of texts, but got 'a'"),
        (BASE | {"conditions": ["a", "a"]}, ValueError, "enough and distinct"),
        (
            BASE | {"threshold": 1.0},
            ValueError,
            "threshold must be given for contrast 'threshold' and no other",
        ),
        (BASE | {"contrast": "threshold"}, ValueError, "threshold must be given .* but got None"),
        (BASE | {"contrast": "equivalence"}, ValueError, "margin must be above 0"),
        (BASE | {"margin": -1.0}, ValueError, "claim 'c': margin must lie in"),
        (BASE | {"metric": 3}, TypeError, "claim 'c': metric must be text, but got 3"),
        (BASE | {"where": ["capacity"]}, TypeError, "where must be a mapping"),
        (
            BASE | {"contrast": "trend", "strata": ["capacity"]},
            ValueError,
            "strata must not hold the axis",
        ),
        (BASE | {"paired": "no"}, TypeError, "paired must be true or false, but got 'no'"),
        (BASE | {"contrast": "trend", "paired": False}, ValueError, "paired must be true unless contrast is"),
        (
            BASE | {"method": "welch", "paired": True},
            ValueError,
            "claim 'c': method must be one of 't', 'wilcoxon', 'sign_flip', but got 'welch'",
        ),
        (BASE | {"method": "exact"}, ValueError, "claim 'c': method must be one of 't', .*, 'permutation'"),
        ("c", TypeError, "a claim must be a mapping, but got 'c'"),
    ],
)
def test_invalid_claims_are_named(entry, error, message):
    with pytest.raises(error, match=message):
        Claim.from_dict(entry)


@pytest.mark.parametrize("case", GOLDEN["power"]["cases"])
def test_power_matches_r(case):
    found = power(case["effect"], sd=1.0, n_seeds=case["n"], alternative=case["alternative"])
    # pwr leaves out the far tail of the two-sided test, which is below 1e-3 of the smallest power.
    assert found == pytest.approx(case["power"], rel=3e-3)


@pytest.mark.parametrize(
    "options", [{}, {"paired": False}, {"method": "wilcoxon"}, {"alternative": "greater"}]
)
def test_seeds_needed_is_the_smallest_that_suffices(options):
    plan = seeds_needed(0.7, sd=1.0, n_comparisons=4, **options)
    reached, missed = (
        power(0.7, sd=1.0, n_seeds=n, n_comparisons=4, **options) for n in (plan.n_seeds, plan.n_seeds - 1)
    )
    assert missed < 0.8 <= reached == plan.power
    assert plan.alpha == 0.05 / 4


@pytest.mark.parametrize("effect", [4.0, 5.0, 10.0, 100.0, -5.0])
@pytest.mark.parametrize("alternative", ["two-sided", "greater"])
def test_power_of_large_effects_is_near_certain_or_none(effect, alternative):
    contrary = alternative == "greater" and effect < 0
    found = power(effect, sd=1.0, n_seeds=10, alternative=alternative)
    assert found == pytest.approx(0.0 if contrary else 1.0, abs=1e-6)


def test_larger_effects_never_need_more_seeds():
    needed = [
        seeds_needed(effect, sd=1.0, n_comparisons=35).n_seeds for effect in np.geomspace(0.1, 50.0, 40)
    ]
    assert needed == sorted(needed, reverse=True)


def test_sign_flip_needs_seeds_for_its_smallest_p():
    assert seeds_needed(100.0, sd=1.0).n_seeds == 2 + 1 - (power(100.0, sd=1.0, n_seeds=2) >= 0.8)
    assert seeds_needed(100.0, sd=1.0, method="sign_flip").n_seeds == 6
    assert power(100.0, sd=1.0, n_seeds=5, method="sign_flip") == 0.0


def test_hopeless_plans_are_typed():
    plan = seeds_needed(1e-6, sd=1.0)
    assert plan.status is Status.NOT_IDENTIFIABLE
    assert "more than" in plan.message


@pytest.mark.parametrize("arguments", [{"effect": 0.0}, {"effect": -1.0, "alternative": "greater"}])
def test_effects_that_cannot_be_found_are_refused(arguments):
    with pytest.raises(ValueError, match="effect must not be 0 or contrary to alternative"):
        seeds_needed(sd=1.0, **arguments)


@pytest.mark.parametrize("paired", [True, False])
def test_simulated_power_approaches_the_formula(paired):
    pilot = stats.norm.ppf((np.arange(40) + 0.5) / 40)
    baseline = np.zeros(40) if paired else pilot
    found = simulate_power(baseline, pilot, n_seeds=12, effect=0.8, paired=paired, rng=0)
    sd = float(np.std(pilot, ddof=1))
    # Three Monte-Carlo errors at 2,000 simulations, and a resampled normal is not quite normal.
    assert found.power == pytest.approx(power(0.8, sd=sd, n_seeds=12, paired=paired), abs=0.045)


def test_a_pilot_needs_two_runs():
    with pytest.raises(ValueError, match="must have 2 finite pilot runs, but have 1 and 1"):
        simulate_power([1.0], [2.0], n_seeds=5)
