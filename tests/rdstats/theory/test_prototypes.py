import numpy as np
import pytest
from scipy.spatial.distance import pdist

from rdstats.theory import optimal_prototypes


def test_positions_come_together_as_the_rate_falls():
    mean_distance = [pdist(optimal_prototypes(rate)).mean() for rate in (0.0, 0.3, 1.0, 3.0, 5.2)]
    assert np.all(np.diff(mean_distance) > 0.1)


def test_limits_of_the_rate():
    assert pdist(optimal_prototypes(0.0)).max() == pytest.approx(0.0, abs=1e-3)
    full = optimal_prototypes(5.2).reshape(13, 13, 26)
    assert np.ptp(full[:, :, :13], axis=1) == pytest.approx(0.0)  # the upper corridor's part knows x_UC only
    assert np.ptp(full[:, :, 13:], axis=0) == pytest.approx(0.0)


def frequent_over_rare(codes):
    """Return the distance of two frequent positions of a corridor over that of two rare ones."""
    return np.linalg.norm(codes[0] - codes[6]) / np.linalg.norm(codes[7] - codes[12])


def test_a_frequent_corridor_is_kept_apart_longer():
    # The own source shows x_LC <= 6 ten times as often, so its little rate goes to telling those apart; the
    # upper corridor is shown evenly.
    own = optimal_prototypes(1.0, "lower_corridor", 10.0)
    upper, lower, balanced = own[::13, :13], own[:13, 13:], optimal_prototypes(1.0)[:13, 13:]
    assert frequent_over_rare(lower) > 1.5 * frequent_over_rare(balanced)
    assert frequent_over_rare(lower) > 1.5 * frequent_over_rare(upper)


def test_bad_rate():
    with pytest.raises(ValueError, match=r"rate must .* but got -1"):
        optimal_prototypes(-1.0)
