from __future__ import annotations

import math

import numpy as np
import pytest

from rdsweep.geometry import (
    active_units,
    cross_condition_accuracy,
    parallelism_score,
    participation_ratio,
    task_angle,
)

RNG = np.random.default_rng(0)
ROTATION, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))
LABELS, CONTEXTS = np.divmod(np.repeat(np.arange(4), 25), 2)


@pytest.fixture
def cube():
    """A code with an axis for the label, one for the context, and noise."""
    return np.column_stack([LABELS, CONTEXTS, np.zeros(100)]) + 0.05 * RNG.normal(size=(100, 3))


@pytest.mark.parametrize(
    ("axes", "degrees"), [([[1, 0], [0, 1]], 90.0), ([[1, 1], [0, 1]], 45.0), ([[1, 0], [-1, 0]], 0.0)]
)
def test_angle_by_hand(axes, degrees):
    points = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]) @ axes
    # The rounding of the arc cosine at 1.
    assert task_angle(points, [0, 0, 1, 1], [0, 1, 0, 1]) == pytest.approx(degrees, abs=1e-5)


def test_one_axis_for_both_tasks_has_no_angle():
    assert task_angle(CONTEXTS[:, None], CONTEXTS, 1 - CONTEXTS) == pytest.approx(0.0, abs=1e-5)


def test_parallelism_of_the_extremes(cube):
    assert parallelism_score(cube, LABELS, CONTEXTS) > 0.99
    assert parallelism_score((LABELS ^ CONTEXTS)[:, None], LABELS, CONTEXTS) == -1.0
    one_hot = np.eye(4)[2 * LABELS + CONTEXTS]
    assert parallelism_score(one_hot, LABELS, CONTEXTS) == pytest.approx(0.0, abs=1e-12)


def test_generalization_of_the_extremes(cube):
    assert cross_condition_accuracy(cube, LABELS, CONTEXTS) == 1.0
    turned = (LABELS ^ CONTEXTS)[:, None] + 0.05 * RNG.normal(size=(100, 1))
    assert cross_condition_accuracy(turned, LABELS, CONTEXTS) == 0.0
    random = np.random.default_rng(3).normal(size=(20_000, 3))
    labels, contexts = np.random.default_rng(4).integers(2, size=(2, 20_000))
    # Three standard errors of a share over 20,000 images.
    assert cross_condition_accuracy(random, labels, contexts) == pytest.approx(0.5, abs=0.011)


def test_participation_ratio_of_the_extremes():
    assert participation_ratio(np.vstack([np.eye(4), -np.eye(4)])) == pytest.approx(4.0)
    assert participation_ratio(np.arange(5.0)[:, None] * np.ones(3)) == pytest.approx(1.0)


def test_active_units_of_the_extremes():
    assert active_units(np.zeros((5, 3))) == 0
    assert active_units(RNG.normal(size=(50, 3))) == 3


def test_a_constant_code():
    constant = np.full((100, 3), 0.1)
    assert math.isnan(participation_ratio(constant))
    assert math.isnan(parallelism_score(constant, LABELS, CONTEXTS))
    assert math.isnan(task_angle(constant, LABELS, CONTEXTS))
    assert cross_condition_accuracy(constant, LABELS, CONTEXTS) == 0.5


INDICES = {
    "angle": lambda code: task_angle(code, LABELS, CONTEXTS),
    "parallelism": lambda code: parallelism_score(code, LABELS, CONTEXTS),
    "generalization": lambda code: cross_condition_accuracy(code, LABELS, CONTEXTS),
    "participation": participation_ratio,
}


@pytest.mark.parametrize("name", INDICES)
def test_rotation_translation_scale_and_duplication_do_not_matter(name):
    code = (
        np.random.default_rng(5).normal(size=(100, 3))
        + 0.5 * LABELS[:, None]
        + CONTEXTS[:, None] * [1, 0, -1]
    )
    index = INDICES[name]
    moved = (code @ ROTATION * 3.0 - 7.0, code[:, [2, 0, 1]], np.hstack([code, code]))
    for other in moved:
        assert index(other) == pytest.approx(index(code), rel=1e-6)


def test_only_the_read_out_ignores_other_linear_maps():
    code = np.random.default_rng(5).normal(size=(100, 3)) + LABELS[:, None]
    stretched = code * [1.0, 10.0, 0.1]
    assert INDICES["generalization"](stretched) == pytest.approx(INDICES["generalization"](code))
    assert participation_ratio(stretched) < participation_ratio(code) - 1.0
    assert active_units(0.01 * code) == 0


@pytest.mark.parametrize(
    ("labels", "contexts", "message"),
    [
        ([0, 0, 0, 0], [0, 1, 0, 1], "labels must hold 2 classes, but got 1"),
        ([0, 1, 0, 1], [0, 1, 2, 0], "contexts must hold 2 classes, but got 3"),
        ([0, 0, 1, 1], [0, 0, 1, 1], "contexts must hold both classes each, but context 1 lacks class 0"),
    ],
)
def test_mistakes_are_named(labels, contexts, message):
    for index in (parallelism_score, cross_condition_accuracy):
        with pytest.raises(ValueError, match=message):
            index(np.eye(4), labels, contexts)
