"""The sentences that a reader comes for: how far conditions are from the baseline, and where."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from rdsweep.report._analysis import Analysis
from rdsweep.report._format import count, counted, decimals_for, enumeration, number, percent, span
from rdsweep.report._selection import Selection
from rdsweep.report._units import column_label, column_unit, with_unit


def answers(analysis: Analysis) -> tuple[str, ...]:
    """Return one sentence for each kind of condition that is compared with the baseline.

    Each says in how many conditions and at which levels the distortion (or else the first metric that was
    compared) differs and by how much, from how many seeds, or why nothing can be said.
    """
    tables = {metric: table for metric, table in analysis.differences.items() if not table.empty}
    wanted = analysis.selection.file.curve.distortion
    metric = wanted if wanted in tables else next(iter(tables), None)
    if metric is None:
        return (_without_comparison(analysis.selection),)
    table, selection = tables[metric], analysis.selection
    if table["p_adjusted"].isna().all():
        return (_untested(selection, metric, table),)
    kinds = (
        (label, table[table[selection.file.condition].isin(names)]) for label, names in _kinds(selection)
    )
    return tuple(_sentence(selection, metric, label, rows) for label, rows in kinds)


def _kinds(selection: Selection) -> Iterator[tuple[str, list[str]]]:
    """Yield the kinds of conditions with their label in prose: hybrids first, if the baseline is none."""
    learning = selection.runs["tasks"] != ""
    by_condition = learning.groupby(selection.runs[selection.file.condition], sort=False).all()
    hybrids = (
        []
        if by_condition[selection.file.baseline]
        else [name for name in selection.hybrids if by_condition[name]]
    )
    others = [name for name in selection.hybrids if name not in hybrids]
    noun = "model" if selection.file.condition == "model" else "condition"
    for names, kind in ((hybrids, f"hybrid {noun}"), (others, f"other {noun}" if hybrids else noun)):
        if names:
            yield names[0] if len(names) == 1 else f"{count(len(names))} {kind}s", names


def _sentence(selection: Selection, metric: str, who: str, rows: pd.DataFrame) -> str:
    file, quantity = selection.file, column_label(metric).lower()
    decided = rows[rows["p_adjusted"] <= file.alpha]
    several = len(rows[file.condition].unique()) > 1
    end = f"n = {span(rows['n'], 'seed' if file.comparison.paired else 'run')}"
    if decided.empty:
        none = f"None of {who} is" if several else f"{who} is not"
        levels = with_unit(file.by, *sorted(rows[file.by].unique()))
        return f"{none} shown to differ from {file.baseline} in {quantity} at any of {levels}; {end}."
    parts = []
    for direction in ("higher", "lower"):
        part = decided[decided["estimate"] > 0 if direction == "higher" else decided["estimate"] < 0]
        if len(part):
            have = f"{direction} {quantity} than {file.baseline}"
            parts.append(f"{_clause(selection, part, rows, have)}, by {_sizes(selection, metric, part)}")
    everywhere = several and len(parts) == 1 and len(decided) == len(rows)
    subject = f"All {who}".replace("All 2 ", "Both ") if everywhere else f"Of {who}," if several else who
    rest = ["no difference is shown elsewhere"] if len(decided) < len(rows) else []
    return f"{subject} {'; '.join([*parts, *rest])}; {end}."


def _clause(selection: Selection, part: pd.DataFrame, rows: pd.DataFrame, have: str) -> str:
    """Return what ``part`` of ``rows`` have, at which levels and, of several conditions, in how many."""
    by, condition = selection.file.by, selection.file.condition
    n_conditions, n_levels = len(rows[condition].unique()), len(rows[by].unique())
    shares: dict[int, list[float]] = {}
    for level, found in part.groupby(by):
        shares.setdefault(len(found), []).append(float(str(level)))
    told = []
    for n, levels in sorted(shares.items(), reverse=True):
        every = f"every {'capacity' if by == 'capacity' else 'level'} ({with_unit(by, *levels)})"
        at = f"at {every if len(levels) == n_levels else with_unit(by, *levels)}"
        told.append(at if n_conditions == 1 else f"{'all' if n == n_conditions else count(n)} {at}")
    if n_conditions == 1:
        return f"has {have} {enumeration(told)}"
    if len(part) == len(rows):
        return f"have {have} {enumeration(told).removeprefix('all ')}"
    return f"{enumeration(told)} have {have}"


def _sizes(selection: Selection, metric: str, part: pd.DataFrame) -> str:
    """Return the least and greatest difference, in the unit of the metric and in per cent of the baseline."""
    file = selection.file
    means = selection.runs_of(file.baseline).groupby(file.by)[metric].mean()
    sizes = part["estimate"].abs()
    shares = sizes / part[file.by].map(means).abs()
    decimals = decimals_for([sizes.min()])
    told = f"{_span(number(sizes.min(), decimals=decimals), number(sizes.max(), decimals=decimals))} "
    return (
        f"{told}{column_unit(metric)}".rstrip() + f" ({_span(percent(shares.min()), percent(shares.max()))})"
    )


def _span(low: str, high: str) -> str:
    return low if low == high else f"{low} to {high}"


def _untested(selection: Selection, metric: str, table: pd.DataFrame) -> str:
    least, most = table["estimate"].min(), table["estimate"].max()
    decimals = decimals_for([least, most])
    ends = [number(value, decimals=decimals, signed=True) for value in (least, most)]
    why = "one seed is" if len(selection.seeds) == 1 else "these runs are"
    return (
        f"{column_label(metric)} differs from that of {selection.file.baseline} by {_span(*ends)} "
        f"{column_unit(metric)}".rstrip()
        + f", but {why} not enough to tell a difference from chance."
    )


def _without_comparison(selection: Selection) -> str:
    file, column = selection.file, selection.file.curve.distortion
    why = (
        f"{file.baseline} is the only condition"
        if selection.has_baseline
        else f"there is no run of {file.baseline}"
    )
    means = selection.runs.groupby(file.by)[column].mean()
    return (
        f"Mean {column_label(column).lower()} is {_course(file.by, means)} "
        f"(n = {counted(len(selection.runs), 'run')}); nothing is compared, because {why}."
    )


def _course(by: str, means: pd.Series[float]) -> str:
    ends: Sequence[float] = list(dict.fromkeys((means.index[0], means.index[-1])))
    decimals = decimals_for(means, significant=3)
    return enumeration([f"{number(means[end], decimals=decimals)} at {with_unit(by, end)}" for end in ends])
