"""How far trained models stand from the rate-distortion bound."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from rdstats._status import DroppedRowsWarning, Status
from rdstats._validate import FloatArray, check_columns, check_fraction, check_keys
from rdstats.theory._frontier import Frontier


def excess_distortion(rate: ArrayLike, distortion: ArrayLike, *, frontier: Frontier) -> FloatArray:
    """Return the distortion that runs waste, given the rate they spend.

    Parameters
    ----------
    rate : array_like
        Rate of each run, in nats per image.
    distortion : array_like
        Mean squared error per pixel of each run; broadcasts against ``rate``.
    frontier : Frontier
        Lower bound to measure from.

    Returns
    -------
    ndarray
        ``distortion - D(rate)``, mean squared error per pixel. As D is a lower bound, this is at least the
        true excess; it is negative only where the estimates of rate and distortion are off.

    Examples
    --------
    >>> frontier = Frontier([0.5, 1.0, 2.0], 0.5 + 0.5 * np.log([1.0, 2.0, 4.0]), n_pixels=1)
    >>> excess_distortion([0.0, 0.3466], [1.0, 0.6], frontier=frontier).round(3)
    array([0. , 0.1])
    """
    return np.asarray(np.asarray(distortion, dtype=np.float64) - frontier.distortion_mse(rate))


def efficiency(rate: ArrayLike, distortion: ArrayLike, *, frontier: Frontier) -> FloatArray:
    """Return the share of the spent rate that would suffice for the achieved distortion.

    Parameters
    ----------
    rate : array_like
        Rate of each run, in nats per image.
    distortion : array_like
        Mean squared error per pixel of each run; broadcasts against ``rate``.
    frontier : Frontier
        Lower bound to measure from.

    Returns
    -------
    ndarray
        ``R(distortion) / rate``, 1 for an optimal code and 0 for one that is no better than a constant image.
        As R is a lower bound, this is at most the true efficiency. NaN where ``rate`` is not positive.

    Examples
    --------
    >>> frontier = Frontier([0.5, 1.0, 2.0], 0.5 + 0.5 * np.log([1.0, 2.0, 4.0]), n_pixels=1)
    >>> efficiency([0.5, 0.0], [0.5, 1.0], frontier=frontier).round(3)
    array([0.693,   nan])
    """
    spent = np.asarray(rate, dtype=np.float64)
    needed = frontier.rate(distortion)
    return np.asarray(needed / np.where(spent > 0, spent, np.nan))


def optimality_table(
    runs: pd.DataFrame,
    *,
    frontier: Frontier,
    by: Sequence[str] = ("condition", "capacity"),
    rate: str = "rate",
    distortion: str = "distortion_mse",
    confidence_level: float = 0.95,
) -> pd.DataFrame:
    """Summarize excess distortion and efficiency over the runs of each condition.

    Parameters
    ----------
    runs : DataFrame
        One row per run.
    frontier : Frontier
        Lower bound to measure from; it must belong to the stimulus distribution that ``rate`` and
        ``distortion`` were evaluated on.
    by : sequence of str, default ("condition", "capacity")
        Columns that define a group; the runs of a group differ in their seed only.
    rate, distortion : str
        Columns with the rate in nats per image and the mean squared error per pixel. The error must be that
        of sampled latents: latent means carry information that the rate does not count.
    confidence_level : float, default 0.95
        Coverage of the intervals.

    Returns
    -------
    DataFrame
        One row per group: the columns of ``by``; ``n_runs``; ``excess_distortion`` (mean squared error per
        pixel) and ``efficiency`` (a fraction), each a mean over runs followed by ``_low`` and ``_high``, the
        Student t interval of that mean; ``status`` and ``message``. A group with one run has no interval, and
        one whose runs all agree has the interval of width 0 and the status ``zero_variance``.

    Raises
    ------
    ValueError, TypeError
        If a column is missing, a run lacks a value of ``by`` or ``confidence_level`` is out of range.

    Warns
    -----
    DroppedRowsWarning
        If runs without a finite rate and distortion, or without a positive rate, were left out.

    Examples
    --------
    >>> frontier = Frontier([0.5, 1.0, 2.0], 0.5 + 0.5 * np.log([1.0, 2.0, 4.0]), n_pixels=1)
    >>> runs = pd.DataFrame({"condition": "a", "rate": [0.5, 0.6], "distortion_mse": [0.55, 0.5]})
    >>> optimality_table(runs, frontier=frontier, by=["condition"])["efficiency"].round(3).tolist()
    [0.585]
    """
    check_columns("runs", runs, [*by, rate, distortion])
    confidence_level = check_fraction("confidence_level", confidence_level)
    check_keys(runs, list(by), unique=False)
    spent, error = (runs[name].to_numpy(dtype=np.float64) for name in (rate, distortion))
    usable = np.isfinite(spent) & np.isfinite(error) & (spent > 0)
    if not usable.all():
        warnings.warn(
            f"{int((~usable).sum())} of {len(runs)} runs left out: rate or distortion is not finite, "
            "or rate is not positive",
            DroppedRowsWarning,
            stacklevel=2,
        )
    spent, error = spent[usable], error[usable]
    measured = runs.loc[usable, list(by)].assign(
        excess_distortion=excess_distortion(spent, error, frontier=frontier),
        efficiency=efficiency(spent, error, frontier=frontier),
    )
    rows = [
        dict(zip(by, keys, strict=True)) | _summary(group, confidence_level)
        for keys, group in measured.groupby(list(by), sort=False)
    ]
    return pd.DataFrame(rows, columns=[*by, *_SUMMARY_COLUMNS])


_QUANTITIES = ("excess_distortion", "efficiency")
_SUMMARY_COLUMNS = (
    "n_runs",
    *(f"{quantity}{suffix}" for quantity in _QUANTITIES for suffix in ("", "_low", "_high")),
    "status",
    "message",
)


def _summary(group: pd.DataFrame, confidence_level: float) -> dict[str, object]:
    n_runs = len(group)
    row: dict[str, object] = {"n_runs": n_runs, "status": Status.OK, "message": ""}
    if n_runs == 1:
        row |= {"status": Status.TOO_FEW_SEEDS, "message": "one run has no interval: add seeds"}
    elif (group[list(_QUANTITIES)] == group[list(_QUANTITIES)].iloc[0]).all(axis=None):
        row |= {"status": Status.ZERO_VARIANCE, "message": "all runs agree: check that seeds differ"}
    for quantity in _QUANTITIES:
        mean = group[quantity].mean()
        half_width = stats.t.ppf(0.5 + confidence_level / 2, n_runs - 1) * group[quantity].sem()
        row |= {quantity: mean, f"{quantity}_low": mean - half_width, f"{quantity}_high": mean + half_width}
    return row
