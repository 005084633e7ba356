"""A mixed model of one metric over conditions and capacities, with seeds as random effects."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from scipy import stats
from scipy.optimize import minimize_scalar

from rdstats._comparisons._comparison import warn_degenerate
from rdstats._comparisons._omnibus import OmnibusTest, undefined_omnibus
from rdstats._comparisons._samples import keep_finite, magnitude
from rdstats._status import Status
from rdstats._validate import FloatArray, check_columns, check_keys

_METHOD = "mixed_model"
_LOG_RATIOS = (-15.0, 30.0)
"""Logarithms between which the variance between seeds per variance within is sought."""


def mixed_model(
    runs: pd.DataFrame,
    *,
    metric: str,
    by: str = "capacity",
    condition: str = "model",
    seed: str = "seed",
) -> OmnibusTest:
    """Test whether conditions differ, at any capacity, given a random offset of each seed.

    The model metric ~ condition x level + (1 | seed), with levels as categories, is fitted by maximum
    likelihood; at its ratio of variances it is compared with metric ~ level + (1 | seed) by generalized
    least squares.

    Parameters
    ----------
    runs : DataFrame
        One row per run; the other arguments name its columns.
    metric : str
        Column of the metric, in any unit; runs whose value is not finite are dropped.
    by, condition, seed : str
        Columns of the level (capacity), of the condition, and of the seed that pairs runs.

    Returns
    -------
    OmnibusTest
        ``status`` is ``AT_BOUND`` where the variance between seeds is estimated as zero: then the
        model without it has the same likelihood and the test is that of ordinary least squares.

    Raises
    ------
    TypeError, ValueError
        If an argument is invalid, or a seed occurs twice in a cell.

    Warns
    -----
    DroppedRowsWarning, DegenerateDataWarning
        If runs were dropped; if ``status`` is not ``OK``.

    Notes
    -----
    With few seeds the likelihood ratio exceeds its chi-square quantiles too often [1]_. Where each seed has
    every cell once, F is instead the within-seed F of the randomized block design, exact for normal runs
    [2]_; where cells are missing it is an approximation. The model supposes that a seed shifts all its runs
    alike; where runs depart from their seed's shape over all capacities it rejects a true null in 9 to 14 %
    of simulations instead of 5 %: prefer :func:`curve_permutation` there.

    References
    ----------
    .. [1] J. C. Pinheiro and D. M. Bates, Mixed-Effects Models in S and S-PLUS (2000), section 2.4: the
           likelihood ratio of fixed effects is anticonservative.
    .. [2] H. Scheffe, The Analysis of Variance (1959), section 8.1: the exact F.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> runs = pd.DataFrame(
    ...     [(m, c, s) for m in ("baseline", "E2M1") for c in (1.0, 3.0) for s in range(6)],
    ...     columns=["model", "capacity", "seed"],
    ... )
    >>> shift = rng.normal(size=6)[runs["seed"]]
    >>> runs["metric"] = shift + rng.normal(size=24) + 3.0 * (runs["model"] == "E2M1")
    >>> result = mixed_model(runs, metric="metric")
    >>> result.df_num, result.df_den, result.p_value < 0.001
    (2, 15, True)
    """
    check_columns("runs", runs, [metric, by, condition, seed])
    check_keys(runs, [by, condition, seed])
    values = runs[metric].to_numpy(dtype=np.float64)
    position = np.arange(len(runs), dtype=np.float64)
    (values, kept), n_dropped = keep_finite(values, position, what="runs")
    used = runs.iloc[kept.astype(int)]
    result = _test(values, used[by], used[condition], pd.factorize(used[seed])[0], n_dropped)
    warn_degenerate(result.status, result.message)
    return result


def _test(
    values: FloatArray, level: pd.Series[float], condition: pd.Series[str], seed: np.ndarray, n_dropped: int
) -> OmnibusTest:
    n, n_seeds = len(values), len(np.unique(seed))
    problem = None
    if condition.nunique() < 2:
        problem = Status.NO_DATA, f"needs finite runs of 2 conditions, but got {condition.nunique()}"
    elif n_seeds < 2:
        problem = Status.TOO_FEW_SEEDS, f"needs 2 seeds, but got {n_seeds}: add seeds"
    else:
        full, reduced = _cell_design(level, condition), _design(level)
        problem = _design_problem(values, full, reduced, seed)
    if problem is not None:
        return undefined_omnibus(*problem, method=_METHOD, n=n, n_seeds=n_seeds, n_dropped=n_dropped)
    return _f_test(values, full, reduced, seed, n_dropped)


def _f_test(
    values: FloatArray, full: FloatArray, reduced: FloatArray, seed: np.ndarray, n_dropped: int
) -> OmnibusTest:
    n, n_seeds = len(values), int(seed.max()) + 1
    standardized = (values - values.mean()) / values.std()
    ratio = _variance_ratio(standardized, full, seed)
    at_bound = ratio == 0
    df_num = full.shape[1] - reduced.shape[1]
    df_den = n - full.shape[1] - (0 if at_bound else n_seeds - 1)
    own, shared = (_squares(standardized, design, seed, ratio) for design in (full, reduced))
    # At the maximum of the likelihood the seeds' offsets account for n_seeds of the n equal shares.
    error = own if at_bound else own * (1 - n_seeds / n)
    statistic = max(0.0, (shared - own) / df_num) / (error / df_den)
    p_value = max(float(stats.f.sf(statistic, df_num, df_den)), float(np.finfo(np.float64).tiny))
    return OmnibusTest(
        statistic,
        p_value,
        df_num,
        df_den,
        n,
        n_seeds,
        n_dropped,
        _METHOD,
        0.0,
        Status.AT_BOUND if at_bound else Status.OK,
        "the variance between seeds is estimated as zero: the test is that of ordinary least squares"
        if at_bound
        else "",
    )


def _cell_design(level: pd.Series[float], condition: pd.Series[str]) -> FloatArray:
    return _design(pd.Series(list(zip(level, condition, strict=True)), dtype=object))


def _design(categories: pd.Series[float]) -> FloatArray:
    """Return one indicator column per category."""
    codes, names = pd.factorize(categories)
    return np.asarray(np.eye(len(names))[codes])


def _design_problem(
    values: FloatArray, full: FloatArray, reduced: FloatArray, seed: np.ndarray
) -> tuple[Status, str] | None:
    n_seeds = int(seed.max()) + 1
    df_den = len(values) - full.shape[1] - (n_seeds - 1)
    if df_den < 1:
        return Status.TOO_FEW_SEEDS, f"{len(values)} runs leave no degree of freedom for the error: add seeds"
    if full.shape[1] == reduced.shape[1]:
        return Status.NO_OVERLAP, "no level has runs of two conditions"
    everything = np.column_stack([full, np.eye(n_seeds)[seed]])
    residuals = values - everything @ np.linalg.lstsq(everything, values)[0]
    if magnitude(residuals) <= 1e-12 * magnitude(values):
        message = "the runs do not vary beyond their cell and seed: check that they are independent"
        return Status.ZERO_VARIANCE, message
    return None


def _variance_ratio(values: FloatArray, design: FloatArray, seed: np.ndarray) -> float:
    """Return the variance between seeds per variance within that makes ``values`` most likely."""
    residuals = values - design @ np.linalg.lstsq(design, values)[0]
    if np.sum(np.bincount(seed, weights=residuals) ** 2) <= residuals @ residuals:
        return 0.0  # the likelihood falls as the ratio leaves zero
    n, sizes = len(values), np.bincount(seed)

    def deviance(log_ratio: float) -> float:
        ratio = math.exp(log_ratio)
        squares = _squares(values, design, seed, ratio)
        return n * math.log(squares) + float(np.log1p(ratio * sizes).sum())

    found = minimize_scalar(deviance, bounds=_LOG_RATIOS, method="bounded", options={"xatol": 1e-9})
    return math.exp(found.x)


def _squares(values: FloatArray, design: FloatArray, seed: np.ndarray, ratio: float) -> float:
    """Return the residual sum of squares of generalized least squares at a ratio of variances."""
    sizes = np.bincount(seed)
    shrinkage = 1 - 1 / np.sqrt(1 + ratio * sizes)
    both = np.column_stack([values, design])
    sums = np.zeros((len(sizes), both.shape[1]))
    np.add.at(sums, seed, both)
    whitened = both - ((shrinkage / sizes)[:, None] * sums)[seed]
    residuals = whitened[:, 0] - whitened[:, 1:] @ np.linalg.lstsq(whitened[:, 1:], whitened[:, 0])[0]
    return float(residuals @ residuals)
