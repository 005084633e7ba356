"""Filters of tables: what counts as the level that was asked for, and what no run has."""

import re

import numpy as np
import pandas as pd
import pytest

from rdstats import (
    Claim,
    bd_table,
    bootstrap_conditions,
    claim_runs,
    compare_conditions,
    compare_curves,
    evaluate_claims,
    is_level,
    match_levels,
    place_points,
)


@pytest.fixture
def runs():
    """Two conditions whose capacities are in single precision, where 0.3 and 0.1 are not what they seem."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        [(m, c, s) for m in ("baseline", "E2M1") for c in (0.1, 0.3, 1.0) for s in range(4)],
        columns=["model", "capacity", "seed"],
    )
    table["capacity"] = table["capacity"].astype("float32")
    table["rate"] = table["capacity"]
    return table.assign(distortion_mse=rng.normal(0.1, 0.01, size=len(table)) - 0.01 * table["capacity"])


def claim(**changes):
    entry = {
        "id": "c", "statement": "s", "source": "", "metric": "distortion_mse", "contrast": "difference",
        "conditions": ["baseline", "E2M1"], "strata": ["capacity"],
    }  # fmt: skip
    return Claim.from_dict(entry | changes)


@pytest.mark.parametrize(
    ("cells", "dtype", "value", "found"),
    [
        ([0.3, 0.31], "float32", 0.3, [True, False]),
        ([0.3, 0.300001], "float64", 0.3, [True, False]),  # 3.3e-6 apart, relatively
        ([0.3, 0.3000002], "float64", 0.3, [True, True]),  # 6.7e-7
        ([0.0, 1e-9], "float64", 0, [True, False]),
        ([np.inf, 1.0], "float64", 1.0, [False, True]),
        ([0.3, None], "Float64", 0.3, [True, False]),
        ([1, 2], "int64", 1.0, [True, False]),
        ([1_000_000, 1_000_001], "int64", 1_000_000, [True, False]),
        (["1", "a"], "str", 1, [False, False]),
        (["a", "A"], "str", "a", [True, False]),
        (["a", None], "str", None, [False, True]),
        ([0.3, 1.0], "category", 0.3000001, [True, False]),
        ([True, False], "bool", True, [True, False]),
    ],
)
def test_real_numbers_match_within_a_millionth_and_all_else_exactly(cells, dtype, value, found):
    assert is_level(pd.Series(cells, dtype=dtype), value).tolist() == found


def test_what_no_cell_has_is_an_error_that_lists_what_exists():
    column = pd.Series([3, 1, 1], name="capacity")
    with pytest.raises(
        ValueError, match=r"^where must be among the levels of 'capacity', 1, 3, but got 2, 'x'$"
    ):
        match_levels(column, [1, 2, "x"], name="where")
    many = pd.Series(range(50), name="seed")
    with pytest.raises(ValueError, match=r"18, 19 and 30 more, but got 50$"):
        match_levels(many, [50], name="where")
    assert match_levels(column, [1, 2], name="where", known=[2]).tolist() == [False, True, True]
    assert match_levels(column[:0], [2], name="where").size == 0


def test_a_claim_finds_levels_in_single_precision(runs):
    asked = claim(where={"capacity": [0.3, 0.1, 0.30000001]})
    table = evaluate_claims(runs, [asked])
    assert table["stratum"].tolist() == ["capacity=0.3", "capacity=0.1"]
    assert (table["n"] == 4).all()
    expected = runs[np.isclose(runs["capacity"], 0.3)]
    assert claim_runs(runs, asked)["capacity=0.3"].index.equals(expected.index)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"where": {"capacity": [0.3, 0.4]}},
            "claim 'c': where must be among the levels of 'capacity', 0.1, 0.3, 1, but got 0.4",
        ),
        (
            {"where": {"seed": 7}},
            "claim 'c': where must be among the levels of 'seed', 0, 1, 2, 3, but got 7",
        ),
        (
            {"conditions": ["baseline", "E2M11"]},
            "claim 'c': conditions must be among the levels of 'model', 'E2M1', 'baseline', but got 'E2M11'",
        ),
    ],
)
def test_a_level_that_no_run_has_is_refused_in_claims(runs, changes, message):
    for function in (lambda each: evaluate_claims(runs, [each]), lambda each: claim_runs(runs, each)):
        with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
            function(claim(**changes))


@pytest.mark.parametrize(
    "function",
    [
        lambda runs, name: compare_conditions(runs, baseline=name, metric="distortion_mse"),
        lambda runs, name: compare_curves(runs, baseline=name, hybrid="E2M1"),
        lambda runs, name: compare_curves(runs, baseline="baseline", hybrid=name),
        lambda runs, name: bd_table(runs, reference=name),
        lambda runs, name: bootstrap_conditions(runs, metric="distortion_mse", baseline=name),
    ],
    ids=["compare_conditions", "compare_curves", "compare_curves hybrid", "bd_table", "bootstrap_conditions"],
)
def test_a_condition_that_no_run_has_is_refused_with_those_that_exist(runs, function):
    found = r"must be among the levels of 'model', 'E2M1', 'baseline', but got 'bsaeline'$"
    with pytest.raises(ValueError, match=found):
        function(runs, "bsaeline")


def test_points_find_their_runs_in_single_precision(runs):
    points = pd.DataFrame({"capacity": [0.3, 0.4], "value": 0.1})
    placed = place_points(runs, points, by=["capacity"], metric="distortion_mse")
    assert placed["n"].tolist() == [8, 0]


def test_conditions_may_be_numbers(runs):
    table = compare_conditions(
        runs.assign(ratio=np.where(runs["model"] == "baseline", 0.1, 0.3).astype("float32")),
        baseline=0.1, condition="ratio", metric="distortion_mse",
    )  # fmt: skip
    assert table["ratio"].astype("float32").unique().tolist() == [np.float32(0.3)]
    assert (table["n"] == 4).all()
