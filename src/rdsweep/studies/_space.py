"""The search space as Optuna's distributions, and the design that a search starts with."""

from __future__ import annotations

import math
from collections.abc import Mapping

from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution
from scipy.stats import qmc

from rdsweep.studies._study_file import Space


def distributions(space: Space) -> dict[str, BaseDistribution]:
    """Return what each parameter is drawn from: log-uniform numbers, uniform counts.

    Examples
    --------
    >>> distributions(Space(beta=[3.0, 300.0], n_latents=[2, 8]))["n_latents"]
    IntDistribution(high=8, log=False, low=2, step=1)
    """
    return {
        name: IntDistribution(int(low), int(high))
        if isinstance(low, int)
        else FloatDistribution(low, high, log=True)
        for name, (low, high) in space.ranges().items()
    }


def design_point(space: Mapping[str, BaseDistribution], index: int, *, seed: int) -> dict[str, float]:
    """Return a point of a scrambled Sobol sequence, spread evenly over ``space`` by any number of points.

    Parameters
    ----------
    space : Mapping of str to distribution
    index : int
        Place in the sequence, at least 0.
    seed : int
        Of the scrambling.

    Examples
    --------
    >>> space = distributions(Space(beta=[1.0, 16.0]))
    >>> points = [design_point(space, index, seed=0)["beta"] for index in range(4)]
    >>> sorted(int(math.log2(point)) for point in points)  # one in each quarter of the log range
    [0, 1, 2, 3]
    """
    # Sobol sequences are drawn in powers of two.
    shares = qmc.Sobol(len(space), rng=seed).random(1 << index.bit_length())[index]
    return {
        name: _quantile(distribution, float(share))
        for (name, distribution), share in zip(space.items(), shares, strict=True)
    }


def _quantile(distribution: BaseDistribution, share: float) -> float:
    if isinstance(distribution, IntDistribution):
        return distribution.low + int(share * (distribution.high - distribution.low + 1))
    assert isinstance(distribution, FloatDistribution)
    low, high = math.log(distribution.low), math.log(distribution.high)
    return min(math.exp(low + share * (high - low)), distribution.high)
