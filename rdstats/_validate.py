"""Checks of user input; every message names the argument, the rule and the value received."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from numbers import Integral, Real

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
RNGLike = int | np.random.Generator | None


def as_generator(rng: RNGLike) -> np.random.Generator:
    """Turn ``rng`` into a Generator; call once, at the top of a public function."""
    if isinstance(rng, np.random.Generator):
        return rng
    if rng is None:
        return np.random.default_rng()
    if _is_integer(rng) and rng >= 0:
        return np.random.default_rng(int(rng))
    raise TypeError(f"rng must be None, a non-negative integer or a numpy Generator, but got {rng!r}")


def check_fraction(name: str, value: float) -> float:
    """Return ``value`` as a float strictly between 0 and 1."""
    return check_real(name, value, low=0.0, high=1.0, open_interval=True)


def check_real(
    name: str,
    value: float,
    *,
    low: float = -np.inf,
    high: float = np.inf,
    open_interval: bool = False,
) -> float:
    """Return ``value`` as a finite float within the bounds."""
    if not _is_real(value):
        raise TypeError(f"{name} must be a real number, but got {value!r}")
    number = float(value)
    inside = low < number < high if open_interval else low <= number <= high
    if not (np.isfinite(number) and inside):
        brackets = "()" if open_interval else "[]"
        raise ValueError(f"{name} must lie in {brackets[0]}{low:g}, {high:g}{brackets[1]}, but got {value!r}")
    return number


def check_count(name: str, value: int, *, minimum: int = 1) -> int:
    """Return ``value`` as an integer of at least ``minimum``."""
    if not _is_integer(value):
        raise TypeError(f"{name} must be an integer, but got {value!r}")
    if value < minimum:
        raise ValueError(f"{name} must be an integer of at least {minimum}, but got {value!r}")
    return int(value)


def check_choice(name: str, value: str, choices: Collection[str]) -> str:
    """Return ``value`` if it is one of ``choices``."""
    if value not in choices:
        allowed = ", ".join(repr(choice) for choice in choices)
        raise ValueError(f"{name} must be one of {allowed}, but got {value!r}")
    return value


def as_float_array(name: str, values: ArrayLike, *, ndim: int = 1) -> FloatArray:
    """Return a float64 copy of ``values`` with ``ndim`` dimensions; NaN and infinities pass."""
    try:
        if isinstance(values, pd.DataFrame):  # whose missing values NumPy does not know
            values = values.to_numpy(dtype=np.float64, na_value=np.nan)
        array = np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{name} must hold numbers only, but got {type(values).__name__}: {error}") from error
    if array.ndim != ndim:
        raise ValueError(f"{name} must have {ndim} dimension(s), but got shape {array.shape}")
    return array


def check_same_length(**arrays: FloatArray) -> None:
    """Raise unless all arrays have the same length."""
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name} has {length}" for name, length in lengths.items())
        raise ValueError(f"{', '.join(lengths)} must have the same length, but {listed}")


def check_columns(name: str, frame: pd.DataFrame, columns: Iterable[str]) -> None:
    """Raise unless ``frame`` is a DataFrame that has all ``columns``."""
    if not isinstance(frame, pd.DataFrame):
        raise TypeError(f"{name} must be a pandas DataFrame, but got {type(frame).__name__}")
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise ValueError(f"{name} must have the columns {missing}, but has {list(frame.columns)}")


def check_keys(runs: pd.DataFrame, keys: list[str], *, unique: bool = True, name: str = "runs") -> None:
    """Raise unless each row has all ``keys`` and, if ``unique``, no other row has the same."""
    lacking = runs[keys].isna().any(axis=1)
    if lacking.any():
        raise ValueError(
            f"{name} must have a value of {', '.join(keys)} in every row, "
            f"but {int(lacking.sum())} of {len(runs)} lack one: select the rows to compare"
        )
    repeated = runs.duplicated(keys)
    if unique and repeated.any():
        first = runs.loc[repeated, keys].iloc[0].to_dict()
        raise ValueError(f"{name} must have one row per {', '.join(keys)}, but has several for {first}")


def as_codes(name: str, labels: ArrayLike) -> NDArray[np.intp]:
    """Return the codes of one label per run, in sorted order from 0; raise if a run has none."""
    codes: NDArray[np.intp] = pd.factorize(np.asarray(labels), sort=True)[0]
    if np.any(codes < 0):
        raise ValueError(f"{name} must be given for every run, but {int(np.sum(codes < 0))} lack it")
    return codes


def _is_integer(value: object) -> bool:
    """Whether ``value`` is an integer of Python or numpy, truth values excepted."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def _is_real(value: object) -> bool:
    """Whether ``value`` is a real number of Python or numpy, truth values excepted."""
    return isinstance(value, Real) and not isinstance(value, bool)
