"""Pareto fronts of points that are to be small in both coordinates, and the area that they dominate."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def pareto_mask(points: FloatArray) -> NDArray[np.bool_]:
    """Return which points no other point dominates; of equal points all or none.

    Parameters
    ----------
    points : ndarray, shape (n, 2)
        Less is better in both columns.

    Examples
    --------
    >>> pareto_mask(np.array([[1.0, 3.0], [2.0, 2.0], [2.0, 4.0]])).tolist()
    [True, True, False]
    """
    no_worse = (points[:, None] <= points[None]).all(axis=2)
    better = (points[:, None] < points[None]).any(axis=2)
    return np.asarray(~(no_worse & better).any(axis=0))


def hypervolume(points: FloatArray, reference: FloatArray) -> float:
    """Return the area between a front and a reference point that is no better than any point that counts.

    Parameters
    ----------
    points : ndarray, shape (n, 2)
    reference : ndarray, shape (2,)
        Points beyond it in a coordinate add nothing.

    Examples
    --------
    >>> hypervolume(np.array([[1.0, 3.0], [2.0, 2.0]]), np.array([4.0, 4.0]))
    5.0
    """
    inside = points[(points < reference).all(axis=1)]
    front = inside[np.lexsort((inside[:, 1], inside[:, 0]))]
    lowest = np.minimum.accumulate(np.concatenate([reference[1:], front[:, 1]]))
    return float(((reference[0] - front[:, 0]) * -np.diff(lowest)).sum())


def hypervolume_history(values: FloatArray) -> FloatArray:
    """Return the area dominated by the first 1, 2, … configurations, for each seed by itself.

    The reference point is the worst value, over all configurations and seeds, of each objective.

    Parameters
    ----------
    values : ndarray, shape (n_configs, n_seeds, 2)

    Returns
    -------
    ndarray, shape (n_configs, n_seeds)
    """
    n_configs, n_seeds, _ = values.shape
    reference = values.reshape(-1, 2).max(axis=0) if n_configs else np.zeros(2)
    return np.array(
        [
            [hypervolume(values[: stop + 1, seed], reference) for seed in range(n_seeds)]
            for stop in range(n_configs)
        ]
    ).reshape(n_configs, n_seeds)


def largest_gap(rates: FloatArray) -> float:
    """Return the largest step in nats between neighboring rates of a front; NaN for fewer than two.

    Examples
    --------
    >>> largest_gap(np.array([3.0, 0.5, 1.0]))
    2.0
    """
    return float(np.diff(np.sort(rates)).max()) if len(rates) > 1 else float("nan")
