"""The table of the audits of every condition."""

from __future__ import annotations

import numpy as np
import pandas as pd

from rdstats._curves._grouping import By, column_names, conditions
from rdstats._curves._tangency import Audit, capacity_audit, tangency_audit
from rdstats._validate import check_columns


def audit_runs(
    runs: pd.DataFrame,
    *,
    by: By = "model",
    rate: str = "rate",
    distortion: str = "distortion_mse",
    capacity: str | None = "capacity",
    price: str | None = "beta",
    seed: str = "seed",
    family: str = "gaussian",
    confidence_level: float = 0.95,
) -> pd.DataFrame:
    """Return the capacity and tangency audits of every condition.

    Parameters
    ----------
    runs, by, rate, seed, family
        As for :func:`fit_curves`.
    distortion : str, default "distortion_mse"
        Column of what the runs minimized; with tasks the sum of distortion and weighted task losses.
    capacity : str or None, default "capacity"
        Column of the target C in nats; None, or a column of NaN, for ``beta`` runs.
    price : str or None, default "beta"
        Column of the price of a nat in the unit of ``distortion``; None, or a column of NaN, to leave the
        tangency audit out.
    confidence_level : float, default 0.95
        Nominal coverage of the intervals.

    Returns
    -------
    DataFrame
        One row per condition and audit: the columns of ``by``, ``quantity``, ``estimate`` (mean deviation),
        ``low``, ``high``, ``confidence_level``, ``method``, ``worst`` (greatest absolute deviation),
        ``n_outliers``, ``n``, ``n_seeds``, ``n_dropped``, ``status``, ``message``.

    Raises
    ------
    TypeError, ValueError
        For an invalid argument or a missing column.

    Warns
    -----
    DroppedRowsWarning, DegenerateDataWarning
        As for :func:`capacity_audit` and :func:`tangency_audit`.

    Examples
    --------
    >>> import numpy as np
    >>> runs = pd.DataFrame({"model": "baseline", "capacity": np.tile([0.3, 1.0, 3.0, 6.0], 2)})
    >>> runs["seed"] = np.repeat([0, 1], 4)
    >>> runs["rate"] = runs["capacity"] * np.where(runs["seed"] == 0, 1.01, 0.99)
    >>> runs["distortion_mse"] = 0.05 + 0.1 * np.exp(-runs["rate"] / 2)
    >>> runs["beta"] = 0.05 * np.exp(-runs["capacity"] / 2)
    >>> audit_runs(runs)[["quantity", "worst", "n_outliers", "status"]].round(3)
       quantity  worst  n_outliers status
    0  capacity   0.01           0     ok
    1  tangency   0.03           0     ok
    """
    wanted = [column for column in (capacity, price) if column is not None]
    check_columns("runs", runs, [*column_names(by), rate, distortion, seed, *wanted])
    rows = []
    for keys, group in conditions(runs, by):
        audits = []
        if capacity is not None and group[capacity].notna().any():
            audits.append(
                capacity_audit(
                    group[rate], group[capacity], groups=group[seed], confidence_level=confidence_level
                )
            )
        if price is not None and group[price].notna().any():
            audits.append(
                tangency_audit(
                    group[rate],
                    group[distortion],
                    group[price],
                    groups=group[seed],
                    family=family,
                    confidence_level=confidence_level,
                )
            )
        rows += [{**keys, **_audit_row(audit)} for audit in audits]
    return pd.DataFrame(rows)


def _audit_row(audit: Audit) -> dict[str, object]:
    sizes = np.abs(audit.deviations[np.isfinite(audit.deviations)])
    return {
        "quantity": audit.quantity,
        "estimate": audit.estimate,
        "low": audit.interval.low,
        "high": audit.interval.high,
        "confidence_level": audit.interval.confidence_level,
        "method": audit.interval.method,
        "worst": float(sizes.max()) if len(sizes) else np.nan,
        "n_outliers": int(audit.outliers.sum()),
        "n": audit.n,
        "n_seeds": audit.n_groups,
        "n_dropped": audit.n_dropped,
        "status": str(audit.status),
        "message": audit.message,
    }
