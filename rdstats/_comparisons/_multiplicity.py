"""P-values of several tests, adjusted together, in arrays and in tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from rdstats._status import Status
from rdstats._validate import FloatArray, check_choice, check_count

CORRECTIONS = ("holm", "benjamini-hochberg", "none")


def adjust(p_values: ArrayLike, *, method: str = "holm", family_size: int | None = None) -> FloatArray:
    """Adjust p-values for being one family of tests.

    Parameters
    ----------
    p_values : array_like, any shape
        Raw p-values in [0, 1]. NaN marks a test that could not be made: it stays NaN and does not
        count towards the family.
    method : {"holm", "benjamini-hochberg", "none"}
        Control of the probability of any false rejection, or of the expected share of false ones.
    family_size : int, optional
        Number of tests in the family where it is larger than the number given here.

    Returns
    -------
    ndarray
        Adjusted p-values, in the shape of ``p_values``.

    Raises
    ------
    ValueError
        If a p-value lies outside [0, 1] or the family is smaller than the tests given.

    References
    ----------
    .. [1] S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of
           Statistics 6 (1979) 65-70.
    .. [2] Y. Benjamini and Y. Hochberg, "Controlling the false discovery rate", Journal of the Royal
           Statistical Society B 57 (1995) 289-300.

    Examples
    --------
    >>> adjust([0.01, 0.04, float("nan"), 0.03])
    array([0.03, 0.06,  nan, 0.06])
    """
    check_choice("method", method, CORRECTIONS)
    raw = np.array(p_values, dtype=np.float64)
    tested = ~np.isnan(raw)
    if np.any((raw[tested] < 0) | (raw[tested] > 1)):
        outside = raw[tested][(raw[tested] < 0) | (raw[tested] > 1)][0]
        raise ValueError(f"p_values must lie in [0, 1] or be NaN, but got {outside}")
    n_tests = int(tested.sum())
    size = n_tests if family_size is None else check_count("family_size", family_size, minimum=n_tests)
    if method == "none" or n_tests == 0:
        return raw
    family = np.concatenate([raw[tested], np.ones(size - n_tests)])
    adjusted = _holm(family) if method == "holm" else stats.false_discovery_control(family)
    raw[tested] = adjusted[:n_tests]
    return raw


def adjust_families(table: pd.DataFrame, keys: list[str], *, correction: str, alpha: float) -> pd.DataFrame:
    """Add ``p_adjusted`` and ``family_size`` to a table of tests; ``keys`` tell its families apart.

    By Holm's procedure no test of a family can fall below its size times its smallest reachable p-value.
    Where that exceeds ``alpha`` the rows that were ``OK`` get a status that says so.
    """
    families = table.groupby(keys) if keys else table.groupby(lambda _: 0)
    size = families["p_value"].transform("count").astype(int)
    floor = families["smallest_p"].transform("min") * (size if correction == "holm" else 1)
    hopeless = (table["status"] == Status.OK) & (floor > alpha)
    messages = [
        f"no test of this family can give an adjusted p-value below {least:.3g}, so never reach {alpha:.3g}: "
        "add seeds, or make the family smaller"
        for least in floor
    ]
    return table.assign(
        p_adjusted=families["p_value"].transform(lambda p: adjust(p, method=correction)),
        family_size=size,
        status=table["status"].mask(hopeless, str(Status.TOO_FEW_SEEDS)),
        message=table["message"].where(~hopeless, pd.Series(messages, index=table.index)),
    )


def _holm(p_values: FloatArray) -> FloatArray:
    """Adjust by Holm's procedure, which SciPy lacks (and statsmodels collects garbage after, for 70 ms)."""
    order = np.argsort(p_values)
    steps = np.maximum.accumulate(p_values[order] * np.arange(len(order), 0, -1))
    adjusted = np.empty_like(p_values)
    adjusted[order] = np.minimum(steps, 1.0)
    return adjusted
