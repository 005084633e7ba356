from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from rdstats import Status
from rdsweep.geometry import class_distortion, distortion_contrast, pooled_code, seed_distortions

LABELS = np.repeat([0, 1, 2], 12)


@pytest.fixture
def codes():
    return np.random.default_rng(1).normal(size=(4, 36, 3))


def test_squared_distances_of_the_pooled_code_are_means(codes):
    expected = np.mean([np.square(pdist(code)) for code in codes], axis=0)
    np.testing.assert_allclose(np.square(pdist(pooled_code(codes))), expected, rtol=1e-12)


def test_what_a_run_is_measured_against(codes):
    references = np.random.default_rng(2).normal(size=(4, 36, 2))
    for reference, truth in (
        ("own", references[1]),
        ("all", pooled_code(references)),
        ("others", pooled_code(references[[0, 2, 3]])),
    ):
        found = seed_distortions(codes, references, LABELS, reference=reference)
        assert found.shape == (4, 3, 3)
        np.testing.assert_array_equal(found[1], class_distortion(codes[1], truth, LABELS))


def test_seeds_must_pair(codes):
    with pytest.raises(ValueError, match=r"references must hold the seeds and images of codes"):
        seed_distortions(codes, codes[:3], LABELS)
    with pytest.raises(ValueError, match=r"at least 2 seeds where reference is 'others', but got 1"):
        seed_distortions(codes[:1], codes[:1], LABELS, reference="others")


def test_a_class_that_moved_away_is_distinct(codes):
    moved = codes.copy()
    moved[:, LABELS == 2] += 5.0
    result = distortion_contrast(moved, np.random.default_rng(3).normal(size=(4, 36, 3)), LABELS)
    assert result.status == Status.OK
    assert result.distinct[0, 2]
    assert result.distinct[1, 2]
    np.testing.assert_array_equal(result.p_adjusted, result.p_adjusted.T)
    assert (result.low <= result.estimate - result.noise).all()
    assert result.estimate[0, 2] > result.noise[0, 2]


def test_a_condition_against_itself_is_noise(codes):
    result = distortion_contrast(codes, codes, LABELS)
    np.testing.assert_array_equal(result.estimate, result.noise)
    assert not result.distinct.any()
    assert (result.p_value == 1.0).all()


def test_one_seed_has_a_status(codes):
    result = distortion_contrast(codes[:1], codes[:1], LABELS)
    assert result.status == Status.TOO_FEW_SEEDS
    assert "add seeds" in result.message
    assert np.isnan(result.estimate).all()
    assert not result.distinct.any()


def test_the_confidence_level_must_be_a_fraction(codes):
    with pytest.raises(ValueError, match=r"confidence_level must lie in \(0, 1\), but got 95"):
        distortion_contrast(codes, codes, LABELS, confidence_level=95)


@pytest.mark.slow
def test_level_of_the_contrast():
    """Two conditions with one law: a cell is below 0.05 in about one of twenty simulations."""
    rng, n_simulations = np.random.default_rng(4), 400
    p_values = [
        distortion_contrast(*rng.normal(size=(2, 5, 36, 3)), LABELS, statistic="log").p_value[0, 1]
        for _ in range(n_simulations)
    ]
    # Three standard errors of a share of 0.05 over 400 simulations.
    assert np.mean(np.array(p_values) < 0.05) == pytest.approx(0.05, abs=0.033)
