"""What columns of the store are called in a report, with their units."""

from __future__ import annotations

from rdsweep.report._format import enumeration, general
from rdsweep.store import TABLES

_LABELS = {
    "rate": "Rate",
    "rate_own": "Rate, own distribution",
    "distortion_mse": "Distortion",
    "distortion_mse_own": "Distortion, own distribution",
    "distortion_mse_mean": "Distortion from latent means",
    "distortion_mse_mean_own": "Distortion from latent means, own distribution",
    "mutual_information": "Mutual information",
    "marginal_mismatch": "Marginal mismatch",
    "beta": "Price of rate",
    "objective_value": "Objective",
    "active_latents": "Active latents",
    "capacity": "Capacity",
    "beta_setting": "β",
    "f1": "F1",
    "f1_batch": "F1, mean over batches",
    "accuracy": "Accuracy",
    "cross_entropy": "Cross-entropy",
}
_SHORT_UNITS = {
    "1": "",
    "mean squared error per pixel": "MSE per pixel",
    "mean squared error per nat": "MSE per nat",
    "nats per image": "nats",
}
_UNITS = {column.name: column.unit for table in ("scores", "runs") for column in TABLES[table]}


def column_label(column: str) -> str:
    """Return the name of a column in prose.

    Examples
    --------
    >>> column_label("distortion_mse")
    'Distortion'
    """
    return _LABELS.get(column, column)


def column_unit(column: str) -> str:
    """Return the unit of a column as the schema states it, shortened; empty for a number without one.

    Examples
    --------
    >>> column_unit("distortion_mse"), column_unit("f1")
    ('MSE per pixel', '')
    """
    return short_unit(_UNITS[column])


def short_unit(unit: str) -> str:
    """Return a unit as tables and axes show it.

    Examples
    --------
    >>> short_unit("nats per image")
    'nats'
    """
    return _SHORT_UNITS.get(unit, unit)


def with_unit(column: str, *values: float) -> str:
    """Return settings such as capacities as prose does, their unit behind the last.

    Examples
    --------
    >>> with_unit("capacity", 1.0), with_unit("capacity", 0.3), with_unit("capacity", 0.3, 1.0)
    ('1 nat', '0.3 nats', '0.3 and 1 nats')
    """
    unit = column_unit(column)
    if values == (1.0,):
        unit = unit.removesuffix("s")
    return f"{enumeration([general(value) for value in values])} {unit}".rstrip()


def nats(capacity: float) -> str:
    """Return a capacity with its unit.

    Examples
    --------
    >>> nats(0.3), nats(1.0)
    ('0.3 nats', '1 nat')
    """
    return with_unit("capacity", capacity)


def axis_label(column: str, *, what: str = "") -> str:
    """Return a column's name and unit as axes show them.

    Examples
    --------
    >>> axis_label("rate")
    'Rate (nats)'
    """
    unit = column_unit(column)
    label = f"{column_label(column)}{what}"
    return f"{label} ({unit})" if unit else label
