"""Three tests of whole curves side by side, and whether they agree."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd

from rdstats._comparisons._blocks import complete_blocks
from rdstats._comparisons._curve_tests import curve_permutation, extra_sum_of_squares
from rdstats._comparisons._mixed_model import mixed_model
from rdstats._comparisons._omnibus import OmnibusTest, undefined_omnibus
from rdstats._comparisons._table_warnings import warn_of_rows
from rdstats._curves._family import Family
from rdstats._levels import as_level, match_levels
from rdstats._status import RDStatsWarning, Status
from rdstats._validate import RNGLike, as_generator, check_columns, check_count, check_fraction


def compare_curves(
    runs: pd.DataFrame,
    *,
    baseline: str,
    hybrid: str,
    metric: str = "distortion_mse",
    rate: str = "rate",
    by: str = "capacity",
    condition: str = "model",
    seed: str = "seed",
    family: str | Family = "gaussian",
    confidence_level: float = 0.95,
    n_resamples: int = 9_999,
    rng: RNGLike = None,
) -> pd.DataFrame:
    """Test by three methods whether two conditions have the same curve.

    Parameters
    ----------
    runs : DataFrame
        One row per run; the other arguments name its columns.
    baseline, hybrid : str
        Values of ``condition`` to compare.
    metric, rate : str
        Columns of the metric and of the achieved rate (nats per image).
    by, condition, seed : str
        Columns of the capacity, of the condition, and of the seed that pairs runs.
    family : str or Family
        Curve family of the extra-sum-of-squares test.
    confidence_level : float
        1 minus the level at which the tests are said to agree or not.
    n_resamples : int
        Random exchanges of the permutation test where not all can be made.
    rng : int, Generator or None
        Source of the exchanges.

    Returns
    -------
    DataFrame
        One row per test, with columns ``test, statistic, p_value, df_num, df_den, n, n_seeds,
        n_dropped, smallest_p, rejects, agree, status, message``. ``agree`` is False in every row where
        one test rejects and another does not. The extra sum of squares compares the conditions at
        equal *rate*, the other two at equal *capacity*; only capacities that both have enter those.

    Raises
    ------
    TypeError, ValueError
        If an argument is invalid, a condition has no run, or a seed occurs twice in a cell.

    Warns
    -----
    DroppedRowsWarning, DegenerateDataWarning
        Once each: if runs were dropped; if a test's ``status`` is not ``OK``.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> runs = pd.DataFrame(
    ...     [(m, c, s) for m in ("baseline", "E2M1") for c in (0.3, 1.0, 3.0, 6.0) for s in range(8)],
    ...     columns=["model", "capacity", "seed"],
    ... ).assign(rate=lambda runs: runs["capacity"])
    >>> noise = rng.normal(0, 0.001, len(runs)) + rng.normal(0, 0.001, 8)[runs["seed"]]
    >>> runs["distortion_mse"] = 0.04 + 0.11 * np.exp(-runs["rate"] / 3) + noise
    >>> runs.loc[runs["model"] == "E2M1", "distortion_mse"] += 0.005
    >>> compare_curves(runs, baseline="baseline", hybrid="E2M1", rng=0)[["test", "rejects", "agree"]]
                         test  rejects  agree
    0  extra_sum_of_squares     True   True
    1           permutation     True   True
    2           mixed_model     True   True
    """
    check_columns("runs", runs, [metric, rate, by, condition, seed])
    alpha = 1 - check_fraction("confidence_level", confidence_level)
    check_count("n_resamples", n_resamples)
    baseline = as_level(runs[condition], baseline, name="baseline")
    hybrid = as_level(runs[condition], hybrid, name="hybrid")
    both = runs[match_levels(runs[condition], [baseline, hybrid], name="conditions")]
    columns = {"metric": metric, "by": by, "condition": condition, "seed": seed}
    with warnings.catch_warnings():
        # Told once for the whole table below.
        warnings.simplefilter("ignore", RDStatsWarning)
        shared = _shared_levels(both, **columns)
        results = [
            extra_sum_of_squares(both[rate], both[metric], both[condition], family=family),
            _permutation(shared, baseline, hybrid, confidence_level, n_resamples, rng, **columns),
            mixed_model(shared, **columns),
        ]
    table = pd.DataFrame([_row(result, alpha, len(both)) for result in results])
    decided = table.loc[table["p_value"].notna(), "rejects"]
    table["agree"] = bool(decided.all() or not decided.any())
    warn_of_rows(table, what="curve tests")
    return table


def _shared_levels(both: pd.DataFrame, *, metric: str, by: str, condition: str, seed: str) -> pd.DataFrame:
    """Return the runs at levels where both conditions have a finite value."""
    finite = both[np.isfinite(both[metric].to_numpy(dtype=np.float64))]
    complete = finite.groupby(by)[condition].nunique() == 2
    return both[both[by].isin(complete.index[complete])]


def _permutation(
    shared: pd.DataFrame,
    baseline: str,
    hybrid: str,
    confidence_level: float,
    n_resamples: int,
    rng: RNGLike,
    *,
    metric: str,
    by: str,
    condition: str,
    seed: str,
) -> OmnibusTest:
    blocks = complete_blocks(shared, seed=seed, level=[condition, by], metric=metric)
    if blocks.table.size == 0:
        message = "no seed has a finite value of both conditions at every shared level"
        return undefined_omnibus(Status.NO_DATA, message, method="permutation")
    names = blocks.levels.get_level_values(0)
    return curve_permutation(
        blocks.table[:, names == baseline],
        blocks.table[:, names == hybrid],
        confidence_level=confidence_level,
        n_resamples=n_resamples,
        rng=as_generator(rng),
    )


def _row(result: OmnibusTest, alpha: float, n_runs: int) -> dict[str, object]:
    return {
        "test": result.method,
        "statistic": result.statistic,
        "p_value": result.p_value,
        "df_num": result.df_num,
        "df_den": result.df_den,
        "n": result.n,
        "n_seeds": result.n_seeds,
        "n_dropped": n_runs - result.n,
        "smallest_p": result.smallest_p,
        "rejects": result.p_value <= alpha,
        "agree": False,
        "status": str(result.status),
        "message": result.message,
    }
