import numpy as np
import pytest
from dit.rate_distortion.blahut_arimoto import blahut_arimoto as dit_blahut_arimoto
from scipy.special import entr

from rdstats._status import Status
from rdstats.theory import blahut_arimoto


def binary_entropy(p):
    return entr(p) + entr(1.0 - p)


def hamming(n):
    return 1.0 - np.eye(n)


@pytest.mark.parametrize("p", [0.5, 0.3, 0.1])
@pytest.mark.parametrize("distortion", [0.01, 0.05, 0.09])
def test_binary_source_under_hamming_distortion(p, distortion):
    beta = np.log((1.0 - distortion) / distortion)
    result = blahut_arimoto([p, 1.0 - p], hamming(2), beta)
    # The gap of 1e-9 nats bounds the objective; its minimum is flat, so the parts agree to its square root.
    assert result.distortion == pytest.approx(distortion, abs=1e-5)
    assert result.rate == pytest.approx(binary_entropy(p) - binary_entropy(distortion), abs=1e-4)
    exact = binary_entropy(p) - binary_entropy(distortion) + beta * distortion
    assert result.value - result.gap - 1e-12 <= exact <= result.value + 1e-12


@pytest.mark.parametrize("n_letters", [3, 7])
def test_uniform_letters_under_hamming_distortion(n_letters):
    distortion = 0.2
    beta = np.log((1.0 - distortion) * (n_letters - 1) / distortion)
    result = blahut_arimoto(np.full(n_letters, 1.0 / n_letters), hamming(n_letters), beta)
    rate = np.log(n_letters) - binary_entropy(distortion) - distortion * np.log(n_letters - 1)
    assert result.distortion == pytest.approx(distortion, abs=1e-9)
    assert result.rate == pytest.approx(rate, abs=1e-9)


def test_independent_fair_bits_add_up():
    bits = (np.arange(16)[:, None] >> np.arange(4)) & 1
    distances = (bits[:, None] != bits).sum(axis=2)
    result = blahut_arimoto(np.full(16, 1 / 16), distances, np.log(4.0))
    assert result.distortion == pytest.approx(4 * 0.2, abs=1e-9)
    assert result.rate == pytest.approx(4 * (np.log(2.0) - binary_entropy(0.2)), abs=1e-9)


def test_free_distortion_needs_no_rate():
    result = blahut_arimoto([0.2, 0.8], hamming(2), 0.0)
    assert result.rate == pytest.approx(0.0, abs=1e-12)


def test_dear_distortion_takes_the_entropy():
    result = blahut_arimoto(np.full(5, 0.2), hamming(5), 50.0)
    assert result.rate == pytest.approx(np.log(5.0), abs=1e-9)
    assert result.distortion < 1e-20


def test_agrees_with_dit():
    # dit 2.3 works in bits and stops when the distortion changes by less than 1e-5 relative (np.isclose),
    # hence the tolerance; 2026-11-24. Its first start is uniform, so one restart makes it deterministic.
    rng = np.random.default_rng(3)
    p, distances = rng.dirichlet(np.ones(6)), rng.uniform(size=(6, 6))
    for beta in (1.0, 4.0):
        theirs, _ = dit_blahut_arimoto(p, beta, lambda p_x, q: distances, max_iters=100_000, restarts=1)
        ours = blahut_arimoto(p, distances, beta * np.log(2.0))
        assert ours.rate / np.log(2.0) == pytest.approx(theirs.rate, abs=1e-3)
        assert ours.distortion == pytest.approx(theirs.distortion, abs=1e-3)
        assert ours.value / np.log(2.0) <= theirs.rate + beta * theirs.distortion + 1e-9


@pytest.mark.parametrize("max_iterations", [1, 3, 30])
def test_bracket_holds_before_convergence(max_iterations):
    rng = np.random.default_rng(1)
    p, distances = rng.dirichlet(np.ones(8)), rng.uniform(size=(8, 5))
    early = blahut_arimoto(p, distances, 6.0, max_iterations=max_iterations)
    final = blahut_arimoto(p, distances, 6.0)
    assert early.status is Status.NOT_CONVERGED
    assert "max_iterations" in early.message
    assert early.value - early.gap <= final.value <= early.value + 1e-12
    assert early.channel.sum(axis=1) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0.5, 0.6], hamming(2), 1.0), "p must be positive and sum to 1"),
        (([1.0, 0.0], hamming(2), 1.0), "p must be positive and sum to 1"),
        (([0.5, 0.5], hamming(3), 1.0), r"distortion must have one row per letter \(2\)"),
        (([0.5, 0.5], [[0.0, np.inf], [1.0, 0.0]], 1.0), "distortion must be finite"),
        (([0.5, 0.5], hamming(2), -1.0), "beta must lie in"),
    ],
)
def test_bad_input(arguments, message):
    with pytest.raises(ValueError, match=message):
        blahut_arimoto(*arguments)
