import numpy as np
import pytest

CAPACITIES = np.array([0.3, 1.0, 3.0, 6.0, 10.0])
PARAMETERS = (0.05, 0.15, 4.0)


@pytest.fixture
def simulate():
    """Return a function that makes rate, distortion and seed of one condition, seeds in rows."""

    def simulated(n_seeds, *, rng, spread=0.002):
        rng = np.random.default_rng(rng)
        rate = CAPACITIES * np.exp(rng.normal(scale=0.01, size=(n_seeds, 5)))
        d_inf, d_zero, n_dim = PARAMETERS
        curve = d_inf + (d_zero - d_inf) * np.exp(-2 * rate / n_dim)
        distortion = curve + rng.normal(scale=spread, size=rate.shape)
        return rate, distortion, np.repeat(np.arange(n_seeds), 5).reshape(rate.shape)

    return simulated


@pytest.fixture
def fixed_runs():
    """Fifteen runs without randomness, on which golden numbers rest."""
    rate = np.tile(CAPACITIES, 3) * (1 + 0.01 * np.cos(np.arange(15)))
    distortion = 0.05 + 0.1 * np.exp(-rate / 2) + 0.002 * np.sin(5 * np.arange(15.0))
    return rate, distortion
