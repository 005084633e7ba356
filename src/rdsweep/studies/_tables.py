"""The tables of a study: tidy, numeric and unrounded."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import t as student

from rdstats import bd_table, compare_families, fit_curve, tangency_audit
from rdstats._status import RDStatsWarning
from rdsweep.studies._frontier import hypervolume_history, largest_gap, pareto_mask
from rdsweep.studies._outcomes import mean_and_error
from rdsweep.studies._record import StudyRecord
from rdsweep.studies._root import find_root
from rdsweep.studies._tried import Tried, completed, rates_and_distortions, values_by_beta

_SMOOTH_FAMILIES = ("gaussian", "stretched_exponential", "shifted_power")
"""Curves with a slope everywhere, among which the tangency check takes the best by AICc."""


def trials_table(record: StudyRecord) -> pd.DataFrame:
    """Return one row per configuration.

    Returns
    -------
    DataFrame
        ``condition, number, state``, the searched parameters, ``n_seeds``, then for ``rate`` (nats per
        image), ``distortion`` (mean squared error per pixel) and, where one is sought, ``score``: the mean
        over seeds, its ``…_standard_error`` and the ends ``…_low`` and ``…_high`` of its Student's t
        interval of 95 %; ``on_front``, ``keeps_bounds``, ``seconds`` of training and ``problem``.
        Configurations that did not complete have NaN.
    """
    rows = [
        _trial_row(record, condition, each, bool(front))
        for condition, every in record.tried.items()
        for each, front in zip(every, _on_front(every), strict=True)
    ]
    return pd.DataFrame(rows)


def front_table(record: StudyRecord) -> pd.DataFrame:
    """Return the rows of `trials_table` that no other configuration beats in rate and distortion, by rate."""
    trials = trials_table(record)
    return trials[trials["on_front"]].sort_values(["condition", "rate"], kind="stable", ignore_index=True)


def hypervolume_table(record: StudyRecord) -> pd.DataFrame:
    """Return how the area dominated by the front grew.

    Returns
    -------
    DataFrame
        One row per condition and completed configuration: ``condition, n_completed``, ``hypervolume`` (nats
        times mean squared error; mean over seeds of each seed's own area, below the worst values found),
        ``standard_error`` over seeds, and ``largest_gap`` between neighboring rates of the front, in nats.
    """
    return pd.DataFrame(list(_hypervolume_rows(record)))


def target_table(record: StudyRecord) -> pd.DataFrame:
    """Return the β of the wanted rate.

    Returns
    -------
    DataFrame
        One row: ``rate, tolerance`` (nats), ``beta`` with ``low`` and ``high`` (Student's t over the seeds'
        own β, on a log scale), ``slope`` (nats per unit of log β), ``nearest_beta`` with the
        ``nearest_rate`` and ``nearest_standard_error`` of the configuration that comes nearest,
        ``n_seeds``, ``status``, ``message``; empty for other kinds of study.
    """
    target, done = record.file.target, completed(record.tried[""])
    if target is None:
        return pd.DataFrame()
    betas, values = values_by_beta(done)
    root = find_root(betas, values[:, :, 0], target.rate)
    nearest = min(done, key=lambda each: abs(float(np.mean(each.rates)) - target.rate))
    rate, error = mean_and_error(nearest.rates)
    row = {
        "rate": target.rate,
        "tolerance": target.tolerance,
        "beta": root.beta,
        "low": root.low,
        "high": root.high,
        "slope": root.slope,
        "nearest_beta": nearest.parameters["beta"],
        "nearest_rate": rate,
        "nearest_standard_error": error,
        "n_seeds": len(nearest.rates),
        "status": root.status,
        "message": root.message,
    }
    return pd.DataFrame([row])


def tangency_table(record: StudyRecord) -> pd.DataFrame:
    """Return how each run's price of rate compares with the slope of its condition's curve.

    An optimum of D + β w R touches the curve where its slope −dD/dR is β w; with tasks, D is the distortion
    plus the weighted task losses. Runs whose rate is below 0.05 nats are left out: their latents are off, and
    there the slope only has to be less than the price. Empty unless β alone was searched.

    Returns
    -------
    DataFrame
        One row per run: ``condition, number, seed, rate, beta`` (β), ``price`` (β w) and ``slope`` (both in
        mean squared error per nat), ``deviation`` (log of price over slope) and ``family``; and of the whole
        condition ``bias`` (mean deviation) with ``low`` and ``high`` over seeds, ``status`` and ``message``.
    """
    if set(record.file.search.ranges()) != {"beta"}:
        return pd.DataFrame()
    used = record.runs[record.runs["rate"] > 0.05]
    parts = [_tangency(runs) for _, runs in used.groupby("condition", sort=False)]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def comparison_table(record: StudyRecord) -> pd.DataFrame:
    """Return what each condition costs at equal rate and at equal distortion, against the reference.

    Returns
    -------
    DataFrame
        As `rdstats.bd_table` returns it, over the fronts; empty unless conditions are compared.
    """
    if record.file.reference is None:
        return pd.DataFrame()
    front = front_table(record)[["condition", "number"]]
    runs = record.runs.merge(front, on=["condition", "number"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RDStatsWarning)  # the table has a status and counts of its own
        return bd_table(runs, reference=record.file.reference, by="condition", level="number", rng=0)


def _trial_row(record: StudyRecord, condition: str, each: Tried, front: bool) -> dict[str, Any]:
    quantities = {"rate": each.rates, "distortion": each.distortions}
    if record.file.score is not None:
        quantities["score"] = each.scores
    estimates = {key: value for name, values in quantities.items() for key, value in _estimate(name, values)}
    return {
        "condition": condition,
        "number": each.number,
        "state": each.state,
        **each.parameters,
        "n_seeds": len(record.file.seeds),
        **estimates,
        "on_front": front,
        "keeps_bounds": each.state == "completed" and each.keeps_bounds,
        "seconds": each.seconds,
        "problem": each.problem,
    }


def _estimate(name: str, values: Sequence[float]) -> Iterator[tuple[str, float]]:
    mean, error = mean_and_error(values) if values else (np.nan, np.nan)
    margin = error * float(student.ppf(0.975, len(values) - 1)) if len(values) > 1 else np.nan
    yield name, mean
    yield f"{name}_standard_error", error
    yield f"{name}_low", mean - margin
    yield f"{name}_high", mean + margin


def _on_front(tried: Sequence[Tried]) -> list[bool]:
    """Return which configurations are on the front of the means, among those that completed."""
    means = rates_and_distortions(tried).mean(axis=1) if completed(tried) else np.empty((0, 2))
    marks = iter(pareto_mask(means))
    return [bool(next(marks)) if each.state == "completed" else False for each in tried]


def _hypervolume_rows(record: StudyRecord) -> Iterator[dict[str, Any]]:
    for condition, every in record.tried.items():
        values = rates_and_distortions(every)
        for place, areas in enumerate(hypervolume_history(values)):
            mean, error = mean_and_error(areas)
            means = values[: place + 1].mean(axis=1)
            yield {
                "condition": condition,
                "n_completed": place + 1,
                "hypervolume": mean,
                "standard_error": error,
                "largest_gap": largest_gap(means[pareto_mask(means), 0]),
            }


def _tangency(runs: pd.DataFrame) -> pd.DataFrame:
    columns = ["condition", "number", "seed", "rate"]
    rate, cost = runs["rate"].to_numpy(), runs["objective_value"].to_numpy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RDStatsWarning)  # what they say is in status and message
        family = str(
            compare_families(rate, cost, families=_SMOOTH_FAMILIES, groups=runs["seed"])["family"][0]
        )
        audit = tangency_audit(rate, cost, runs["beta"], groups=runs["seed"], family=family)
        slope = fit_curve(rate, cost, family=family, groups=runs["seed"]).slope(rate)
    return runs[columns].assign(
        beta=runs["beta_setting"],
        price=runs["beta"],
        slope=slope,
        deviation=audit.deviations,
        family=family,
        bias=audit.estimate,
        low=audit.interval.low,
        high=audit.interval.high,
        status=str(audit.status),
        message=audit.message,
    )
