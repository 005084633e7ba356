"""The sections of a study's page."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from rdsweep.report.parts import (
    MISSING,
    ReportTable,
    Section,
    counted,
    decimals_for,
    enumeration,
    estimates,
    general,
    header,
    interval,
    interval_name,
    notes,
    number,
    numbers,
    percent,
    words,
)
from rdsweep.studies._figures import (
    SCORES,
    best_figure,
    beta_figure,
    front_figure,
    history_figure,
    importance_figure,
    tangency_figure,
)
from rdsweep.studies._record import StudyRecord
from rdsweep.studies._study_file import Score, StudyFile
from rdsweep.studies._tables import (
    comparison_table,
    front_table,
    hypervolume_table,
    tangency_table,
    target_table,
    trials_table,
)

_INTERVAL = interval_name(0.95)
_COMPARED = {
    "bd_distortion": ("distortion at equal rate", "MSE per pixel"),
    "bd_rate": ("rate at equal distortion", "nats"),
}
"""What fronts are compared in, with its unit."""


def study_sections(record: StudyRecord) -> list[Section]:
    """Return the sections of the page of ``record``, in order."""
    trials = trials_table(record)
    sections = [_overview(record, trials)]
    if record.file.target is not None:
        sections.append(_target(record, trials))
    if record.file.score is not None:
        sections.append(_score(record, trials))
    sections.append(_front(record, trials))
    if record.file.reference is not None:
        sections.append(_comparison(record))
    if "beta" in record.file.search.ranges():
        sections.append(_beta(record))
    if not record.importance.empty:
        sections.append(_importance(record))
    if record.file.kind in ("frontier", "compare"):
        sections.append(_history(record))
    return [*sections, _all_configurations(record, trials)]


def _overview(record: StudyRecord, trials: pd.DataFrame) -> Section:
    file = record.file
    states = trials["state"].value_counts()
    told = enumeration([f"{count} {state}" for state, count in states.items()])
    ranges = [
        f"{name} {general(low)} to {general(high)}" for name, (low, high) in file.search.ranges().items()
    ]
    return Section(
        name="overview",
        title="What was searched",
        findings=(
            f"{counted(len(trials), 'configuration')} ({told}), {counted(len(file.seeds), 'seed')} each.",
        ),
        facts=(
            ("Sought", _sought(file)),
            ("Searched", enumeration(ranges)),
            ("Trained", enumeration([_trained(*condition) for condition in file.named_conditions.items()])),
            ("Batch", counted(file.batch, "configuration")),
            ("Unit of an interval", f"the seed: means over seeds with a {_INTERVAL} (Student’s t)"),
        ),
    )


def _sought(file: StudyFile) -> str:
    if file.target is not None:
        return f"the β of a rate of {general(file.target.rate)} ± {general(file.target.tolerance)} nats"
    if file.score is not None:
        return f"the best {SCORES[file.score.metric][0]} of {file.score.task}, with {_bounds(file.score)}"
    return "the Pareto front of rate and distortion" + (" of each condition" if file.conditions else "")


def _trained(name: str, axes: Mapping[str, Any]) -> str:
    """Return a condition with its name, if it has one, as a study file writes it."""
    said = ", ".join(f"{axis} {_plain(values[0])}" for axis, values in axes.items())
    return f"{name} ({said})" if name else said


def _plain(value: object) -> str:
    """Return a value of an axis: a set of heads as the names of its tasks, anything else as it is."""
    if isinstance(value, list):
        return enumeration([head["task"] for head in value]) or "none"
    return str(value)


def _bounds(score: Score) -> str:
    said = []
    if score.rate_at_most is not None:
        said.append(f"rate at most {general(score.rate_at_most)} nats")
    if score.distortion_at_most is not None:
        said.append(f"distortion at most {general(score.distortion_at_most)}")
    return enumeration(said) or "no bounds"


def _target(record: StudyRecord, trials: pd.DataFrame) -> Section:
    frame = target_table(record)
    row = frame.to_dict("records")[0]
    found = (
        f"A rate of {general(row['rate'])} nats takes β = {row['beta']:.4g}"
        + (f" ({_INTERVAL} over seeds {row['low']:.4g} to {row['high']:.4g})" if row["low"] > 0 else "")
        + f"; the nearest configuration has {row['nearest_rate']:.3f} nats."
    )
    return Section(
        name="target",
        title="The wanted rate",
        findings=(found if row["status"] == "ok" else f"No β was found: {row['message']}.",),
        figures=(best_figure(record, trials),),
        tables=(
            ReportTable(
                name="target",
                caption="β of the wanted rate: each seed’s own crossing, averaged on a log scale.",
                frame=frame,
                columns=(
                    header("Wanted rate", map(general, frame["rate"])),
                    *((estimates("β", frame, estimate="beta"),) if row["status"] == "ok" else ()),
                    numbers("Nearest β tried", [f"{value:.4g}" for value in frame["nearest_beta"]]),
                    numbers("Its rate", [number(v, decimals=3) for v in frame["nearest_rate"]], unit="nats"),
                    *notes(frame["message"]),
                ),
            ),
        ),
    )


def _score(record: StudyRecord, trials: pd.DataFrame) -> Section:
    score = record.file.score
    assert score is not None
    kept = trials[trials["keeps_bounds"]]
    best = kept.nsmallest(1, "score") if score.metric == "cross_entropy" else kept.nlargest(1, "score")
    finding = f"No configuration keeps the bounds ({_bounds(score)})."
    if len(best):
        row = best.to_dict("records")[0]
        at = ", ".join(f"{name} = {row[name]:.4g}" for name in record.file.search.ranges())
        finding = (
            f"The best {SCORES[score.metric][0]} of {score.task} is {row['score']:.4g} at {at}, with rate "
            f"{row['rate']:.3g} nats and distortion {row['distortion']:.4g} ({_bounds(score)})."
        )
    return Section(
        name="score", title="The best score", findings=(finding,), figures=(best_figure(record, trials),)
    )


def _front(record: StudyRecord, trials: pd.DataFrame) -> Section:
    front = front_table(record)
    gap = hypervolume_table(record).groupby("condition", sort=False)["largest_gap"].last()
    findings = [
        _front_finding(name, front.loc[front["condition"] == name, "rate"], gap[name]) for name in gap.index
    ]
    return Section(
        name="front",
        title="The front",
        findings=tuple(findings),
        figures=(front_figure(record, trials),),
        tables=(
            _configurations(
                "front", "Configurations that no other beats in rate and distortion.", record, front
            ),
        ),
    )


def _front_finding(condition: str, rates: pd.Series[float], gap: float) -> str:
    text = f"{_of(condition)}: {counted(len(rates), 'configuration')} on the front"
    if not np.isfinite(gap):
        return f"{text}."
    return f"{text}, rates from {rates.min():.2f} to {rates.max():.2f} nats, at most {gap:.2f} nats apart."


def _comparison(record: StudyRecord) -> Section:
    frame = comparison_table(record)
    parts = []
    for metric, (label, unit) in _COMPARED.items():
        rows = frame[frame["metric"] == metric].reset_index(drop=True)
        parts.append(
            ReportTable(
                name=f"comparison-{metric.removeprefix('bd_')}",
                caption=f"Mean difference in {label} from {record.file.reference}, where both fronts reach.",
                frame=rows,
                columns=(
                    header("Condition", rows["condition"]),
                    estimates(label.capitalize(), rows, signed=True, unit=unit),
                    *notes(rows["message"]),
                ),
            )
        )
    return Section(
        name="comparison",
        title="Fronts at equal rate",
        findings=tuple(
            _difference(record, row)
            for metric in _COMPARED
            for row in frame[frame["metric"] == metric].to_dict("records")
        ),
        sentences=("Both differences come from the fronts seed by seed; intervals are over seeds.",),
        tables=tuple(parts),
    )


def _difference(record: StudyRecord, row: Mapping[Hashable, Any]) -> str:
    label, unit = _COMPARED[row["metric"]]
    told = f"{row['condition']}: {label} differs from that of {record.file.reference}"
    if not np.isfinite(row["estimate"]):
        return f"{told} by an unknown amount: {row['message']}."
    decimals = decimals_for([row["high"] - row["low"]])
    by = number(row["estimate"], decimals=decimals, signed=True)
    ends = interval(row["low"], row["high"], decimals=decimals, signed=True)
    return f"{told} by {by} {unit}" + (f" ({_INTERVAL} over seeds {ends})." if ends != MISSING else ".")


def _beta(record: StudyRecord) -> Section:
    tangency = tangency_table(record)
    if tangency.empty:
        reason = "The tangency check needs a search over β alone: a curve belongs to one setting of the rest."
        return Section(name="beta", title="β and rate", sentences=(reason,), figures=(beta_figure(record),))
    audits = tangency.drop_duplicates("condition")
    findings = [
        f"{_of(row['condition'])}: price and slope differ by {percent(np.expm1(row['bias']))} on average "
        f"(curve: {str(row['family']).replace('_', ' ')})."
        if row["status"] == "ok"
        else f"{_of(row['condition'])}: no tangency check ({row['message']})."
        for row in audits.to_dict("records")
    ]
    shown = audits.assign(**{name: 100 * np.expm1(audits[name]) for name in ("bias", "low", "high")})
    table = ReportTable(
        name="tangency",
        caption="Price of rate β w against the slope of the fitted curve: mean over runs, in per cent.",
        frame=tangency,
        columns=(
            header("Condition", [name or "all runs" for name in shown["condition"]]),
            words("Curve", shown["family"]),
            estimates("Price above slope (%)", shown, estimate="bias", signed=True),
            *notes(shown["message"]),
        ),
    )
    return Section(
        name="beta",
        title="β and rate",
        findings=tuple(findings),
        sentences=(
            "At an optimum, the price of rate β w is the slope −dD/dR of the curve at the run’s rate.",
        ),
        figures=(beta_figure(record), tangency_figure(record, tangency)),
        tables=(table,),
    )


def _importance(record: StudyRecord) -> Section:
    frame = record.importance
    return Section(
        name="importance",
        title="Importance of parameters",
        figures=(importance_figure(record),),
        tables=(
            ReportTable(
                name="importance",
                caption="Share of each parameter in the variation of each objective (PED-ANOVA).",
                frame=frame,
                columns=(
                    header("Parameter", frame["parameter"]),
                    words("Objective", frame["objective"]),
                    *((words("Condition", frame["condition"]),) if len(record.tried) > 1 else ()),
                    numbers("Share", [percent(share) for share in frame["importance"]]),
                ),
            ),
        ),
    )


def _history(record: StudyRecord) -> Section:
    frame = hypervolume_table(record)
    last = frame.groupby("condition", sort=False).tail(1)
    return Section(
        name="history",
        title="How the search went",
        sentences=tuple(
            f"{_of(row['condition'])}: the front dominates {row['hypervolume']:.4g} nats × MSE after "
            f"{counted(row['n_completed'], 'configuration')}."
            for row in last.to_dict("records")
        ),
        figures=(history_figure(record, frame),),
    )


def _all_configurations(record: StudyRecord, trials: pd.DataFrame) -> Section:
    return Section(
        name="configurations",
        title="All configurations",
        tables=(
            _configurations("trials", "Every configuration in the order of the search.", record, trials),
        ),
    )


def _configurations(name: str, caption: str, record: StudyRecord, frame: pd.DataFrame) -> ReportTable:
    several = len(record.tried) > 1
    quantities = {"rate": ("Rate", "nats"), "distortion": ("Distortion", "MSE")}
    if record.file.score is not None:
        label, unit = SCORES[record.file.score.metric]
        quantities["score"] = (label.capitalize(), unit)
    return ReportTable(
        name=name,
        caption=caption + f" Means over seeds with a {_INTERVAL}.",
        frame=frame,
        columns=(
            header("Number", frame["number"]),
            *((words("Condition", frame["condition"]),) if several else ()),
            *(numbers(key, [f"{value:.4g}" for value in frame[key]]) for key in record.file.search.ranges()),
            *(
                estimates(
                    label,
                    frame.assign(low=frame[f"{key}_low"], high=frame[f"{key}_high"]),
                    estimate=key,
                    unit=unit,
                )
                for key, (label, unit) in quantities.items()
            ),
            words("State", frame["state"]),
            *notes(frame["problem"]),
        ),
    )


def _of(condition: str) -> str:
    return condition or "The search"
