"""Where a single outside value lies in the distribution of one's own runs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from rdstats._comparisons._samples import magnitude, snap
from rdstats._levels import is_level
from rdstats._status import Interval, Status, undefined_interval
from rdstats._validate import as_float_array, check_columns, check_fraction, check_real

_METHOD = "normal prediction"
_COLUMNS = [
    *("mean", "sd", "low", "high", "z", "percentile", "p_value", "inside"),
    *("n", "n_dropped", "status", "message"),
]


@dataclass(frozen=True)
class Place:
    """Where a value lies among runs.

    Attributes
    ----------
    mean, sd : float
        Of the runs, in their unit; the standard deviation is NaN for a single run.
    z : float
        (value - mean) / sd; NaN without spread.
    percentile : float
        Share of runs below the value, ties counted half, in percent.
    p_value : float
        Probability that one more run of the same kind lies at least as far from the mean; NaN without
        spread.
    interval : Interval
        In which one more run lies with the given probability.
    n, n_dropped : int
        Finite runs, and others.
    status : Status
        ``OK``, or what the runs cannot support.
    message : str
        Cause and remedy where ``status`` is not ``OK``, else empty.
    """

    mean: float
    sd: float
    z: float
    percentile: float
    p_value: float
    interval: Interval
    n: int
    n_dropped: int
    status: Status
    message: str


def place_in_runs(value: float, runs: ArrayLike, *, confidence_level: float = 0.95) -> Place:
    """Say whether ``value`` could be one more of ``runs``.

    Unlike an interval of the mean, which shrinks to a point with many seeds, a prediction interval is one
    for a single further run. It accounts for the seeds twice: as spread, and as uncertainty of the mean.

    Parameters
    ----------
    value : float
        For example a published number that comes from a single run; in the unit of the runs.
    runs : array_like, shape (n_runs,)
        Values of runs with different seeds; those that are not finite are dropped and counted.
    confidence_level : float
        Probability with which the interval holds one more run.

    Returns
    -------
    Place

    Raises
    ------
    TypeError, ValueError
        If an argument is invalid; degenerate runs give a status.

    References
    ----------
    .. [1] G. J. Hahn and W. Q. Meeker, Statistical Intervals (1991), section 4.7: mean ± t(n - 1) sd
           sqrt(1 + 1/n).

    Examples
    --------
    >>> place = place_in_runs(0.1449, [0.1446, 0.1450, 0.1447, 0.1452, 0.1444])
    >>> f"z = {place.z:.2f}, {place.percentile:.0f} %, [{place.interval.low:.4f}, {place.interval.high:.4f}]"
    'z = 0.38, 60 %, [0.1438, 0.1458]'
    """
    check_real("value", value)
    check_fraction("confidence_level", confidence_level)
    array = as_float_array("runs", runs)
    finite = array[np.isfinite(array)]
    # Equal runs may differ by rounding, and so may a value that equals one.
    *runs_on_grid, value = snap(np.append(finite, value), scale=magnitude(finite)).tolist()
    finite = np.array(runs_on_grid)
    n, mean = len(finite), float(finite.mean()) if len(finite) else math.nan
    sd = float(finite.std(ddof=1)) if n > 1 else math.nan
    status, message = _status(n, sd, same=bool(np.all(finite == value)))
    place = Place(
        mean=mean,
        sd=sd,
        z=math.nan,
        percentile=float(stats.percentileofscore(finite, value, kind="mean")) if n else math.nan,
        p_value=math.nan,
        interval=undefined_interval(confidence_level, _METHOD),
        n=n,
        n_dropped=len(array) - n,
        status=status,
        message=message,
    )
    return place if status is not Status.OK else _with_prediction(place, value)


def place_points(
    runs: pd.DataFrame,
    points: pd.DataFrame,
    *,
    by: Sequence[str],
    metric: str,
    confidence_level: float = 0.95,
) -> pd.DataFrame:
    """Say for each point of a table whether it could be one more run of its group.

    Parameters
    ----------
    runs : DataFrame
        One row per run, with the columns ``by`` and ``metric``.
    points : DataFrame
        One row per point, with the columns ``by``, matched as :func:`is_level` does, and ``value`` in the
        unit of the metric.
    by : sequence of str
        Columns that tell groups of runs apart.
    metric : str
        Column of the runs.
    confidence_level : float
        Probability with which an interval holds one more run.

    Returns
    -------
    DataFrame
        The points, with the attributes of `Place`: ``mean, sd, low, high`` (unit of the metric), ``z``,
        ``percentile`` (%), ``p_value, inside, n, n_dropped, status, message``. ``inside`` is missing where
        there is no interval.

    Raises
    ------
    TypeError, ValueError
        If a column is missing or an argument is invalid.

    Examples
    --------
    >>> runs = pd.DataFrame({"model": ["a"] * 3, "f1": [0.90, 0.92, 0.91]})
    >>> points = pd.DataFrame({"model": ["a", "b"], "value": [0.99, 0.5]})
    >>> place_points(runs, points, by=["model"], metric="f1")[["model", "inside", "n", "status"]]
      model  inside  n   status
    0     a   False  3       ok
    1     b    <NA>  0  no_data
    """
    check_columns("runs", runs, [*by, metric])
    check_columns("points", points, [*by, "value"])
    keys = points[list(by)].itertuples(index=False, name=None)
    rows = [
        _row(place_in_runs(value, _of_group(runs, by, key)[metric], confidence_level=confidence_level), value)
        for key, value in zip(keys, map(float, points["value"]), strict=True)
    ]
    placed = pd.DataFrame(rows, columns=_COLUMNS).astype({"inside": "boolean"})
    return points.reset_index(drop=True).join(placed)


def _of_group(runs: pd.DataFrame, by: Sequence[str], key: Sequence[object]) -> pd.DataFrame:
    for column, value in zip(by, key, strict=True):
        runs = runs[is_level(runs[column], value)]
    return runs


def _row(place: Place, value: float) -> dict[str, Any]:
    return {
        "mean": place.mean,
        "sd": place.sd,
        "low": place.interval.low,
        "high": place.interval.high,
        "z": place.z,
        "percentile": place.percentile,
        "p_value": place.p_value,
        "inside": value in place.interval if place.interval.defined else None,
        "n": place.n,
        "n_dropped": place.n_dropped,
        "status": str(place.status),
        "message": place.message,
    }


def _status(n: int, sd: float, *, same: bool) -> tuple[Status, str]:
    if n == 0:
        return Status.NO_DATA, "no finite run"
    if n == 1:
        return Status.TOO_FEW_SEEDS, "one run has no spread to compare with: add seeds"
    if sd == 0:
        beside = "and so is the value" if same else "the value is not"
        return Status.ZERO_VARIANCE, f"all {n} runs are equal, {beside}; without spread there is no interval"
    return Status.OK, ""


def _with_prediction(place: Place, value: float) -> Place:
    error = place.sd * math.sqrt(1 + 1 / place.n)
    level = place.interval.confidence_level
    margin = error * float(stats.t.ppf((1 + level) / 2, place.n - 1))
    return replace(
        place,
        z=(value - place.mean) / place.sd,
        p_value=float(2 * stats.t.sf(abs(value - place.mean) / error, place.n - 1)),
        interval=Interval(place.mean - margin, place.mean + margin, level, _METHOD),
    )
