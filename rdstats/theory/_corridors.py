"""The Corridors source in closed form: positions, pixel probabilities, imbalance.

Images have 13 x 13 binary pixels, 0 for corridor and 1 for wall. Rows 0-5 follow the position ``x_uc`` of the
upper corridor and rows 7-12 the position ``x_lc`` of the lower one; row 6 is all corridor. Position
``(x_uc, x_lc)`` has the index ``13 * x_uc + x_lc`` throughout.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from rdstats._validate import FloatArray, check_choice, check_real
from rdstats.theory._mixture_source import BernoulliMixture

Imbalance = Literal["none", "lower_corridor", "alignment"]

IMBALANCES: tuple[Imbalance, ...] = ("none", "lower_corridor", "alignment")
N_COLUMNS = 13
N_PIXELS = N_COLUMNS**2
ROWS_PER_CORRIDOR = 6
CORRIDOR_WIDTH = 1.2
LAST_FREQUENT_COLUMN = 6


def corridor_probabilities() -> FloatArray:
    """Return the probability that a pixel is corridor, by position and column.

    Returns
    -------
    ndarray, shape (13, 13)
        Entry ``[x, c]`` is exp(-(c - x)^2 / (2 * 1.2^2)).

    Examples
    --------
    >>> corridor_probabilities()[0, :3].round(4)
    array([1.    , 0.7066, 0.2494])
    """
    columns = np.arange(N_COLUMNS, dtype=np.float64)
    return np.asarray(np.exp(-((columns[:, None] - columns) ** 2) / (2.0 * CORRIDOR_WIDTH**2)))


def mean_images() -> FloatArray:
    """Return the expected image of each position, as probabilities of wall.

    Returns
    -------
    ndarray, shape (169, 169)
        Row ``13 * x_uc + x_lc``, pixel ``13 * row + column``.

    Examples
    --------
    >>> images = mean_images().reshape(13, 13, 13, 13)
    >>> images[3, 8, 0, 3], images[3, 8, 12, 8], images[3, 8, 6].max()
    (np.float64(0.0), np.float64(0.0), np.float64(0.0))
    """
    wall = 1.0 - corridor_probabilities()
    images = np.zeros((N_COLUMNS, N_COLUMNS, N_COLUMNS, N_COLUMNS))
    images[:, :, :ROWS_PER_CORRIDOR] = wall[:, None, None]
    images[:, :, -ROWS_PER_CORRIDOR:] = wall[None, :, None]
    return images.reshape(N_PIXELS, N_PIXELS)


def position_probabilities(imbalance: Imbalance = "none", ratio: float = 1.0) -> FloatArray:
    """Return how often each stimulus position is shown.

    Parameters
    ----------
    imbalance : {"none", "lower_corridor", "alignment"}
        Which positions are frequent: none, those with ``x_lc <= 6``, or those with ``x_uc = x_lc``.
    ratio : float, default 1
        How many times as often a frequent position is shown as another one; positive, and 1 for ``"none"``.

    Returns
    -------
    ndarray, shape (169,)
        Probabilities; sum to 1.

    Raises
    ------
    ValueError
        If ``imbalance`` is unknown or ``ratio`` does not suit it.

    Examples
    --------
    >>> p = position_probabilities("alignment", 10.0).reshape(13, 13)
    >>> round(float(p[4, 4] / p[4, 5]), 6)
    10.0
    """
    check_choice("imbalance", imbalance, IMBALANCES)
    ratio = check_real("ratio", ratio, low=0.0, open_interval=True)
    if imbalance == "none" and ratio != 1.0:
        raise ValueError(f"ratio must be 1 where imbalance is 'none', but got {ratio!r}")
    x_uc, x_lc = np.divmod(np.arange(N_PIXELS), N_COLUMNS)
    frequent = x_lc <= LAST_FREQUENT_COLUMN if imbalance == "lower_corridor" else x_uc == x_lc
    counts = np.where(frequent, ratio, 1.0)
    return np.asarray(counts / counts.sum())


def corridor_source(imbalance: Imbalance = "none", ratio: float = 1.0) -> BernoulliMixture:
    """Return the Corridors source as one mixture over all 169 positions.

    The constant middle row is left out: it carries neither rate nor distortion. Parameters are those of
    `position_probabilities`.

    Examples
    --------
    >>> source = corridor_source()
    >>> round(source.zero_rate_distortion / 169, 6), round(source.known_state_distortion / 169, 6)
    (0.155297, 0.054648)
    """
    wall = 1.0 - corridor_probabilities()
    x_uc, x_lc = np.divmod(np.arange(N_PIXELS), N_COLUMNS)
    return BernoulliMixture(
        position_probabilities(imbalance, ratio),
        np.hstack([wall[x_uc], wall[x_lc]]),
        copies=ROWS_PER_CORRIDOR,
        block_sizes=(N_COLUMNS, N_COLUMNS),
    )


def corridor_parts(imbalance: Imbalance = "none", ratio: float = 1.0) -> tuple[BernoulliMixture, ...]:
    """Return independent parts that together make the Corridors source.

    The two corridors are independent without imbalance and with ``"lower_corridor"``; then their optima at a
    common slope add up. With ``"alignment"`` they are not, and the one part is `corridor_source`. Parameters
    are those of `position_probabilities`.

    Examples
    --------
    >>> [len(part.weights) for part in corridor_parts("lower_corridor", 10.0)]
    [13, 13]
    >>> [len(part.weights) for part in corridor_parts("alignment", 10.0)]
    [169]
    """
    if imbalance == "alignment":
        return (corridor_source(imbalance, ratio),)
    joint = position_probabilities(imbalance, ratio).reshape(N_COLUMNS, N_COLUMNS)
    wall = 1.0 - corridor_probabilities()
    upper, lower = (BernoulliMixture(joint.sum(axis), wall, copies=ROWS_PER_CORRIDOR) for axis in (1, 0))
    return (upper, lower) if imbalance == "lower_corridor" else (upper, upper)
