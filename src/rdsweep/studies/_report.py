"""The page of a study."""

from __future__ import annotations

from pathlib import Path

from rdsweep.report.parts import ReportFile, write_page
from rdsweep.studies._record import StudyRecord, read_study
from rdsweep.studies._sections import study_sections
from rdsweep.studies._study_file import StudyFile


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
        The page. It refers to nothing outside itself.

    Raises
    ------
    StudyError
        If no configuration was completed yet, or the storage cannot be opened.
    rdsweep.store.ResultsError
        If ``results`` is no results folder.
    """
    record = read_study(file, results=results, storage=storage)
    page = ReportFile(title=f"Study {file.name}", summary=file.description)
    return write_page(page, sections=study_sections(record), limits=_limits(record), out=Path(out))


def _limits(record: StudyRecord) -> list[str]:
    limits = []
    if len(record.file.seeds) == 1:
        limits.append("One seed: no interval, so a difference between configurations may be noise.")
    pruned = sum(each.state == "pruned" for every in record.tried.values() for each in every)
    if pruned:
        limits.append(f"{pruned} configurations did not complete with all seeds and count for nothing here.")
    limits.append("The best of many noisy configurations looks better than it is: confirm it with new seeds.")
    return limits
