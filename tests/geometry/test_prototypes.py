from __future__ import annotations

import math

import numpy as np
import pytest

from rdsweep.geometry import effective_positions, position_information, scatter_ratio, silhouette

RNG = np.random.default_rng(0)
LABELS = np.repeat(np.arange(6), 10)
ROTATION, _ = np.linalg.qr(RNG.normal(size=(3, 3)))
PROTOTYPES = np.eye(6)[LABELS]
RANDOM = RNG.normal(size=(60, 3))
CLUSTERS = RNG.normal(size=(6, 3))[LABELS] + 0.2 * RANDOM


def test_scatter_of_the_extremes():
    assert scatter_ratio(PROTOTYPES, LABELS) == pytest.approx(0.0, abs=1e-30)
    assert scatter_ratio(PROTOTYPES, LABELS, method="nc1") == pytest.approx(0.0, abs=1e-12)
    assert math.isnan(scatter_ratio(np.full((60, 2), 0.1), LABELS))
    # Unrelated to its classes, a code has scatters in the ratio of their degrees of freedom, 54 to 5.
    unrelated = [scatter_ratio(RNG.normal(size=(60, 3)), LABELS) for _ in range(200)]
    assert np.median(unrelated) == pytest.approx(54 / 5, rel=0.15)


def test_nc1_by_hand():
    code = np.array([[-1.0, 8.0], [1.0, 12.0], [3.0, 0.0], [5.0, -4.0]])
    within = np.cov(np.array([[-1.0, -2.0], [1.0, 2.0], [-1.0, 2.0], [1.0, -2.0]]).T, bias=True)
    between = np.cov(np.array([[0.0, 10.0], [4.0, -2.0]]).T, bias=True)
    expected = np.trace(within @ np.linalg.pinv(between)) / 2
    assert scatter_ratio(code, [0, 0, 1, 1], method="nc1") == pytest.approx(expected)


def test_silhouette_of_the_extremes():
    assert silhouette(PROTOTYPES, LABELS) == 1.0
    assert silhouette(np.ones((60, 2)), LABELS) == 0.0
    assert silhouette(RANDOM, LABELS) < 0.0


@pytest.mark.parametrize("index", [scatter_ratio, silhouette])
def test_rotation_translation_scale_and_duplication_do_not_matter(index):
    order = RNG.permutation(60)
    expected = index(CLUSTERS, LABELS)
    assert 0.0 < expected < 1.0
    assert index(3.0 * CLUSTERS @ ROTATION + 5.0, LABELS) == pytest.approx(expected)
    assert index(np.hstack([CLUSTERS, CLUSTERS]), LABELS) == pytest.approx(expected)
    assert index(CLUSTERS[order], LABELS[order] + 7) == pytest.approx(expected)


def test_nc1_ignores_any_linear_map_and_the_trace_does_not():
    stretched = CLUSTERS * [1.0, 10.0, 0.1]
    nc1 = scatter_ratio(CLUSTERS, LABELS, method="nc1")
    assert scatter_ratio(stretched, LABELS, method="nc1") == pytest.approx(nc1)
    assert scatter_ratio(stretched, LABELS) != pytest.approx(scatter_ratio(CLUSTERS, LABELS), rel=0.01)


def test_information_of_the_extremes():
    grid = np.arange(169.0)[:, None]
    assert position_information(100.0 * grid, np.ones((169, 1))) == pytest.approx(math.log(169))
    assert position_information(0.0 * grid, np.ones((169, 1))) == 0.0
    assert effective_positions(100.0 * (grid // 13), np.ones((169, 1))) == pytest.approx(13.0)


def test_information_of_two_positions_against_quadrature():
    # I = log 2 - E[log(1 + exp(-d^2/2 - d n))] over standard normal n, by Gauss and Hermite.
    distance = 2.0
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    loss = np.logaddexp(0.0, -(distance**2) / 2 - distance * nodes)
    exact = math.log(2) - weights @ loss / weights.sum()
    means = np.array([[0.0], [distance]]).repeat(100, axis=1).T.reshape(-1, 1)
    # 100 copies of the pair hold no more than one: 12,800 samples of a term with a deviation of 0.35 nats.
    assert position_information(means, np.ones((200, 1))) == pytest.approx(exact, abs=0.01)


def test_information_ignores_scale_translation_and_latents_that_say_nothing():
    means, sds = RNG.normal(size=(169, 2)), 0.3 * np.ones((169, 2))
    expected = position_information(means, sds)
    assert position_information(5.0 * means - 1.0, 5.0 * sds) == pytest.approx(expected)
    silent = np.hstack([means, np.zeros((169, 1))]), np.hstack([sds, np.ones((169, 1))])
    # Other noise: twice the standard error of the estimate.
    assert position_information(*silent) == pytest.approx(expected, abs=0.02)
    assert position_information(means, 2.0 * sds) < expected - 0.5


@pytest.mark.parametrize(
    ("mean", "sd", "message"),
    [
        ([[0.0]], [[0.0]], "sd must be above 0, but got 0"),
        ([[0.0]], [[1.0, 1.0]], r"sd must have the shape of mean, \(1, 1\), but got \(1, 2\)"),
    ],
)
def test_mistakes_are_named(mean, sd, message):
    with pytest.raises(ValueError, match=message):
        position_information(mean, sd)


def test_one_class_is_refused():
    with pytest.raises(ValueError, match="labels must hold at least 2 classes, but got 1"):
        scatter_ratio(RANDOM, np.zeros(60, dtype=int))
    with pytest.raises(ValueError, match="method must be one of trace, nc1, but got 'nc2'"):
        scatter_ratio(RANDOM, LABELS, method="nc2")
