import numpy as np
import pytest

from rdstats.theory import (
    IMBALANCES,
    corridor_parts,
    corridor_source,
    mean_images,
    position_probabilities,
)


def test_anchors_of_the_uniform_source():
    # Mean squared errors of the source's definition, computed independently from the 169 mean images.
    source = corridor_source()
    assert source.zero_rate_distortion / 169 == pytest.approx(0.155297, abs=5e-7)
    assert source.known_state_distortion / 169 == pytest.approx(0.054648, abs=5e-7)
    one_known = (source.zero_rate_distortion + source.known_state_distortion) / 2
    assert one_known / 169 == pytest.approx(0.104973, abs=5e-7)
    assert source.state_entropy == pytest.approx(np.log(169.0))


def test_anchor_of_the_plotted_lower_corridor_runs():
    # Zero-information error of the published 2000:260 distribution, given to four decimals.
    source = corridor_source("lower_corridor", 2000 / 260)
    assert source.zero_rate_distortion / 169 == pytest.approx(0.1466, abs=5e-5)


def test_source_agrees_with_the_mean_images():
    images, p = mean_images(), position_probabilities("alignment", 10.0)
    mean = p @ images
    source = corridor_source("alignment", 10.0)
    assert source.zero_rate_distortion == pytest.approx((mean * (1 - mean)).sum())
    assert source.known_state_distortion == pytest.approx((p @ (images * (1 - images))).sum())
    between = ((images[:, None] - images) ** 2).sum(axis=2)
    points = ((source.points[:, None] - source.points) ** 2).sum(axis=2)
    assert points == pytest.approx(between, abs=1e-12)


@pytest.mark.parametrize("imbalance", IMBALANCES)
def test_ratio_one_is_uniform(imbalance):
    assert position_probabilities(imbalance, 1.0) == pytest.approx(1 / 169)


def test_frequent_positions():
    lower = position_probabilities("lower_corridor", 7.0).reshape(13, 13)
    assert lower[:, :7] == pytest.approx(7.0 * lower[0, 12])
    assert lower[:, 7:] == pytest.approx(lower[0, 12])
    aligned = position_probabilities("alignment", 7.0).reshape(13, 13)
    assert np.diag(aligned) == pytest.approx(7.0 * aligned[0, 1])


@pytest.mark.parametrize(("imbalance", "ratio"), [("none", 1.0), ("lower_corridor", 5.0), ("alignment", 5.0)])
def test_parts_make_the_whole(imbalance, ratio):
    whole, parts = corridor_source(imbalance, ratio), corridor_parts(imbalance, ratio)
    for quantity in ("zero_rate_distortion", "known_state_distortion", "state_entropy"):
        assert sum(getattr(part, quantity) for part in parts) == pytest.approx(getattr(whole, quantity))


def test_bad_input():
    with pytest.raises(ValueError, match="imbalance must be one of"):
        position_probabilities("upper")
    with pytest.raises(ValueError, match="ratio must lie in"):
        position_probabilities("alignment", 0.0)
    with pytest.raises(ValueError, match="ratio must be 1 where imbalance is 'none', but got 10"):
        position_probabilities("none", 10.0)
