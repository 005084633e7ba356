"""Tables of fitted curves, one call per report table, from a tidy table of runs."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from rdstats._curves._fit import fit_curve
from rdstats._curves._grouping import By, column_names, conditions
from rdstats._validate import RNGLike, as_generator, check_columns, check_count


def fit_curves(
    runs: pd.DataFrame,
    *,
    by: By = "model",
    rate: str = "rate",
    distortion: str = "distortion_mse",
    seed: str = "seed",
    family: str = "gaussian",
    loss: str = "linear",
    confidence_level: float = 0.95,
    method: str = "jackknife",
    n_resamples: int = 2000,
    rng: RNGLike = None,
) -> pd.DataFrame:
    """Fit one curve per condition and return its parameters with intervals.

    Parameters
    ----------
    runs : DataFrame
        One row per run.
    by : str or sequence of str, default "model"
        Columns whose values tell curves apart.
    rate, distortion, seed : str
        Columns of the rate in nats per image, the distortion and the seed.
    family, loss : str
        As for :func:`fit_curve`.
    confidence_level, method, n_resamples, rng
        As for :meth:`CurveFit.confidence_interval`.

    Returns
    -------
    DataFrame
        One row per curve and parameter: the columns of ``by``, ``family``, ``parameter``, ``unit``,
        ``estimate``, ``low``, ``high``, ``confidence_level``, ``method``, ``n``, ``n_seeds``, ``n_dropped``,
        ``rss``, ``aicc``, ``status`` and ``message`` (of the curve or, where that is fine, of the interval).

    Raises
    ------
    TypeError, ValueError
        For an invalid argument or a missing column.

    Warns
    -----
    DroppedRowsWarning, DegenerateDataWarning
        As for the functions above.

    Examples
    --------
    >>> import numpy as np
    >>> runs = pd.DataFrame({"model": "baseline", "rate": np.tile([0.3, 1.0, 3.0, 6.0], 3)})
    >>> runs["seed"] = np.repeat([0, 1, 2], 4)
    >>> n_dim, shift = 4 + 0.1 * (runs["seed"] - 1), 0.001 * (runs["seed"] - 1)
    >>> runs["distortion_mse"] = 0.05 + 0.1 * np.exp(-2 * runs["rate"] / n_dim) + shift
    >>> fit_curves(runs)[["model", "parameter", "estimate", "n_seeds", "status"]].round(3)
          model parameter  estimate  n_seeds status
    0  baseline     d_inf     0.050        3     ok
    1  baseline    d_zero     0.150        3     ok
    2  baseline     n_dim     3.999        3     ok
    """
    check_columns("runs", runs, [*column_names(by), rate, distortion, seed])
    generator = as_generator(rng)
    rows = []
    for keys, group in conditions(runs, by):
        fit = fit_curve(group[rate], group[distortion], groups=group[seed], family=family, loss=loss)
        limits = fit.parameter_limits(confidence_level, method, n_resamples, generator)
        limits.warn()
        rows += [
            {
                **keys,
                "family": fit.family.name,
                "parameter": parameter.name,
                "unit": parameter.unit,
                "estimate": fit.parameters[parameter.name],
                "low": low,
                "high": high,
                "confidence_level": confidence_level,
                "method": method,
                "n": fit.n,
                "n_seeds": fit.n_groups,
                "n_dropped": fit.n_dropped,
                "rss": fit.rss,
                "aicc": fit.aicc,
                "status": str(status),
                "message": message,
            }
            for parameter, low, high, (status, message) in zip(
                fit.family.parameters,
                limits.low,
                limits.high,
                limits.verdicts(fit.status, fit.message),
                strict=True,
            )
        ]
    return pd.DataFrame(rows)


def curve_bands(
    runs: pd.DataFrame,
    *,
    by: By = "model",
    rate: str = "rate",
    distortion: str = "distortion_mse",
    seed: str = "seed",
    family: str = "gaussian",
    rates: ArrayLike | None = None,
    n_points: int = 100,
    confidence_level: float = 0.95,
    method: str = "jackknife",
    n_resamples: int = 2000,
    rng: RNGLike = None,
) -> pd.DataFrame:
    """Return fitted curves with pointwise bands, ready to be drawn.

    Parameters
    ----------
    runs, by, rate, distortion, seed, family
        As for :func:`fit_curves`.
    rates : array_like, shape (n_points,), optional
        Rates in nats at which to evaluate; by default equal steps over the rates of each condition.
    n_points : int, default 100
        Number of the default rates.
    confidence_level, method, n_resamples, rng
        As for :meth:`CurveFit.confidence_band`.

    Returns
    -------
    DataFrame
        One row per curve and rate: the columns of ``by``, ``family``, ``rate`` (nats per image),
        ``distortion``, ``low``, ``high``, ``slope`` (−dD/dR, distortion per nat), ``confidence_level``,
        ``method``, ``status`` and ``message`` (of the curve or, where that is fine, of the limits).

    Raises
    ------
    TypeError, ValueError
        For an invalid argument or a missing column.

    Warns
    -----
    DroppedRowsWarning, DegenerateDataWarning
        As for :meth:`CurveFit.confidence_band`.

    Examples
    --------
    >>> import numpy as np
    >>> runs = pd.DataFrame({"model": "baseline", "rate": np.tile([0.3, 1.0, 3.0, 6.0], 3)})
    >>> runs["seed"] = np.repeat([0, 1, 2], 4)
    >>> runs["distortion_mse"] = 0.05 + 0.1 * np.exp(-runs["rate"] / 2) + 0.001 * (runs["seed"] - 1)
    >>> curve_bands(runs, rates=[1.0])[["rate", "distortion", "low", "high"]].round(4)
       rate  distortion     low    high
    0   1.0      0.1107  0.1082  0.1131
    """
    check_columns("runs", runs, [*column_names(by), rate, distortion, seed])
    n_points, generator = check_count("n_points", n_points, minimum=2), as_generator(rng)
    frames = []
    for keys, group in conditions(runs, by):
        fit = fit_curve(group[rate], group[distortion], groups=group[seed], family=family)
        used = fit.problem.rate
        if rates is not None:
            points = np.asarray(rates, dtype=float)
        else:
            points = np.linspace(used.min(), used.max(), n_points) if fit.n else np.empty(0)
        limits = fit.band_limits(points, confidence_level, method, n_resamples, generator)
        limits.warn()
        verdicts = limits.verdicts(fit.status, fit.message)
        columns = {
            **keys,
            "family": fit.family.name,
            "rate": points,
            "distortion": fit.predict(points),
            "low": limits.low,
            "high": limits.high,
            "slope": fit.slope(points),
            "confidence_level": confidence_level,
            "method": method,
            "status": [str(status) for status, _ in verdicts],
            "message": [message for _, message in verdicts],
        }
        frames.append(pd.DataFrame(columns, index=range(len(points))))
    return pd.concat(frames, ignore_index=True)
