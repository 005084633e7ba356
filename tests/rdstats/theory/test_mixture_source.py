import numpy as np
import pytest

from rdstats.theory import BernoulliMixture

WEIGHTS = np.array([0.3, 0.3, 0.4])
PROBABILITIES = np.array([[0.1, 0.5], [0.1, 0.9], [0.7, 0.5]])


def test_limits_of_the_distortion():
    source = BernoulliMixture(WEIGHTS, PROBABILITIES, copies=4)
    rng = np.random.default_rng(0)
    states = rng.choice(3, size=40_000, p=WEIGHTS)
    images = rng.uniform(size=(40_000, 4, 2)) < PROBABILITIES[states][:, None]
    known = ((images - PROBABILITIES[states][:, None]) ** 2).sum(axis=(1, 2))
    blind = ((images - images.mean(axis=0)) ** 2).sum(axis=(1, 2))
    # Five standard errors of means over 40,000 images whose squared errors have a spread below 1.
    assert source.known_state_distortion == pytest.approx(known.mean(), abs=0.025)
    assert source.zero_rate_distortion == pytest.approx(blind.mean(), abs=0.025)


def test_blocks_rebuild_the_probabilities():
    source = BernoulliMixture(WEIGHTS, PROBABILITIES, block_sizes=(1, 1))
    blocks = list(source.blocks())
    assert [len(distinct) for _, distinct, _ in blocks] == [2, 2]
    rebuilt = np.hstack([distinct[of_state] for _, distinct, of_state in blocks])
    assert np.array_equal(rebuilt, PROBABILITIES)


@pytest.mark.parametrize(
    ("weights", "probabilities", "options", "message"),
    [
        ([0.5, 0.4], [[0.1], [0.2]], {}, "weights must be positive and sum to 1"),
        ([0.5, 0.5], [[0.1]], {}, "must have the same length"),
        ([1.0], [[1.5]], {}, r"probabilities must lie in \[0, 1\], but got"),
        ([1.0], [[np.nan]], {}, r"probabilities must lie in \[0, 1\]"),
        ([1.0], [[0.5]], {"copies": 0}, "copies must be an integer of at least 1, but got 0"),
        (
            [1.0],
            [[0.5, 0.5]],
            {"block_sizes": (3,)},
            r"block_sizes must be positive and add up to 2",
        ),
    ],
)
def test_bad_input(weights, probabilities, options, message):
    with pytest.raises(ValueError, match=message):
        BernoulliMixture(weights, probabilities, **options)
