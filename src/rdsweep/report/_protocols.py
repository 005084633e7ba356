"""The section of sensitivity: what the same conditions show under the protocol of another results folder."""

from __future__ import annotations

import posixpath
import warnings
from dataclasses import replace

import pandas as pd

from rdstats import compare_conditions
from rdstats._status import RDStatsWarning
from rdsweep.report._claims_verdicts import DecidedClaims, judge_claims
from rdsweep.report._format import count, counted, enumeration, general, interval_name, p_value
from rdsweep.report._section import Section
from rdsweep.report._selection import Selection, read_selection
from rdsweep.report._table import ReportTable, badges, estimates_beside, header, notes, numbers
from rdsweep.report._units import column_label, column_unit
from rdsweep.store import Results

_RESAMPLING_SEED = 0  # equal results have to give equal tables


def protocols_section(selection: Selection, store: Results, verdicts: DecidedClaims | None) -> Section | None:
    """Return the section, or None for a report that names no other results.

    The other folder is looked for beside that of ``store``. If it is missing or has none of the conditions,
    the section says so: what has not been run cannot be compared.
    """
    file = selection.file
    if file.sensitivity is None:
        return None
    beside = _beside(store, file.sensitivity.results)
    if not beside.storage.is_folder("runs"):
        return _absence(f"There is no results folder {file.sensitivity.results} beside this one")
    other = read_selection(file, beside, beside=selection)
    if not set(other.conditions) & set(selection.conditions):
        return _absence(
            f"The results folder {file.sensitivity.results} has no completed run of a condition here"
        )
    theirs = judge_claims(other, beside) if file.claims else None
    differences = _differences(selection, other)
    tables = [_difference_table(selection, other, differences)]
    if verdicts is not None and theirs is not None:
        tables.append(_verdict_table(selection, other, verdicts, theirs))
    return Section(
        name="protocols",
        title="Sensitivity to the protocol",
        findings=_findings(selection, other, verdicts, theirs),
        sentences=(
            f"The same conditions, run under the protocol {_protocol(other)} instead of "
            f"{_protocol(selection)}: "
            f"{counted(len(other.runs), 'run')} with {counted(len(other.seeds), 'seed')}. A claim that "
            "replicates under one and fails under the other is about the protocol as much as about the "
            "models; one that is undecided under one may only lack seeds there.",
        ),
        tables=tuple(tables) if "protocols" in file.tables else (),
    )


def _beside(store: Results, name: str) -> Results:
    """Return the results called ``name`` next to ``store``, in the same storage; they may be missing."""
    storage = store.storage
    root = posixpath.join(posixpath.dirname(storage.root.rstrip("/")), name)
    return Results(replace(storage, location=storage.location.removesuffix(storage.root) + root, root=root))


def _absence(reason: str) -> Section:
    sentence = f"{reason}, so what depends on the protocol cannot be said."
    return Section(name="protocols", title="Sensitivity to the protocol", sentences=(sentence,))


def _protocol(selection: Selection) -> str:
    return enumeration(sorted(selection.runs["protocol"].unique()))


def _findings(
    selection: Selection, other: Selection, verdicts: DecidedClaims | None, theirs: DecidedClaims | None
) -> tuple[str, ...]:
    if verdicts is None or theirs is None:
        return ()
    same = int((verdicts.claims["verdict"].to_numpy() == theirs.claims["verdict"].to_numpy()).sum())
    told = f"{count(same)} of {counted(len(verdicts.claims), 'claim')} {'gets' if same == 1 else 'get'}"
    return (f"{told} the same verdict under the protocol {_protocol(other)}.",)


def _differences(selection: Selection, other: Selection) -> pd.DataFrame:
    """Compare the protocols within each condition and level; unpaired, since their data budgets differ."""
    file = selection.file
    both = pd.concat([selection.runs.assign(results="here"), other.runs.assign(results="there")])
    shared = set(selection.conditions) & set(other.conditions)
    with warnings.catch_warnings():
        # What these warnings are about stands in the columns status, message and n_dropped.
        warnings.simplefilter("ignore", RDStatsWarning)
        tables = [
            compare_conditions(
                both[both[file.condition] == name],
                baseline="here",
                metric=file.curve.distortion,
                by=file.by,
                condition="results",
                paired=False,
                confidence_level=file.confidence_level,
                correction=file.comparison.correction,
                rng=_RESAMPLING_SEED,
            ).assign(**{file.condition: name})
            for name in selection.conditions
            if name in shared
        ]
    table = pd.concat(tables, ignore_index=True).drop(columns="results")
    return table[[file.condition, *(name for name in table if name != file.condition)]]


def _difference_table(selection: Selection, other: Selection, frame: pd.DataFrame) -> ReportTable:
    file = selection.file
    metric = file.curve.distortion
    keys: list[str] = [file.condition, file.by]
    return ReportTable(
        name="protocols",
        caption=(
            f"{column_label(metric)} under the protocol {_protocol(other)} minus that under "
            f"{_protocol(selection)}, with its {interval_name(file.confidence_level)} (Welch’s t over runs); "
            f"p-values {'not ' if file.comparison.correction == 'none' else ''}adjusted within each "
            "condition."
        ),
        frame=frame,
        run_ids=_runs_of_rows(frame, keys, selection, other),
        columns=(
            header("Condition", frame[file.condition]),
            numbers(column_label(file.by), map(general, frame[file.by]), unit=column_unit(file.by)),
            *estimates_beside(
                "Difference",
                interval_name(file.confidence_level).capitalize(),
                frame,
                unit=column_unit(metric),
                signed=True,
            ),
            numbers("Adjusted p", map(p_value, frame["p_adjusted"])),
            numbers("n", map(count, frame["n"])),
            *notes(frame["message"]),
        ),
    )


def _runs_of_rows(
    frame: pd.DataFrame, keys: list[str], selection: Selection, other: Selection
) -> tuple[tuple[str, ...], ...]:
    runs = pd.concat([selection.runs, other.runs])
    cells = runs.groupby(keys)["run_id"].agg(tuple).to_dict()
    return tuple(cells[key] for key in frame[keys].itertuples(index=False, name=None))


def _verdict_table(
    selection: Selection, other: Selection, ours: DecidedClaims, theirs: DecidedClaims
) -> ReportTable:
    keys = ["claim", "verdict", "reason"]
    frame = ours.claims[["statement", *keys]].merge(
        theirs.claims[keys], on="claim", suffixes=("", "_other"), validate="one_to_one"
    )
    return ReportTable(
        name="protocol_verdicts",
        caption=f"Verdicts on the claims under the protocols {_protocol(selection)} and {_protocol(other)}.",
        frame=frame,
        run_ids=tuple(
            first + second for first, second in zip(ours.claim_runs, theirs.claim_runs, strict=True)
        ),
        columns=(
            header("Claim", frame["statement"]),
            badges(_protocol(selection).capitalize(), frame["verdict"]),
            badges(_protocol(other).capitalize(), frame["verdict_other"]),
            *notes(frame["reason_other"]),
        ),
    )
