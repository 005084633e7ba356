"""Levels: which cells of a column have the values that a filter names, and which names are none."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api import types

_TOLERANCE = 1e-6  # relative; single precision rounds by 6e-8
_LISTED = 20  # levels that a message names

_Value = TypeVar("_Value")


def is_level(column: pd.Series[Any], value: object) -> NDArray[np.bool_]:
    """Return which cells of a column have a value.

    In a column of real numbers a cell has it within a relative tolerance of 1e-6, so that 0.3 is found in
    single precision too. Integers, truth values and text have to be equal. A missing value finds missing
    cells.

    Parameters
    ----------
    column : Series
    value : object

    Returns
    -------
    ndarray of bool, shape (n_rows,)

    Examples
    --------
    >>> is_level(pd.Series([0.3, 1.0], dtype="float32"), 0.3)
    array([ True, False])
    """
    if pd.isna(value):  # type: ignore[call-overload]
        return np.asarray(column.isna(), dtype=bool)
    is_category = isinstance(column.dtype, pd.CategoricalDtype)
    cells = (column.astype(column.cat.categories.dtype) if is_category else column).infer_objects()
    if types.is_float_dtype(cells) and types.is_number(value):
        numbers = cells.to_numpy(dtype=np.float64, na_value=np.nan)
        return np.isclose(numbers, float(value), rtol=_TOLERANCE, atol=0.0)  # type: ignore[arg-type]
    return np.asarray((cells == value).to_numpy(dtype=bool, na_value=False))


def match_levels(
    column: pd.Series[Any], values: Collection[object], *, name: str, known: Collection[object] = ()
) -> NDArray[np.bool_]:
    """Return which cells of a column have one of the values that a filter names.

    Parameters
    ----------
    column : Series
        One without cells has no levels, and no value is refused.
    values : collection
        Compared as :func:`is_level` does.
    name : str
        How messages call the filter.
    known : collection
        Values that may be named though no cell has them, for example those of runs that failed.

    Returns
    -------
    ndarray of bool, shape (n_rows,)

    Raises
    ------
    ValueError
        If a value is neither in the column nor known. The message lists the levels that exist.

    Examples
    --------
    >>> match_levels(pd.Series([0.3, 1.0, 3.0], name="capacity"), [0.3, 3], name="where")
    array([ True, False,  True])
    >>> match_levels(pd.Series([0.3, 1.0, 3.0], name="capacity"), [0.4], name="where")
    Traceback (most recent call last):
    ValueError: where must be among the levels of 'capacity', 0.3, 1, 3, but got 0.4
    """
    found = np.zeros(len(column), dtype=bool)
    others = pd.Series(list(known), dtype=object)
    strange = []
    for value in values:
        cells = is_level(column, value)
        found |= cells
        if len(column) and not cells.any() and not is_level(others, value).any():
            strange.append(value)
    if strange:
        got = ", ".join(map(_text, strange))
        raise ValueError(
            f"{name} must be among the levels of {column.name!r}, {_listed(column)}, but got {got}"
        )
    return found


def as_level(column: pd.Series[Any], value: _Value, *, name: str) -> _Value:
    """Return ``value`` as a column has it, which may differ by rounding; raise as `match_levels` does."""
    cells = match_levels(column, [value], name=name)
    return column[cells].iloc[0] if cells.any() else value


def distinct_levels(values: Sequence[_Value]) -> list[_Value]:
    """Return values without those that an earlier one already stands for.

    Examples
    --------
    >>> distinct_levels([1.0, 1, 0.3, 0.30000001])
    [1.0, 0.3]
    """
    column = pd.Series(list(values), dtype=object)
    return [value for place, value in enumerate(values) if int(is_level(column, value).argmax()) == place]


def _listed(column: pd.Series[Any]) -> str:
    levels = column.dropna().unique().tolist()
    try:
        levels = sorted(levels)
    except TypeError:  # of several kinds, which have no order
        levels = sorted(levels, key=str)
    more = f" and {len(levels) - _LISTED} more" if len(levels) > _LISTED else ""
    return ", ".join(map(_text, levels[:_LISTED])) + more if levels else "missing in every row"


def _text(level: object) -> str:
    return f"{level:.7g}" if isinstance(level, float) and math.isfinite(level) else repr(level)
