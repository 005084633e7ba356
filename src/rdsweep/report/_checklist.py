"""The checklist: what reporting guides ask of a study, each answer read off the runs and the report file."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from rdsweep.report._analysis import Analysis
from rdsweep.report._claims_verdicts import DecidedClaims
from rdsweep.report._format import (
    count,
    counted,
    duration,
    enumeration,
    interval_name,
    p_value,
    percent,
    span,
)
from rdsweep.report._methods import CORRECTIONS, NOT_RECORDED, spread_of
from rdsweep.report._overview import coverage
from rdsweep.report._section import Section
from rdsweep.report._table import ReportTable, header, words
from rdsweep.report._units import with_unit


def checklist_section(analysis: Analysis, verdicts: DecidedClaims | None) -> Section | None:
    """Return the section, or None where the report file leaves its table out."""
    if "checklist" not in analysis.selection.file.tables:
        return None
    rows = [*_design(analysis), *_statistics(analysis, verdicts), *_origin(analysis.selection.runs)]
    frame = pd.DataFrame(rows, columns=["topic", "item", "answer"])
    ids = tuple(analysis.selection.runs["run_id"])
    table = ReportTable(
        name="checklist",
        caption=(
            "What reporting guides for experiments and for machine learning ask (in the sense of the APA’s "
            "JARS and the NeurIPS checklist). Answers are generated; what only the authors know is not "
            "recorded."
        ),
        frame=frame,
        run_ids=(ids,) * len(frame),
        columns=(
            words("Topic", frame["topic"]),
            header("Item", frame["item"]),
            words("Answer", frame["answer"]),
        ),
    )
    return Section(name="checklist", title="Reporting checklist", tables=(table,))


def _design(analysis: Analysis) -> Iterator[tuple[str, str, str]]:
    selection, topic = analysis.selection, "Design"
    cells = coverage(selection)
    missing = int((cells["n_expected"] - cells["n_completed"]).sum())
    reasons = selection.exclusions.itertuples(index=False, name=None)
    left_out = enumeration([f"{count(n_runs)} {reason}" for reason, n_runs in reasons])
    yield topic, "Conditions", enumeration(selection.conditions)
    yield topic, f"Levels of {selection.file.by}", with_unit(selection.file.by, *selection.levels)
    yield topic, "Unit of replication", "the run (one training with one seed)"
    yield (
        topic,
        "Sample size",
        f"{span(cells['n_completed'], 'run')} per cell, {count(len(selection.runs))} in all",
    )
    yield topic, "How the sample size was chosen", NOT_RECORDED
    yield topic, "Random assignment", "equal seeds share weights, noise and the numbers behind images"
    yield topic, "Runs that failed", count(len(selection.unfinished))
    yield topic, "Runs left out, and why", left_out or "none"
    yield topic, "Missing cells of the design", counted(missing, "run") if missing else "none"
    yield topic, "Selection of runs or results", _selection(analysis)
    yield topic, "Registration before data were seen", NOT_RECORDED


def _selection(analysis: Analysis) -> str:
    where = analysis.selection.file.where
    if not where:
        return "all runs of the folder"
    return "; ".join(f"{column}: {', '.join(map(str, values))}" for column, values in where.items())


def _statistics(analysis: Analysis, verdicts: DecidedClaims | None) -> Iterator[tuple[str, str, str]]:
    file, topic = analysis.selection.file, "Statistics"
    tables = [table for table in analysis.differences.values() if not table.empty]
    tested = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()
    yield topic, "Tests", enumeration(sorted(tested["method"].unique())) if tables else "none possible"
    yield topic, "Sidedness", "two-sided; claims in both directions, half of the level each"
    yield topic, "Level", percent(file.alpha, decimals=1)
    yield topic, "Correction for multiplicity", CORRECTIONS[file.comparison.correction]
    if tables:
        yield topic, "Tests per family", span(tested["family_size"])
        yield topic, "Smallest p that these seeds can give", p_value(float(tested["smallest_p"].max()))
        yield topic, "Pairs dropped", count(int(tested["n_dropped"].sum()))
    yield (
        topic,
        "Effect sizes",
        "differences in the unit of the measure, Hedges’ g, Cliff’s δ" if tables else "none",
    )
    yield topic, "Intervals", f"{interval_name(file.confidence_level)} with every estimate that has one"
    yield topic, "Error bars", "over seeds (runs), never over images, epochs or packs"
    if verdicts is not None:
        counts = verdicts.claims["verdict"].value_counts(sort=False)
        yield topic, "Claims", "; ".join(f"{count(int(n))} {verdict}" for verdict, n in counts.items())
        needed = verdicts.claims.loc[verdicts.claims["verdict"] == "undecided", "seeds_needed"].dropna()
        yield (
            topic,
            "Seeds that would decide undecided claims",
            span(needed) if len(needed) else "does not apply",
        )


def _origin(runs: pd.DataFrame) -> Iterator[tuple[str, str, str]]:
    topic = "Origin"
    yield topic, "Data", "generated (Corridors images), test set fixed by its own seed"
    yield topic, "Data budget", f"{spread_of(runs['n_train'])} images × {spread_of(runs['epochs'])} epochs"
    yield topic, "Configuration of every run", "stored as canonical JSON with the run"
    yield topic, "Code revision", spread_of(runs["git_commit"])
    yield (
        topic,
        "Software",
        f"rdsweep {spread_of(runs['rdsweep_version'])}, PyTorch {spread_of(runs['torch_version'])}",
    )
    yield topic, "Hardware", spread_of(runs["device"])
    yield topic, "Arithmetic", spread_of(runs["precision"])
    yield topic, "Compute", duration(float(runs["wall_seconds"].sum()))
    yield topic, "Time of training", f"{runs['finished_at'].min()[:10]} to {runs['finished_at'].max()[:10]}"
    yield topic, "License, funding, competing interests", NOT_RECORDED
