"""Many conditions ranked within seeds: Friedman's test, pairs after it, and the critical difference."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from rdstats._comparisons._comparison import Options, check_options, floor_status, warn_degenerate
from rdstats._comparisons._multiplicity import adjust
from rdstats._comparisons._omnibus import OmnibusTest, undefined_omnibus
from rdstats._comparisons._paired import one_sample
from rdstats._comparisons._samples import keep_finite, magnitude, paired_differences, snap
from rdstats._status import Status
from rdstats._validate import FloatArray, RNGLike, as_float_array


@dataclass(frozen=True)
class Friedman:
    """Ranks of many conditions.

    Attributes
    ----------
    test : OmnibusTest
        Whether any condition differs.
    mean_ranks : Series
        Mean rank of each condition, 1 = best, best first.
    critical_difference : float
        Difference of mean ranks beyond which two conditions differ by Nemenyi's test; asymptotic.
    pairs : DataFrame
        One row per pair: ``first, second, rank_difference, exceeds_critical_difference, estimate``
        (median of pairwise means of second minus first), ``p_value`` (exact Wilcoxon signed rank),
        ``p_adjusted`` (Holm over the pairs), ``smallest_p, status, message``.
    """

    test: OmnibusTest
    mean_ranks: pd.Series[float]
    critical_difference: float
    pairs: pd.DataFrame


def friedman(
    scores: pd.DataFrame | ArrayLike,
    *,
    higher_is_better: bool,
    method: str = "permutation",
    confidence_level: float = 0.95,
    n_resamples: int = 9_999,
    rng: RNGLike = None,
) -> Friedman:
    """Compare several conditions that were trained with the same seeds.

    Parameters
    ----------
    scores : DataFrame or array_like, shape (n_seeds, n_conditions)
        One metric; the columns of a DataFrame name the conditions. Seeds with a value that is not
        finite are dropped and counted.
    higher_is_better : bool
        Whether rank 1 goes to the largest value.
    method : {"permutation", "f"}
        Null distribution of Friedman's statistic: random orders within seeds, or the F approximation of
        Iman and Davenport, which rejects a true null in 7 % of simulations at 5 seeds.
    confidence_level : float
        1 minus the level of the critical difference.
    n_resamples : int
        Random orders.
    rng : int, Generator or None
        Source of the orders.

    Returns
    -------
    Friedman

    Raises
    ------
    TypeError, ValueError
        If an argument is invalid or there are fewer than 2 conditions.

    Warns
    -----
    DroppedRowsWarning, DegenerateDataWarning
        If seeds were dropped; if the test's ``status`` is not ``OK``.

    References
    ----------
    .. [1] J. Demsar, "Statistical comparisons of classifiers over multiple data sets", Journal of
           Machine Learning Research 7 (2006) 1-30, section 3.2.2.
    .. [2] A. Benavoli, G. Corani and F. Mangili, "Should we really use post-hoc tests based on
           mean-ranks?", Journal of Machine Learning Research 17 (2016) 1-10: why the pairs are tested by
           Wilcoxon and Holm.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> scores = rng.normal(0.8, 0.02, size=(10, 3)) + [0.0, 0.01, 0.1]
    >>> result = friedman(pd.DataFrame(scores, columns=["A", "B", "C"]), higher_is_better=True, rng=0)
    >>> result.mean_ranks.to_dict()
    {'C': 1.0, 'B': 2.3, 'A': 2.7}
    >>> result.pairs[["first", "second", "p_adjusted"]].round(3)
      first second  p_adjusted
    0     A      B       0.193
    1     A      C       0.006
    2     B      C       0.006
    """
    options = check_options(
        method, ("permutation", "f"), confidence_level=confidence_level, n_resamples=n_resamples, rng=rng
    )
    values = as_float_array("scores", scores, ndim=2)
    names = scores.columns if isinstance(scores, pd.DataFrame) else range(values.shape[1])
    n_conditions = values.shape[1]
    if n_conditions < 2:
        raise ValueError(f"scores must have at least 2 columns (conditions), but got {n_conditions}")
    columns, n_lost = keep_finite(*values.T, what="seeds")
    values = snap(np.column_stack(columns), scale=magnitude(values[np.isfinite(values)]))
    ranks = stats.rankdata(-values if higher_is_better else values, axis=1)
    test = replace(_test(ranks, options), n_dropped=n_lost * n_conditions)
    warn_degenerate(test.status, test.message)
    mean_ranks = pd.Series(ranks.mean(axis=0) if len(ranks) else np.nan, index=names, name="mean_rank")
    critical = _critical_difference(len(values), n_conditions, options.alpha)
    pairs = _pairs(values, mean_ranks, critical, options.confidence_level)
    return Friedman(test, mean_ranks.sort_values(), critical, pairs)


def _test(ranks: FloatArray, options: Options) -> OmnibusTest:
    n_seeds, n_conditions = ranks.shape
    if n_seeds == 0:
        return undefined_omnibus(Status.NO_DATA, "no seed has every condition", method=options.method)
    centered = ranks - (n_conditions + 1) / 2
    spread = float(np.sum(centered**2))
    if spread == 0:
        message = "all conditions tie in every seed, so there are no ranks to compare"
        return undefined_omnibus(
            Status.ZERO_VARIANCE, message, method=options.method, n=ranks.size, n_seeds=n_seeds
        )
    # Friedman's chi-square divided by its largest value, so in [0, 1]; ties are in the spread.
    concordance = float(np.sum(centered.sum(axis=0) ** 2)) / (n_seeds * spread)
    if options.method == "f":
        return _f_test(concordance, n_seeds, n_conditions)
    drawn = options.rng.permuted(np.repeat(centered[None], options.n_resamples, axis=0), axis=2)
    resampled = np.sum(drawn.sum(axis=1) ** 2, axis=1) / (n_seeds * spread)
    p_value = (1 + int(np.sum(resampled >= concordance - 1e-12))) / (options.n_resamples + 1)
    floor = max(1 / (options.n_resamples + 1), 1 / math.factorial(n_conditions) ** (n_seeds - 1))
    status, message = floor_status(floor, what=f"a sample of {n_seeds} seeds", options=options)
    statistic = concordance * n_seeds * (n_conditions - 1)
    return OmnibusTest(
        statistic, p_value, math.nan, math.nan, ranks.size, n_seeds, 0, "permutation", floor, status, message
    )


def _f_test(concordance: float, n_seeds: int, n_conditions: int) -> OmnibusTest:
    df_num, df_den = n_conditions - 1, (n_conditions - 1) * (n_seeds - 1)
    if df_den == 0 or concordance > 1 - 1e-12:
        status = Status.TOO_FEW_SEEDS if df_den == 0 else Status.ZERO_VARIANCE
        message = (
            "F is undefined for one seed or where all seeds agree on the order: use method='permutation'"
        )
        return undefined_omnibus(status, message, method="f", n=n_seeds * n_conditions, n_seeds=n_seeds)
    statistic = (n_seeds - 1) * concordance / (1 - concordance)
    p_value = max(float(stats.f.sf(statistic, df_num, df_den)), float(np.finfo(np.float64).tiny))
    return OmnibusTest(statistic, p_value, df_num, df_den, n_seeds * n_conditions, n_seeds, 0, "f", 0.0)


def _critical_difference(n_seeds: int, n_conditions: int, alpha: float) -> float:
    if n_seeds == 0:
        return math.nan
    error = math.sqrt(n_conditions * (n_conditions + 1) / (12 * n_seeds))
    return _range_quantile(n_conditions, alpha) * error


@cache
def _range_quantile(n_conditions: int, alpha: float) -> float:
    """Return the upper quantile of the range of standard normals, which takes 0.1 s to find."""
    return float(stats.studentized_range.isf(alpha, n_conditions, np.inf))


def _pairs(
    values: FloatArray, mean_ranks: pd.Series[float], critical: float, confidence_level: float
) -> pd.DataFrame:
    options = check_options("wilcoxon", ("wilcoxon",), confidence_level=confidence_level)
    rows = []
    for first, second in itertools.combinations(range(values.shape[1]), 2):
        result = one_sample(paired_differences(values[:, first], values[:, second]), options)
        distance = abs(float(mean_ranks.iloc[second] - mean_ranks.iloc[first]))
        rows.append(
            {
                "first": mean_ranks.index[first],
                "second": mean_ranks.index[second],
                "rank_difference": distance,
                "exceeds_critical_difference": distance > critical,
                "estimate": result.estimate,
                "p_value": result.p_value,
                "smallest_p": result.smallest_p,
                "status": str(result.status),
                "message": result.message,
            }
        )
    table = pd.DataFrame(rows)
    table.insert(6, "p_adjusted", adjust(table["p_value"], method="holm"))
    return table
