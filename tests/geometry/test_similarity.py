from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy.spatial import procrustes
from scipy.spatial.distance import pdist
from scipy.stats import spearmanr

from rdsweep.geometry import (
    debiased_cka,
    procrustes_distance,
    representational_similarity,
    similarity_table,
)

RNG = np.random.default_rng(0)
CODE, OTHER = RNG.normal(size=(40, 3)), RNG.normal(size=(40, 5))
RELATED = CODE @ RNG.normal(size=(3, 5)) + 0.5 * OTHER
ROTATION, _ = np.linalg.qr(RNG.normal(size=(3, 3)))
MEASURES = {debiased_cka: 1.0, representational_similarity: 1.0, procrustes_distance: 0.0}


def hsic_by_kernels(x, y):
    """The unbiased criterion from its kernels, term by term."""
    n, ones = len(x), np.ones(len(x))
    k, l_ = x @ x.T, y @ y.T
    np.fill_diagonal(k, 0.0)
    np.fill_diagonal(l_, 0.0)
    middle = (ones @ k @ ones) * (ones @ l_ @ ones) / ((n - 1) * (n - 2))
    return (np.trace(k @ l_) + middle - 2.0 / (n - 2) * ones @ k @ l_ @ ones) / (n * (n - 3))


def test_cka_against_its_kernels():
    expected = hsic_by_kernels(CODE, RELATED) / math.sqrt(
        hsic_by_kernels(CODE, CODE) * hsic_by_kernels(RELATED, RELATED)
    )
    assert debiased_cka(CODE, RELATED) == pytest.approx(expected)


def test_cka_of_unrelated_codes_is_zero_on_average():
    values = [debiased_cka(*RNG.normal(size=(2, 20, 4))) for _ in range(400)]
    # Three standard errors of the mean.
    assert abs(np.mean(values)) < 3.0 * np.std(values) / math.sqrt(400)


def test_representational_similarity_against_scipy():
    expected = spearmanr(pdist(CODE), pdist(RELATED)).statistic
    assert representational_similarity(CODE, RELATED) == pytest.approx(expected)


def test_procrustes_distance_against_scipy():
    disparity = procrustes(np.pad(CODE, ((0, 0), (0, 2))), RELATED)[2]
    assert math.sin(procrustes_distance(CODE, RELATED)) ** 2 == pytest.approx(disparity)


@pytest.mark.parametrize(("measure", "same"), MEASURES.items())
def test_invariances_and_extremes(measure, same):
    moved, order = 3.0 * CODE @ ROTATION + 7.0, RNG.permutation(40)
    # The arc cosine turns a rounding of 1e-16 at 1 into 1e-8.
    assert measure(CODE, moved) == pytest.approx(same, abs=1e-7)
    expected = measure(CODE, RELATED)
    assert measure(RELATED, CODE) == pytest.approx(expected)
    assert measure(moved, RELATED) == pytest.approx(expected)
    assert measure(CODE[:, ::-1], np.hstack([RELATED, RELATED])) == pytest.approx(expected)
    assert measure(CODE[order], RELATED[order]) == pytest.approx(expected)
    assert abs(measure(CODE, OTHER) - same) > abs(expected - same)
    assert math.isnan(measure(CODE, np.full((40, 2), 0.1)))


@pytest.mark.parametrize("measure", MEASURES)
def test_mistakes_are_named(measure):
    with pytest.raises(ValueError, match="other must hold the images of latents, 40, but got 3 images"):
        measure(CODE, CODE[:3])
    with pytest.raises(ValueError, match="latents must hold at least"):
        measure(CODE[:1], CODE[:1])


@pytest.fixture
def runs():
    grid = pd.MultiIndex.from_product([["baseline", "E2M1"], [1.0, 3.0], range(3)])
    table = grid.to_frame(index=False, name=["model", "capacity", "seed"])
    return table.assign(run_id=[f"run{row}" for row in range(len(table))])


def test_runs_are_compared_with_the_other_seeds_of_their_level(runs):
    codes = {run_id: RNG.normal(size=(40, 3)) for run_id in runs["run_id"]}
    table = similarity_table(runs, codes, np.arange(40) // 4).set_index(["model", "capacity", "seed"])
    row = table.loc["E2M1", 3.0, 1]
    others = [codes["run3"], codes["run5"]]
    own = codes[row["run_id"]]
    assert row["n_references"] == 2
    assert row["debiased_cka"] == pytest.approx(np.mean([debiased_cka(own, other) for other in others]))
    means = [code.reshape(10, 4, 3).mean(1) for code in (own, *others)]
    expected = np.mean([representational_similarity(means[0], other) for other in means[1:]])
    assert row["representational_similarity"] == pytest.approx(expected)


def test_one_seed_and_missing_codes_leave_gaps(runs):
    codes = {run_id: RNG.normal(size=(8, 2)) for run_id in ("run0", "run6", "run7")}
    table = similarity_table(runs, codes, np.repeat([0, 1, 2, 3], 2))
    assert table["run_id"].tolist() == ["run0", "run6", "run7"]
    assert table["n_references"].tolist() == [0, 0, 1]
    assert table["debiased_cka"].isna().tolist() == [True, True, False]


def test_columns_of_the_table_are_checked(runs):
    with pytest.raises(ValueError, match=r"runs must have the columns .* but lacks \['seed'\]"):
        similarity_table(runs.drop(columns="seed"), {}, [])
    with pytest.raises(ValueError, match=r"baseline must be among the levels of 'model', .*, but got 'E9'"):
        similarity_table(runs, {}, [], baseline="E9")
