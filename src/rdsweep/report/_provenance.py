"""The sections of what went wrong, what was left out, and where the numbers come from."""

from __future__ import annotations

import platform
from importlib.metadata import version

import pandas as pd

from rdsweep.report._analysis import Analysis
from rdsweep.report._format import count, counted, duration, general
from rdsweep.report._section import Listing, Section
from rdsweep.report._table import ReportTable, header, numbers, words
from rdsweep.report._units import column_label, column_unit

_SOFTWARE = ("rdsweep", "numpy", "scipy", "pandas", "statsmodels", "matplotlib")
_ORIGIN = ("sweep", "device", "precision", "rdsweep_version", "torch_version", "git_commit")


def exclusions_section(analysis: Analysis) -> Section:
    """Return the section of runs that failed and of those that were left out."""
    selection = analysis.selection
    left_out = int(selection.exclusions["n_runs"].sum())
    sentences = [
        f"The results hold {counted(selection.n_stored, 'run')}; this report is about "
        f"{count(len(selection.runs))} of them."
    ]
    sentences += [
        f"Left out: {counted(n_runs, 'run')} ({reason})."
        for reason, n_runs in zip(selection.exclusions["reason"], selection.exclusions["n_runs"], strict=True)
    ]
    if left_out == 0:
        sentences.append("No run failed and none was left out.")
    shown = "failed" in selection.file.tables and not selection.unfinished.empty
    return Section(
        name="exclusions",
        title="Failed and excluded runs",
        sentences=tuple(sentences),
        tables=(_failed_table(analysis),) if shown else (),
    )


def _failed_table(analysis: Analysis) -> ReportTable:
    file, runs = analysis.selection.file, analysis.selection.unfinished
    frame = runs[["run_id", file.condition, file.by, "seed", "status", "message", "steps"]]
    return ReportTable(
        name="failed",
        caption="Runs that did not complete, with the cause that training recorded.",
        frame=frame,
        columns=(
            header("Condition", frame[file.condition]),
            numbers(column_label(file.by), map(general, frame[file.by]), unit=column_unit(file.by)),
            numbers("Seed", map(str, frame["seed"])),
            words("Status", frame["status"]),
            words("Cause", frame["message"]),
            words("Run", frame["run_id"]),
        ),
    )


def provenance_section(analysis: Analysis, report_file: Listing) -> Section:
    """Return the section of versions, devices, commits, compute, run ids and the report file's lines."""
    selection = analysis.selection
    software = ", ".join(f"{name} {version(name)}" for name in _SOFTWARE)
    shown = "provenance" in selection.file.tables and not selection.runs.empty
    return Section(
        name="provenance",
        title="Provenance",
        sentences=(
            f"Statistics and figures: Python {platform.python_version()}, {software}.",
            "Which runs are behind a row of a table, rdsweep report prints for the same report file and "
            "results with --trace TABLE:ROW: TABLE is the name under the table, ROW a row of its .csv, "
            "counted from 1.",
        ),
        tables=(_provenance_table(analysis),) if shown else (),
        listings=(_run_ids(analysis), report_file),
    )


def _provenance_table(analysis: Analysis) -> ReportTable:
    frame = (
        analysis.selection.runs.groupby(list(_ORIGIN), dropna=False)
        .agg(
            n_runs=("run_id", "size"),
            n_packs=("pack_id", "nunique"),
            wall_seconds=("wall_seconds", "sum"),
            first=("finished_at", "min"),
            last=("finished_at", "max"),
        )
        .reset_index()
    )
    return ReportTable(
        name="provenance",
        caption="Where the runs come from. Compute is each run’s share of the wall time of its pack.",
        frame=frame,
        columns=(
            header("Sweep", frame["sweep"]),
            words("Device", frame["device"]),
            words("Precision", frame["precision"]),
            words("rdsweep", frame["rdsweep_version"]),
            words("PyTorch", frame["torch_version"]),
            words("Commit", _short_commits(frame["git_commit"])),
            numbers("Runs", map(count, frame["n_runs"])),
            numbers("Packs", map(count, frame["n_packs"])),
            numbers("Compute", map(duration, frame["wall_seconds"])),
            words("Finished", frame["last"].str.slice(0, 10)),
        ),
    )


def _short_commits(commits: pd.Series[str]) -> list[str]:
    parts = (commit.partition("+") for commit in commits)
    return [f"{digits[:12]}{plus}{rest}" or "unknown" for digits, plus, rest in parts]


def _run_ids(analysis: Analysis) -> Listing:
    file, runs = analysis.selection.file, analysis.selection.runs
    return Listing(
        title=f"Identifiers of all {counted(len(runs), 'run')}",
        items=tuple(
            f"{run.run_id}  {getattr(run, file.condition)}  {general(getattr(run, file.by))}  seed {run.seed}"
            for run in runs.itertuples()
        ),
    )
