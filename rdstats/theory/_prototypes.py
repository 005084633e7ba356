"""Where an optimal code puts each stimulus: the mean reproductions behind a point of the factor curve."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from rdstats._validate import FloatArray, check_real
from rdstats.theory._corridor_bounds import CacheDir, factor_bound
from rdstats.theory._corridors import N_COLUMNS, N_PIXELS, Imbalance, corridor_parts
from rdstats.theory._free_support import free_support

_GAP = 1e-6


def optimal_prototypes(
    rate: float,
    imbalance: Imbalance = "none",
    ratio: float = 1.0,
    *,
    cache_dir: CacheDir = None,
) -> FloatArray:
    """Return the mean reproduction of each position by the optimal code of a rate.

    An optimal code of little rate sends positions to a few reproductions, its prototypes. A position's mean
    over the reproductions that it is sent to says where, and positions that share them come together.

    Parameters
    ----------
    rate : float
        Nats per image, at least 0. The optimum is that of the slope of the factor curve, out of 60, whose
        rate is nearest.
    imbalance, ratio, cache_dir
        As in `rd_bounds`. The first call for a rate takes a tenth of a second, with ``"alignment"`` minutes.

    Returns
    -------
    ndarray, shape (169, n_dimensions)
        One row per position, in the order of `position_probabilities`; squared distances between rows are
        squared errors per image. At rate 0 all rows are equal, from the entropy on each is its mean image.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range.

    References
    ----------
    Rose (1994), *IEEE Trans. Inf. Theory* 40(6) 1939-1952: the support of an optimal reproduction is finite.

    Examples
    --------
    >>> prototypes = optimal_prototypes(6.0)
    >>> prototypes.shape, len(np.unique(prototypes.round(2), axis=0))
    ((169, 26), 169)
    """
    rate = check_real("rate", rate, low=0.0)
    curve = factor_bound(imbalance, ratio, cache_dir=cache_dir)
    beta = float(curve.beta[np.argmin(np.abs(curve.rate - rate))])
    return _prototypes(imbalance, ratio, beta).copy()


@lru_cache(maxsize=256)
def _prototypes(imbalance: Imbalance, ratio: float, beta: float) -> FloatArray:
    parts = corridor_parts(imbalance, ratio)
    solved = {id(part): free_support(part.points, part.weights, beta, tol=_GAP) for part in parts}
    means = [solved[id(part)].channel @ solved[id(part)].support for part in parts]
    if len(means) == 1:
        return means[0]
    upper, lower = np.divmod(np.arange(N_PIXELS), N_COLUMNS)
    return np.hstack([means[0][upper], means[1][lower]])
