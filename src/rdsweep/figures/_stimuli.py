"""The 169 stimulus positions as figures use them: factors, classes, neighbors, and those that are shown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rdsweep.models import MODELS
from rdsweep.sources import N_POSITIONS
from rdsweep.tasks import get_task

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

SIDE = 13
UPPER, LOWER = np.divmod(np.arange(N_POSITIONS), SIDE)
"""x_UC and x_LC of each position."""

_RISING = [(place, place) for place in range(0, SIDE, 2)]
_FALLING = [(place, 12 - place) for place in range(0, SIDE, 2)]
_BESIDE = [(2, 4), (4, 2), (8, 10), (10, 8)]
_EDGES = [(0, 6), (6, 0), (6, 12), (12, 6)]

EXAMPLES = tuple(dict.fromkeys([*_RISING, *_FALLING, *_BESIDE, *_EDGES]))
"""The 21 positions of figure 2, as (x_UC, x_LC)."""

_CORNERS = [(0, 0), (2, 2), (10, 10), (12, 12)]
ANNOTATED = (*_FALLING, *_CORNERS, *_BESIDE, *_EDGES, (1, 5), (5, 1), (7, 11), (11, 7))
"""The 23 positions that the paper's embeddings name, as (x_UC, x_LC)."""

NEIGHBORS: IntArray = np.concatenate(
    [
        np.column_stack([np.flatnonzero(UPPER < SIDE - 1), np.flatnonzero(UPPER > 0)]),
        np.column_stack([np.flatnonzero(LOWER < SIDE - 1), np.flatnonzero(LOWER > 0)]),
    ]
)
"""Pairs of positions that differ by one step of one corridor, (312, 2)."""


@dataclass(frozen=True, eq=False)
class Classes:
    """How the positions are divided in the figure of a model.

    Attributes
    ----------
    labels : ndarray of int, shape (169,)
    names : tuple of str
        What each class is, in the order of its label; empty for the 25 bins.
    """

    labels: IntArray
    names: tuple[str, ...] = ()


_FREQUENT: dict[str, tuple[BoolArray, tuple[str, str]]] = {
    "lower_corridor": (LOWER <= 6, ("rare, $x_{LC}>6$", "frequent, $x_{LC}≤6$")),
    "alignment": (UPPER == LOWER, ("rare, $x_{UC}≠x_{LC}$", "frequent, $x_{UC}=x_{LC}$")),
}
_ANSWERS = {
    "order": ("$x_{UC}>x_{LC}$", "$x_{UC}≤x_{LC}$"),
    "region": ("$x_{UC}≥6$ and $x_{LC}<6$", "$x_{UC}<6$ or $x_{LC}≥6$"),
    "equality": ("$x_{UC}≠x_{LC}$", "$x_{UC}=x_{LC}$"),
}


def stimulus_classes(model: str) -> Classes:
    """Return the classes by which the paper colors a model: frequency, the task's, or the 25 bins.

    Parameters
    ----------
    model : str
        One of the paper's models but the baseline.

    Examples
    --------
    >>> stimulus_classes("E2M3").labels.sum(), stimulus_classes("E2M5").labels.max()
    (np.int64(13), np.int64(24))
    """
    entry = MODELS[model]
    if entry.imbalance in _FREQUENT:
        frequent, names = _FREQUENT[entry.imbalance]
        return Classes(frequent.astype(np.int64), names)
    task = entry.tasks[-1]
    return Classes(get_task(task).label_table(), _ANSWERS.get(task, ()))


def relevant_pairs(model: str) -> BoolArray:
    """Return which of `NEIGHBORS` matter to a model: one is frequent, or the answer to a task differs.

    Examples
    --------
    >>> int(relevant_pairs("E2M1").sum())
    24
    """
    entry = MODELS[model]
    if entry.imbalance in _FREQUENT:
        return np.asarray(_FREQUENT[entry.imbalance][0][NEIGHBORS].any(axis=1))
    answers = np.stack([get_task(task).label_table()[NEIGHBORS] for task in entry.tasks])
    return np.asarray((answers[..., 0] != answers[..., 1]).any(axis=0))


def relevant_stimuli(model: str) -> BoolArray:
    """Return which positions matter to a model: the frequent ones, or those with a relevant neighbor.

    Examples
    --------
    >>> int(relevant_stimuli("E1M2").sum()), int(relevant_stimuli("E2M1").sum())
    (13, 25)
    """
    entry = MODELS[model]
    if entry.imbalance in _FREQUENT:
        return _FREQUENT[entry.imbalance][0]
    return np.isin(np.arange(N_POSITIONS), NEIGHBORS[relevant_pairs(model)])
