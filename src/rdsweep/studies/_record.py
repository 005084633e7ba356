"""A study as it stands, read back from Optuna's storage and the results."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from optuna import Study
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
from optuna.trial import TrialState

from rdsweep.store import Results, open_results
from rdsweep.studies._errors import StudyError
from rdsweep.studies._goals import objective_names
from rdsweep.studies._search import Search, open_search
from rdsweep.studies._storage import open_optuna_storage
from rdsweep.studies._study_file import StudyFile
from rdsweep.studies._tried import Tried, completed

_RUN_COLUMNS = ["run_id", "seed", "rate", "distortion_mse", "objective_value", "beta", "beta_setting"]


@dataclass(frozen=True, eq=False)
class StudyRecord:
    """What was tried and what came of it.

    Attributes
    ----------
    file : StudyFile
    tried : Mapping of str to list of Tried
        All configurations by the name of their condition (empty where there is only one), by number.
    runs : DataFrame
        One row per run of a completed configuration: ``condition, number`` and columns of the runs table.
    importance : DataFrame
        One row per condition, objective and parameter: ``importance``, shares that sum to 1 (PED-ANOVA).
        Empty where a single parameter was searched.
    """

    file: StudyFile
    tried: Mapping[str, list[Tried]]
    runs: pd.DataFrame
    importance: pd.DataFrame


def read_study(file: StudyFile, *, results: str | Path, storage: str | None = None) -> StudyRecord:
    """Read a study that `run_study` ran.

    Raises
    ------
    StudyError
        If no configuration was completed yet, or the storage cannot be opened.
    rdsweep.store.ResultsError
        If ``results`` is no results folder.
    """
    store = open_results(results)
    opened = open_optuna_storage(storage, results=store)
    searches = [open_search(opened, file, name) for name in file.named_conditions]
    tried = {search.condition: search.tried() for search in searches}
    if not any(completed(every) for every in tried.values()):
        raise StudyError(f"study {file.name!r} must have a completed configuration, but it has none")
    importance = [row for search in searches for row in _importance(search)]
    columns = ["condition", "objective", "parameter", "importance"]
    return StudyRecord(file, tried, _runs(store, tried), pd.DataFrame(importance, columns=columns))


def _runs(store: Results, tried: Mapping[str, list[Tried]]) -> pd.DataFrame:
    places = pd.DataFrame(
        [
            (condition, each.number, run_id)
            for condition, every in tried.items()
            for each in completed(every)
            for run_id in each.run_ids
        ],
        columns=["condition", "number", "run_id"],
    )
    return places.merge(store.read("runs", _RUN_COLUMNS), on="run_id", validate="many_to_one")


def _importance(search: Search) -> Iterator[tuple[str, str, str, float]]:
    done = search.study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if len(search.space) < 2 or len(done) < 2:
        return
    for place, objective in enumerate(objective_names(search.file)):
        for parameter, share in _shares(search.study, place).items():
            yield search.condition, objective, parameter, share


def _shares(study: Study, place: int) -> dict[str, float]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the evaluator looks at one of several objectives
        return get_param_importances(
            study,
            evaluator=PedAnovaImportanceEvaluator(),
            target=lambda trial: float(trial.values[place]),  # noqa: PD011
        )
