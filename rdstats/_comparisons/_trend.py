"""Whether a metric rises or falls along a grid axis, such as capacity or imbalance ratio."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from rdstats._comparisons._blocks import complete_blocks
from rdstats._comparisons._comparison import (
    Comparison,
    Options,
    check_options,
    combine_tails,
    floor_status,
    undefined_comparison,
    warn_degenerate,
)
from rdstats._comparisons._paired import one_sample
from rdstats._comparisons._samples import keep_finite, magnitude, snap
from rdstats._status import Status, undefined_interval
from rdstats._validate import FloatArray, RNGLike, as_float_array, check_same_length

TREND_METHODS = ("slope", "page", "jonckheere")
_MOST_ENUMERATED_LEVELS = 8


def trend_test(
    level: ArrayLike,
    value: ArrayLike,
    *,
    seed: ArrayLike | None = None,
    method: str | None = None,
    alternative: str = "two-sided",
    confidence_level: float = 0.95,
    n_resamples: int = 9_999,
    rng: RNGLike = None,
) -> Comparison:
    """Test for a monotone trend of ``value`` along ``level``.

    Parameters
    ----------
    level, value : array_like, shape (n_runs,)
        Position on the axis (capacity in nats, imbalance ratio, ...) and the metric of each run.
    seed : array_like, shape (n_runs,), optional
        Seed of each run, where the same seeds were trained at every level. Seeds that lack a level are
        dropped and counted.
    method : {"slope", "page", "jonckheere"}, optional
        ``"slope"`` (default with seeds): t test of the seeds' least-squares slopes. ``"page"``: Page's
        L, exact with ties. ``"jonckheere"`` (default, and only choice, without seeds): Jonckheere and
        Terpstra's test as a permutation test of Kendall's tau.
    alternative : {"two-sided", "greater", "less"}
        ``"greater"``: the metric rises with the level.
    confidence_level : float
        Coverage of the interval of the slope.
    n_resamples : int
        Random permutations of Page's test above 8 levels, and of Jonckheere's.
    rng : int, Generator or None
        Source of the permutations.

    Returns
    -------
    Comparison
        ``estimate`` is the mean slope (unit of value per unit of level), the mean rank correlation
        within seeds, or tau-b; ``n`` counts seeds, or runs without seeds. The rank methods have no
        interval.

    Raises
    ------
    TypeError, ValueError
        If an argument is invalid, or a seed has two values at a level.

    Warns
    -----
    DroppedRowsWarning, DegenerateDataWarning
        If runs were dropped; if ``status`` is not ``OK``.

    References
    ----------
    .. [1] E. B. Page, "Ordered hypotheses for multiple treatments", Journal of the American Statistical
           Association 58 (1963) 216-230.
    .. [2] A. R. Jonckheere, "A distribution-free k-sample test against ordered alternatives",
           Biometrika 41 (1954) 133-145.

    Examples
    --------
    >>> capacity = [1, 3, 6] * 3
    >>> distortion = [0.124, 0.081, 0.056, 0.126, 0.080, 0.058, 0.125, 0.083, 0.055]
    >>> result = trend_test(capacity, distortion, seed=[0, 0, 0, 1, 1, 1, 2, 2, 2])
    >>> f"{result.estimate:.4f} per nat, p = {result.p_value:.1g}"
    '-0.0133 per nat, p = 0.0002'
    """
    methods = TREND_METHODS[2:] if seed is None else TREND_METHODS[:2]
    options = check_options(
        methods[0] if method is None else method,
        methods,
        alternative=alternative,
        confidence_level=confidence_level,
        n_resamples=n_resamples,
        rng=rng,
    )
    x, y = as_float_array("level", level), as_float_array("value", value)
    check_same_length(level=x, value=y)
    if seed is None:
        (x, y), n_dropped = keep_finite(x, y, what="runs")
        result = replace(_jonckheere(x, y, options), n_dropped=n_dropped)
    else:
        result = _within_seeds(x, y, np.asarray(seed), options)
    warn_degenerate(result.status, result.message)
    return result


def slopes(levels: FloatArray, values: FloatArray) -> FloatArray:
    """Return the least-squares slope of each row of ``values``, shape (n_seeds, n_levels)."""
    centered = levels - levels.mean()
    slope = values @ centered / (centered @ centered)
    return snap(slope, scale=magnitude(values) / magnitude(centered))


def _within_seeds(x: FloatArray, y: FloatArray, seed: np.ndarray, options: Options) -> Comparison:
    if seed.shape != x.shape:
        raise ValueError(f"seed must have the shape of level, {x.shape}, but got {seed.shape}")
    runs = pd.DataFrame({"seed": seed, "level": x, "value": y})
    blocks = complete_blocks(runs, seed="seed", level="level", metric="value")
    levels, values = blocks.levels.to_numpy(dtype=np.float64), blocks.table
    test = _slope if options.method == "slope" else _page
    if len(levels) < 2:
        message = f"a trend needs at least 2 levels, but got {len(levels)}"
        result = undefined_comparison(
            Status.NOT_IDENTIFIABLE, message, n=len(values), options=options, estimand="trend"
        )
    elif len(values) == 0:
        message = "no seed has a value at every level"
        result = undefined_comparison(Status.NO_DATA, message, n=0, options=options, estimand="trend")
    else:
        result = test(levels, values, options)
    return replace(result, n_dropped=blocks.n_dropped)


def _slope(levels: FloatArray, values: FloatArray, options: Options) -> Comparison:
    tested = one_sample(slopes(levels, values), replace(options, method="t"))
    return replace(tested, method="slope", estimand="mean slope")


def _page(levels: FloatArray, values: FloatArray, options: Options) -> Comparison:
    n_seeds, n_levels = values.shape
    ranks = stats.rankdata(snap(values, scale=magnitude(values)), axis=1) - (n_levels + 1) / 2
    weights = np.arange(n_levels) - (n_levels - 1) / 2
    scores = ranks @ weights
    if n_levels <= _MOST_ENUMERATED_LEVELS:
        tails = _exact_page_tails(ranks, weights)
        floor = 1 / math.factorial(n_levels) ** n_seeds
    else:
        drawn = options.rng.permuted(np.repeat(ranks[None], options.n_resamples, axis=0), axis=2)
        tails = _resampled_tails((drawn @ weights).sum(axis=1), scores.sum())
        floor = 1 / (options.n_resamples + 1)
    estimate = scores.mean() / (weights @ weights)
    return _rank_trend(estimate, scores.sum(), n_seeds, tails, floor, options, what=f"{n_seeds} seeds")


def _exact_page_tails(ranks: FloatArray, weights: FloatArray) -> tuple[float, float]:
    """Return the tails of the sum over seeds of rank-weight products, each over all orders of its ranks."""
    orders = np.array(list(itertools.permutations(range(len(weights)))))
    probability, lowest = np.ones(1), 0
    for row in ranks:
        products = np.rint(4 * row[orders] @ weights).astype(int)
        lowest += int(products.min())
        probability = np.convolve(probability, np.bincount(products - products.min()) / len(orders))
    observed = round(4 * float((ranks @ weights).sum())) - lowest
    return float(probability[observed:].sum()), float(probability[: observed + 1].sum())


def _jonckheere(x: FloatArray, y: FloatArray, options: Options) -> Comparison:
    if len(np.unique(x)) < 2:
        message = f"a trend needs at least 2 levels, but got {len(np.unique(x))}"
        return undefined_comparison(
            Status.NOT_IDENTIFIABLE, message, n=len(x), options=options, estimand="trend"
        )
    value_order = np.sign(np.subtract.outer(y, y))
    level_order = np.sign(np.subtract.outer(x, x))
    observed = float(np.sum(value_order * level_order)) / 2
    orders = options.rng.permuted(np.tile(np.arange(len(x)), (options.n_resamples, 1)), axis=1)
    drawn = np.array([np.vdot(value_order[np.ix_(order, order)], level_order) for order in orders]) / 2
    pairs = math.sqrt(float(np.sum(value_order**2) * np.sum(level_order**2))) / 2
    return _rank_trend(
        observed / pairs if pairs else math.nan,
        observed,
        len(x),
        _resampled_tails(drawn, observed),
        1 / min(options.n_resamples + 1, _n_arrangements(x)),
        options,
        what=f"{len(x)} runs",
    )


def _n_arrangements(x: FloatArray) -> int:
    sizes = np.unique(x, return_counts=True)[1]
    return math.factorial(len(x)) // math.prod(math.factorial(int(size)) for size in sizes)


def _resampled_tails(drawn: FloatArray, observed: float) -> tuple[float, float]:
    tolerance = 1e-9 * max(1.0, abs(observed))
    total = len(drawn) + 1
    greater = (1 + int(np.sum(drawn >= observed - tolerance))) / total
    return greater, (1 + int(np.sum(drawn <= observed + tolerance))) / total


def _rank_trend(
    estimate: float,
    statistic: float,
    n: int,
    tails: tuple[float, float],
    floor: float,
    options: Options,
    *,
    what: str,
) -> Comparison:
    smallest_p = combine_tails(floor, floor, options.alternative)
    status, message = floor_status(smallest_p, what=what, options=options)
    if tails == (1.0, 1.0):
        status, message = Status.ZERO_VARIANCE, "all values are equal, so there is no order to test"
    return Comparison(
        estimate=float(estimate),
        interval=undefined_interval(options.confidence_level, "none for rank methods"),
        p_value=combine_tails(*tails, options.alternative),
        statistic=float(statistic),
        n=n,
        n_dropped=0,
        method=options.method,
        estimand="mean rank correlation" if options.method == "page" else "tau-b",
        alternative=options.alternative,
        smallest_p=smallest_p,
        status=status,
        message=message,
    )
