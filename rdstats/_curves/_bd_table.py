"""The table of Bjøntegaard differences of every condition against a reference."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd

from rdstats._curves._bd import BDResult, bd_distortion, bd_rate
from rdstats._levels import as_level
from rdstats._status import DroppedRowsWarning
from rdstats._validate import RNGLike, as_generator, check_columns, check_keys


def bd_table(
    runs: pd.DataFrame,
    *,
    reference: str = "baseline",
    by: str = "model",
    level: str = "capacity",
    rate: str = "rate",
    distortion: str = "distortion_mse",
    seed: str = "seed",
    scale: str = "linear",
    paired: bool = True,
    confidence_level: float = 0.95,
    method: str = "jackknife",
    n_resamples: int = 2000,
    rng: RNGLike = None,
) -> pd.DataFrame:
    """Return BD-rate and BD-distortion of every condition against a reference.

    Parameters
    ----------
    runs, rate, distortion, seed
        As for :func:`fit_curves`; one row per condition, level and seed.
    reference : str, default "baseline"
        Value of ``by`` that the others are compared with.
    by : str, default "model"
        Column of conditions.
    level : str, default "capacity"
        Column of the target capacity; runs of a level are averaged over seeds.
    scale, confidence_level, method, n_resamples, rng
        As for :func:`bd_rate`.
    paired : bool, default True
        Whether equal seeds of two conditions belong together; seeds without a partner are then left out.

    Returns
    -------
    DataFrame
        Two rows per condition: ``by``, ``reference``, ``metric``, ``scale``, ``estimate``, ``low``, ``high``,
        ``confidence_level``, ``method``, ``overlap``, ``n_reference`` and ``n_test`` (seeds), ``n_dropped``
        (runs), ``status``, ``message``.

    Raises
    ------
    TypeError, ValueError
        For an invalid argument, a missing column, an absent reference, a run that is repeated
        or lacks a label.

    Warns
    -----
    DroppedRowsWarning, DegenerateDataWarning
        As for :func:`bd_rate`, and for seeds without a partner.

    Examples
    --------
    >>> import numpy as np
    >>> runs = pd.DataFrame({"capacity": np.tile([1.0, 3.0, 6.0], 4)})
    >>> runs["seed"] = np.tile(np.repeat([0, 1], 3), 2)
    >>> runs["model"] = np.repeat(["baseline", "E2M1"], 6)
    >>> runs["rate"] = runs["capacity"]
    >>> shift = np.where(runs["model"] == "E2M1", 0.01 + 0.001 * runs["seed"], 0.0)
    >>> runs["distortion_mse"] = 0.05 + 0.1 * np.exp(-runs["rate"] / 2) + shift
    >>> bd_table(runs)[["model", "metric", "estimate", "status"]].round(4)
      model         metric  estimate status
    0  E2M1        bd_rate    0.8954     ok
    1  E2M1  bd_distortion    0.0105     ok
    """
    check_columns("runs", runs, [by, level, rate, distortion, seed])
    check_keys(runs, [by, level, seed])
    reference = as_level(runs[by], reference, name="reference")
    generator = as_generator(rng)
    # Nullable columns would pivot to objects.
    runs = runs.assign(**{name: runs[name].to_numpy(dtype=np.float64) for name in (rate, distortion)})
    pivoted = {
        name: group.pivot_table(index=seed, columns=level, values=[rate, distortion], dropna=False)
        for name, group in runs.groupby(by, sort=False)
    }
    anchor = pivoted.pop(reference)
    rows = []
    for name, frame in pivoted.items():
        first, second = _paired(anchor, frame, name) if paired else (anchor, frame)
        n_alone = _n_runs(anchor, frame, rate) - _n_runs(first, second, rate)
        for function in (bd_rate, bd_distortion):
            result = function(
                first[rate],
                first[distortion],
                second[rate],
                second[distortion],
                scale=scale,
                paired=paired,
                confidence_level=confidence_level,
                method=method,
                n_resamples=n_resamples,
                rng=generator,
            )
            labels = {by: name, "reference": reference, "metric": result.metric, "scale": scale}
            rows.append({**labels, **_bd_row(result, n_alone)})
    return pd.DataFrame(rows)


def _bd_row(result: BDResult, n_alone: int) -> dict[str, object]:
    return {
        "estimate": result.estimate,
        "low": result.interval.low,
        "high": result.interval.high,
        "confidence_level": result.interval.confidence_level,
        "method": result.interval.method,
        "overlap": result.overlap,
        "n_reference": result.n_reference,
        "n_test": result.n_test,
        "n_dropped": result.n_dropped + n_alone,
        "status": str(result.status),
        "message": result.message,
    }


def _n_runs(reference: pd.DataFrame, test: pd.DataFrame, rate: str) -> int:
    return sum(int(frame[rate].notna().to_numpy().sum()) for frame in (reference, test))


def _paired(reference: pd.DataFrame, test: pd.DataFrame, name: object) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows of common seeds in the same order."""
    common = reference.index.intersection(test.index)
    n_alone = len(reference) + len(test) - 2 * len(common)
    if n_alone:
        message = f"{n_alone} seed(s) left out: not in both the reference and {name!r}"
        warnings.warn(message, DroppedRowsWarning, stacklevel=3)
    return reference.loc[common], test.loc[common]
