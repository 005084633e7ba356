"""A mixed model of one metric over conditions and capacities, with seeds as random effects."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from rdstats._comparisons._blocks import check_keys
from rdstats._comparisons._comparison import warn_degenerate
from rdstats._comparisons._omnibus import OmnibusTest, undefined_omnibus
from rdstats._comparisons._samples import keep_finite, magnitude
from rdstats._status import Status
from rdstats._validate import FloatArray, check_columns

_METHOD = "mixed_model"


def mixed_model(
    runs: pd.DataFrame,
    *,
    metric: str,
    by: str = "capacity",
    condition: str = "model",
    seed: str = "seed",
) -> OmnibusTest:
    """Test whether conditions differ, at any capacity, given a random offset of each seed.

    The models metric ~ condition x level + (1 | seed) and metric ~ level + (1 | seed), with levels as
    categories, are fitted by maximum likelihood and compared by their likelihood ratio.

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
    With few seeds the likelihood ratio exceeds its chi-square quantiles too often. It is therefore
    turned into the F statistic that it is a function of where each seed has every cell once (the
    within-seed F of the randomized block design, exact for normal runs), which is also used as an
    approximation where cells are missing. The model supposes that a seed shifts all its runs alike; where
    runs depart from their seed's shape over all capacities it rejects a true null in 9 to 14 % of
    simulations instead of 5 %: prefer :func:`curve_permutation` there.

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
    result = _test(values, used[by], used[condition], used[seed].to_numpy(), n_dropped)
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
        problem = (
            Status.TOO_FEW_SEEDS,
            f"needs 2 seeds, but got {n_seeds}: add seeds",
        )
    else:
        full, reduced = _cell_design(level, condition), _design(level)
        problem = _design_problem(values, full, reduced, n_seeds)
    if problem is not None:
        return undefined_omnibus(*problem, method=_METHOD, n=n, n_seeds=n_seeds, n_dropped=n_dropped)
    return _likelihood_ratio_test(values, full, reduced, seed, n_dropped)


def _likelihood_ratio_test(
    values: FloatArray, full: FloatArray, reduced: FloatArray, seed: np.ndarray, n_dropped: int
) -> OmnibusTest:
    n, n_seeds = len(values), len(np.unique(seed))
    standardized = (values - values.mean()) / values.std()
    full_fit, reduced_fit = _fit(standardized, full, seed), _fit(standardized, reduced, seed)
    if full_fit is None or reduced_fit is None:
        message = "the likelihood of the mixed model found no maximum: use curve_permutation"
        return undefined_omnibus(
            Status.NOT_CONVERGED, message, method=_METHOD, n=n, n_seeds=n_seeds, n_dropped=n_dropped
        )
    ratio = max(0.0, 2 * (full_fit.log_likelihood - reduced_fit.log_likelihood))
    at_bound = full_fit.at_bound
    df_num = full.shape[1] - reduced.shape[1]
    between = 0 if at_bound else n_seeds - 1
    df_den = n - full.shape[1] - between
    within = n if at_bound else n - n_seeds
    statistic = math.expm1(ratio / within) * df_den / df_num
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
    values: FloatArray, full: FloatArray, reduced: FloatArray, n_seeds: int
) -> tuple[Status, str] | None:
    df_den = len(values) - full.shape[1] - (n_seeds - 1)
    if df_den < 1:
        return Status.TOO_FEW_SEEDS, f"{len(values)} runs leave no degree of freedom for the error: add seeds"
    if full.shape[1] == reduced.shape[1]:
        return Status.NO_OVERLAP, "no level has runs of two conditions"
    residuals = values - full @ (full.T @ values / full.sum(axis=0))
    if magnitude(residuals) <= 1e-12 * magnitude(values):
        return Status.ZERO_VARIANCE, "the runs do not vary within cells: check that they are independent"
    return None


@dataclass(frozen=True)
class _Fit:
    log_likelihood: float
    at_bound: bool


def _fit(values: FloatArray, design: FloatArray, seed: np.ndarray) -> _Fit | None:
    """Maximize the likelihood, or return None if that fails.

    Where the likelihood falls as the variance between seeds leaves zero, the maximum is that of ordinary
    least squares, which the optimizer of MixedLM would approach slowly and warn about.
    """
    residuals = values - design @ np.linalg.lstsq(design, values)[0]
    squares = float(residuals @ residuals)
    n = len(values)
    if float(np.sum(np.bincount(pd.factorize(seed)[0], weights=residuals) ** 2)) <= squares:
        return _Fit(-0.5 * n * (math.log(2 * math.pi * squares / n) + 1), at_bound=True)
    # Imported here because it doubles the time that the package takes to import.
    from statsmodels.regression.mixed_linear_model import MixedLM

    with warnings.catch_warnings():
        # About convergence, which is looked at below.
        warnings.simplefilter("ignore")
        try:
            fit = MixedLM(values, design, groups=seed).fit(reml=False, method=["bfgs", "powell"])
        except np.linalg.LinAlgError:
            return None
    if not fit.converged or not math.isfinite(fit.llf):
        return None
    return _Fit(float(fit.llf), at_bound=False)
