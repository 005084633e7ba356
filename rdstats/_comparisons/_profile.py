"""Performance profiles: how many runs reach a score, for every score."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from rdstats._comparisons._effect_sizes import binomial_interval
from rdstats._comparisons._samples import keep_finite
from rdstats._validate import as_float_array, check_fraction


def performance_profile(
    values: ArrayLike, *, thresholds: ArrayLike | None = None, confidence_level: float = 0.95
) -> pd.DataFrame:
    """Return the share of runs above each threshold.

    Parameters
    ----------
    values : array_like, shape (n_runs,)
        One score per run, of one condition or of several together; NaN and infinite ones are dropped.
    thresholds : array_like, shape (n_thresholds,), optional
        Scores to profile at, in the unit of ``values``; by default the distinct values.
    confidence_level : float
        Pointwise coverage.

    Returns
    -------
    DataFrame
        Columns ``threshold, fraction`` (share of runs with a score above it), ``low, high, n, n_dropped``.

    Raises
    ------
    TypeError, ValueError
        If an argument is invalid.

    Warns
    -----
    DroppedRowsWarning
        If runs were dropped.

    Notes
    -----
    The interval is Clopper and Pearson's, never below nominal: a fixed number of runs from each of
    several conditions makes the count less variable than the binomial, so it also holds there [2]_.

    References
    ----------
    .. [1] E. D. Dolan and J. J. More, "Benchmarking optimization software with performance profiles",
           Mathematical Programming 91 (2002) 201-213.
    .. [2] W. Hoeffding, "On the distribution of the number of successes in independent trials", Annals of
           Mathematical Statistics 27 (1956) 713-721, theorem 4.

    Examples
    --------
    >>> performance_profile([0.7, 0.8, 0.9, 0.95], thresholds=[0.75, 0.9]).round(2)
       threshold  fraction   low  high  n  n_dropped
    0       0.75      0.75  0.19  0.99  4          0
    1       0.90      0.25  0.01  0.81  4          0
    """
    check_fraction("confidence_level", confidence_level)
    (scores,), n_dropped = keep_finite(as_float_array("values", values), what="runs")
    at = np.unique(scores) if thresholds is None else as_float_array("thresholds", thresholds)
    if np.isnan(at).any():
        raise ValueError(f"thresholds must be numbers, but {int(np.isnan(at).sum())} of {len(at)} are NaN")
    above = len(scores) - np.searchsorted(np.sort(scores), at, side="right")
    n = len(scores)
    ends = [binomial_interval(count, n, confidence_level) if n else (0.0, 1.0) for count in above]
    return pd.DataFrame(
        {
            "threshold": at,
            "fraction": above / n if n else np.nan,
            "low": [low for low, _ in ends],
            "high": [high for _, high in ends],
            "n": n,
            "n_dropped": n_dropped,
        }
    )
