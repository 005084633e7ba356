import numpy as np
import pytest
from scipy.special import xlogy

from rdstats.theory import (
    BernoulliMixture,
    JointCurve,
    best_accuracy,
    best_f1,
    blahut_arimoto,
    class_entropy,
    corridor_tasks,
    free_support,
    joint_curve,
    position_probabilities,
)
from rdstats.theory._blahut_arimoto import mutual_information


def test_sizes_of_the_classes():
    tasks = corridor_tasks()
    # Counted by hand: 13 * 14 / 2 ordered pairs, 6 * 13 + 7 * 7, 13 equal pairs, 25 classes of at least 4.
    assert tasks["order"].sum() == 91
    assert tasks["region"].sum() == 127
    assert tasks["equality"].sum() == 13
    assert sorted(set(tasks["bins"].tolist())) == list(range(25))
    assert np.bincount(tasks["bins"]).min() == 4


@pytest.mark.parametrize("seed", range(4))
def test_accuracy_agrees_with_blahut_arimoto(seed):
    p = np.random.default_rng(seed).dirichlet(np.ones(6))
    for beta in (0.8, 2.0, 5.0):
        optimum = blahut_arimoto(p, 1.0 - np.eye(6), beta, tol=1e-8)
        accuracy = best_accuracy([optimum.rate], np.arange(6), p)[0]
        assert optimum.rate + beta * (1.0 - accuracy) == pytest.approx(optimum.value, abs=1e-7)


@pytest.mark.parametrize("name", ["order", "region", "equality"])
def test_f1_agrees_with_a_search_over_all_binary_channels(name):
    labels, weights = corridor_tasks()[name], position_probabilities()
    p = np.bincount(labels, weights)
    hit, false_alarm = np.meshgrid(np.linspace(0.002, 1, 500), np.linspace(0, 1, 501))
    channels = np.stack([np.stack([1 - false_alarm, 1 - hit]), np.stack([false_alarm, hit])], axis=-1)
    rates = np.array([mutual_information(p, c) for c in channels.transpose(1, 2, 0, 3).reshape(-1, 2, 2)])
    f1 = (2 * p[1] * hit / (p[1] * (1 + hit) + p[0] * false_alarm)).ravel()
    for rate in (0.02, 0.1, 0.2):
        searched = f1[rates <= rate].max()
        # A grid of 0.002 in each rate misses at most a few thousandths of F1, always from below.
        assert searched - 1e-9 <= best_f1([rate], labels, weights)[0] <= searched + 0.02


def test_limits():
    weights = position_probabilities()
    for name, labels in corridor_tasks().items():
        entropy, p = class_entropy(labels, weights), np.bincount(labels, weights)
        assert best_accuracy([0.0, entropy, 9.0], labels, weights) == pytest.approx([p.max(), 1.0, 1.0])
        if name != "bins":
            always_one = 2 * p[1] / (1 + p[1])
            assert best_f1([0.0, entropy], labels, weights) == pytest.approx([always_one, 1.0], abs=1e-6)


def test_one_class_is_free():
    assert best_accuracy([0.0, 1.0], [0, 0], [0.5, 0.5]) == pytest.approx(1.0)


def toy_source():
    rng = np.random.default_rng(2)
    return BernoulliMixture(rng.dirichlet(np.full(6, 4.0)), rng.uniform(size=(6, 4)), copies=3)


def test_a_task_without_a_price_leaves_the_curve_alone():
    source, labels = toy_source(), [0, 1, 0, 1, 0, 1]
    curve = joint_curve(source, labels, 0.0, betas=[0.5, 2.0], tol=1e-7)
    for beta, value in zip(curve.beta, curve.value_lower, strict=True):
        plain = free_support(source.points, source.weights, float(beta))
        assert value == pytest.approx(plain.value + beta * source.known_state_distortion, abs=3e-7)


def test_a_dearer_task_is_solved_better_and_costs_distortion():
    source, labels = toy_source(), [0, 1, 0, 1, 0, 1]
    curves = [joint_curve(source, labels, price, betas=[1.0]) for price in (0.5, 2.0, 8.0, np.inf)]
    accuracy = np.array([curve.accuracy[0] for curve in curves])
    value = np.array([curve.value_lower[0] for curve in curves])
    assert np.all(np.diff(accuracy) >= -1e-6)
    assert np.all(np.diff(value) >= -1e-5)
    assert accuracy[-1] == pytest.approx(1.0)
    assert curves[-1].rate[0] >= class_entropy(labels, source.weights) - 1e-9


@pytest.mark.parametrize(
    ("loss", "price", "paid"), [("zero_one", 4.0, 4.0 * 0.1), ("log", 0.5, 0.5 * 0.6), ("log", np.inf, 0.0)]
)
def test_the_price_is_paid_and_the_gap_taken_off_a_lower_bound(loss, price, paid):
    numbers = {"rate": 1.0, "distortion": 3.0, "accuracy": 0.9, "cross_entropy": 0.6, "gap": 0.25}
    arrays = {name: np.array([number]) for name, number in numbers.items()}
    curve = JointCurve(beta=np.array([2.0]), loss=loss, task_price=price, **arrays)
    assert curve.value_lower == pytest.approx(1.0 + 2.0 * 3.0 + paid - 0.25)


def test_no_point_beats_the_task_alone():
    source, labels = toy_source(), [0, 0, 1, 1, 2, 2]
    curve = joint_curve(source, labels, 3.0, betas=[0.05, 0.5])
    assert np.all(curve.accuracy <= best_accuracy(curve.rate, labels, source.weights) + 1e-9)


def test_bad_input():
    source = toy_source()
    with pytest.raises(ValueError, match="labels must be 6 integers"):
        joint_curve(source, [0, 1], 1.0, betas=[1.0])
    with pytest.raises(ValueError, match="task_price must lie in"):
        joint_curve(source, np.arange(6), -1.0, betas=[1.0])
    with pytest.raises(ValueError, match="rate must be at least 0, but got -1"):
        best_accuracy([-1.0], [0, 1], [0.5, 0.5])


def test_no_channel_has_a_better_macro_f1_than_the_best():
    rng = np.random.default_rng(0)
    classes = np.array([0.5, 0.3, 0.2])
    channels = rng.dirichlet(np.full(3, 0.3), size=(4000, 3))
    decided = np.einsum("t,ntd->nd", classes, channels)
    rates = np.einsum("t,ntd->n", classes, xlogy(channels, channels)) - xlogy(decided, decided).sum(1)
    hits = classes * np.einsum("ntt->nt", channels)
    f1 = (2.0 * hits / (classes + decided)).mean(1)
    best = best_f1(rates.clip(min=0.0), [0, 1, 2], classes)
    # Interpolation along the path of optima lies below it by less than this.
    assert np.all(f1 <= best + 1e-3)
    assert np.all(np.diff(best[np.argsort(rates)]) >= 0.0)


def test_macro_f1_of_silence_and_of_the_class_itself():
    classes = np.array([0.5, 0.3, 0.2])
    entropy = -float(xlogy(classes, classes).sum())
    assert best_f1([0.0, entropy], [0, 1, 2], classes) == pytest.approx([1 / 3, 1.0])
