"""Stopping runs before their budget is spent: what a pruner is told, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class PackReport:
    """How the runs of a pack do, in the order of their configurations.

    Attributes
    ----------
    steps, n_steps : int
        Optimizer steps done, and those of the whole budget.
    rate : NDArray of float64, shape (n_runs,)
        Nats per image, mean over the last chunk of training batches; NaN for stopped runs.
    distortion_mse : NDArray of float64, shape (n_runs,)
        Mean squared error per pixel on the same batches.
    """

    steps: int
    n_steps: int
    rate: NDArray[np.float64]
    distortion_mse: NDArray[np.float64]


Pruner = Callable[[PackReport], Mapping[int, str]]
"""Called after each chunk of steps; returns the runs to stop, by index, each with its reason."""

GRAPH_CAPTURE_COST = 50_000
"""Run-steps that one GPU does in the second or so that it takes to capture a step as a graph."""


def compaction_pays(n_stopped: int, steps_left: int, *, captured: bool) -> bool:
    """Whether to free the slots of stopped runs: steps saved against the price of setting up a smaller pack.

    Decided by counts rather than by clocks, so that a repeated pack takes the same course.

    Examples
    --------
    >>> compaction_pays(1, 3_000, captured=False), compaction_pays(1, 3_000, captured=True)
    (True, False)
    """
    return n_stopped * steps_left >= (GRAPH_CAPTURE_COST if captured else 1)
