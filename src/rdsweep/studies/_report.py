"""The page of a study."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rdsweep.report.parts import ReportFile, write_page
from rdsweep.studies._record import StudyRecord, read_study
from rdsweep.studies._sections import study_sections
from rdsweep.studies._study_file import StudyFile

_WANTED = {"comparison": "front", "target": "beta-rate", "score": "history", "front": "front"}
"""Sections that hold what a study was run for, the first that it has, with the figure that shows it."""


def build_study_report(
    file: StudyFile, *, results: str | Path, out: str | Path, storage: str | None = None
) -> Path:
    """Write the page of a study with its tables and figures.

    Parameters
    ----------
    file : StudyFile
    results : path-like
        Results folder of the study.
    out : path-like
        Folder to write into, as for `rdsweep.report.build_report`.
    storage : str, optional
        As for `run_study`.

    Returns
    -------
    Path
        The page. It needs no other file; links in it lead to the files of its tables and figures.

    Raises
    ------
    StudyError
        If no configuration was completed yet, or the storage cannot be opened.
    rdsweep.store.ResultsError
        If ``results`` is no results folder.
    """
    record = read_study(file, results=results, storage=storage)
    page = ReportFile(title=f"Study {file.name}", summary=file.description)
    sections = {section.name: section for section in study_sections(record)}
    wanted, picture = next((name, shown) for name, shown in _WANTED.items() if name in sections)
    answer = sections[wanted].findings
    sections[wanted] = replace(sections[wanted], findings=())  # told at the top already
    return write_page(
        page,
        sections=list(sections.values()),
        limits=_limits(record),
        answer=answer,
        picture=picture,
        out=Path(out),
    )


def _limits(record: StudyRecord) -> list[str]:
    limits = []
    if len(record.file.seeds) == 1:
        limits.append("One seed: no interval, so a difference between configurations may be noise.")
    pruned = sum(each.state == "pruned" for every in record.tried.values() for each in every)
    if pruned:
        limits.append(f"{pruned} configurations did not complete with all seeds and count for nothing here.")
    limits.append("The best of many noisy configurations looks better than it is: confirm it with new seeds.")
    return limits
