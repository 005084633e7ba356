"""Walk through the conditions of a table of runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from rdstats._validate import check_keys

By = str | Sequence[str]


def column_names(by: By) -> list[str]:
    """Return the grouping columns as a list."""
    return [by] if isinstance(by, str) else list(by)


def conditions(runs: pd.DataFrame, by: By) -> Iterator[tuple[dict[str, object], pd.DataFrame]]:
    """Yield the labels and the rows of each condition, in order of first appearance.

    Raises
    ------
    ValueError
        If there are no runs, or a run lacks a label.
    """
    names = column_names(by)
    if runs.empty:
        raise ValueError("runs must have at least one row, but got none")
    check_keys(runs, names, unique=False)
    for keys, group in runs.groupby(names, sort=False):
        yield dict(zip(names, keys, strict=True)), group
