"""Runs arranged as seeds by levels, complete rows only: the shape that within-seed tests need."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd

from rdstats._status import DroppedRowsWarning
from rdstats._validate import FloatArray, check_columns, check_keys


@dataclass(frozen=True)
class Blocks:
    """Values of complete seeds.

    Attributes
    ----------
    table : ndarray, shape (n_seeds, n_levels)
    levels : pandas.Index, length n_levels, sorted
    n_dropped : int
        Runs left out: not finite, or of a seed that lacks a level.
    """

    table: FloatArray
    levels: pd.Index
    n_dropped: int


def complete_blocks(runs: pd.DataFrame, *, seed: str, level: str | list[str], metric: str) -> Blocks:
    """Arrange ``metric`` as seeds by levels and keep the seeds that have every level; warn of the rest.

    Raises
    ------
    ValueError
        If a column is missing, or a seed has two values at a level.
    """
    keys = [level] if isinstance(level, str) else level
    check_columns("runs", runs, [seed, *keys, metric])
    check_keys(runs, [*keys, seed])
    usable = runs[np.isfinite(runs[metric].to_numpy(dtype=np.float64))]
    wide = usable.pivot_table(index=seed, columns=level, values=metric, aggfunc="first")
    complete = wide.dropna()
    n_dropped = len(runs) - complete.size
    if n_dropped:
        warnings.warn(
            f"{n_dropped} of {len(runs)} runs were dropped: {len(runs) - len(usable)} without a finite "
            f"{metric}, the others of seeds that lack one of {wide.shape[1]} levels",
            DroppedRowsWarning,
            stacklevel=4,
        )
    return Blocks(complete.to_numpy(dtype=np.float64), complete.columns, n_dropped)
