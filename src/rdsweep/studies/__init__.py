"""Optuna studies: searches over beta whose batches are trained as packs."""

from rdsweep.studies._errors import StudyError
from rdsweep.studies._record import StudyRecord, read_study
from rdsweep.studies._report import build_study_report
from rdsweep.studies._run import StudySummary, run_study
from rdsweep.studies._study_file import StudyFile, load_study_file
from rdsweep.studies._tables import (
    comparison_table,
    front_table,
    hypervolume_table,
    tangency_table,
    target_table,
    trials_table,
)

__all__ = [
    "StudyError",
    "StudyFile",
    "StudyRecord",
    "StudySummary",
    "build_study_report",
    "comparison_table",
    "front_table",
    "hypervolume_table",
    "load_study_file",
    "read_study",
    "run_study",
    "tangency_table",
    "target_table",
    "trials_table",
]
