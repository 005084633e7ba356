"""The search of one condition: which configurations to train next, and telling Optuna what came of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from optuna import Study, Trial
from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution
from optuna.exceptions import UpdateFinishedTrialError
from optuna.samplers import BaseSampler
from optuna.storages import BaseStorage
from optuna.trial import TrialState

from rdsweep.studies._gaps import even_beta, widest_gap
from rdsweep.studies._goals import constraint_values, objective_values
from rdsweep.studies._outcomes import Outcome, mean_and_error
from rdsweep.studies._root import propose_beta
from rdsweep.studies._samplers import LEAST_DESIGN, GivenSampler, learning_sampler
from rdsweep.studies._space import design_point, distributions
from rdsweep.studies._stopping import stop_reason
from rdsweep.studies._storage import open_study
from rdsweep.studies._study_file import StudyFile
from rdsweep.studies._tried import BATCH, WORKER, Tried, all_tried, values_by_beta
from rdsweep.studies._workers import Workers


@dataclass(frozen=True)
class Search:
    """The search of a condition.

    Attributes
    ----------
    condition : str
        Its name; empty where the study has only one.
    file : StudyFile
    storage : BaseStorage
    study : optuna.Study
    space : Mapping of str to distribution
    """

    condition: str
    file: StudyFile
    storage: BaseStorage
    study: Study
    space: Mapping[str, BaseDistribution]

    def tried(self) -> list[Tried]:
        """Return all configurations that were asked for, by number."""
        return all_tried(self.study.get_trials(deepcopy=False), self.space)


def open_search(storage: BaseStorage, file: StudyFile, condition: str) -> Search:
    """Open the search of a condition; see `rdsweep.studies._storage.open_study`."""
    study = open_study(storage, file, condition)
    return Search(condition, file, storage, study, distributions(file.search))


def fail_interrupted_trials(search: Search, workers: Workers) -> None:
    """Fail the trials that a process left without parameters when it was killed in the middle of asking."""
    whole = {each.number for each in search.tried()}
    for trial in search.study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        if trial.number not in whole and not workers.is_alive(trial.user_attrs.get(WORKER, "")):
            search.study.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)


def next_batch(search: Search, *, worker: str, workers: Workers, n_configs: int) -> list[Tried]:
    """Return the configurations to train next: those that a dead process left, or new ones.

    A batch that was left half asked for is filled up first, so that a study that was killed goes on with the
    configurations that it would have tried anyway.
    """
    tried = search.tried()
    left = [each for each in tried if each.state == "running" and not workers.is_alive(each.worker)]
    batch = left[0].batch if left else f"{worker}-{len(tried)}"
    for each in left:
        if each.batch == batch:
            _trial(search, each.number).set_user_attr(WORKER, worker)
    n_members = sum(each.batch == batch for each in tried)
    n_new = min(search.file.batch - n_members, n_configs - len(tried))
    if stop_reason(search.file, tried, n_configs=n_configs):
        n_new = 0
    for place in range(n_members, n_members + n_new):
        _ask(search, place, batch=batch, worker=worker, n_configs=n_configs)
    return [
        each
        for each in search.tried()
        if each.state == "running" and (each.batch, each.worker) == (batch, worker)
    ]


def tell(search: Search, number: int, outcome: Outcome) -> None:
    """Tell Optuna what came of a configuration, and store what is known of its seeds beside it.

    A configuration one of whose runs did not complete is told as pruned, which the sampler takes for bad. Two
    processes may have taken over a trial that a third left; what the later one tells changes nothing.
    """
    with suppress(UpdateFinishedTrialError):
        trial = _trial(search, number)
        for key, value in _attributes(outcome).items():
            trial.set_user_attr(key, value)
        if outcome.problem:
            search.study.tell(number, state=TrialState.PRUNED, skip_if_finished=True)
            return
        frozen = next(each for each in search.study.get_trials(deepcopy=False) if each.number == number)
        for name, value in constraint_values(search.file, outcome).items():
            if name not in frozen.constraints:
                trial.set_constraint(name, value)
        search.study.tell(number, objective_values(search.file, outcome), skip_if_finished=True)


def _ask(search: Search, place: int, *, batch: str, worker: str, n_configs: int) -> None:
    """Ask for a configuration, unless other processes have spent the budget at the same time."""
    while True:
        search.study.sampler = GivenSampler({})
        trial = search.study.ask()
        try:
            trial.set_user_attr(WORKER, worker)
            trial.set_user_attr(BATCH, batch)
            rank = _rank(search, trial.number)
            if rank >= n_configs:
                search.study.tell(trial, state=TrialState.FAIL)
                return
            search.study.sampler = _sampler(search, place, rank)
            for name, distribution in search.space.items():
                _suggest(trial, name, distribution)
        except UpdateFinishedTrialError:  # another process, just started, took it for an interrupted trial
            continue
        return


def _rank(search: Search, number: int) -> int:
    """Return how many configurations were asked for before a trial, those without parameters yet included."""
    alive = (state for state in TrialState if state is not TrialState.FAIL)
    return sum(each.number < number for each in search.study.get_trials(deepcopy=False, states=tuple(alive)))


def _suggest(trial: Trial, name: str, distribution: BaseDistribution) -> None:
    if isinstance(distribution, IntDistribution):
        trial.suggest_int(name, distribution.low, distribution.high)
    elif isinstance(distribution, FloatDistribution):
        trial.suggest_float(name, distribution.low, distribution.high, log=distribution.log)


def _sampler(search: Search, place: int, rank: int) -> BaseSampler:
    """Return the sampler of a trial that stands at ``place`` of its batch and ``rank`` of the search."""
    file = search.file
    if set(search.space) == {"beta"} and file.kind != "task":
        return GivenSampler({"beta": _next_beta(file, search.tried(), place, rank)})
    if rank < max(LEAST_DESIGN, file.batch):
        return GivenSampler(design_point(search.space, rank, seed=file.sampler_seed))
    return learning_sampler(file.sampler_seed, rank)


def _next_beta(file: StudyFile, tried: Sequence[Tried], place: int, rank: int) -> float:
    """Return the β to try next where β alone is searched: nearer to a wanted rate, or between two others."""
    ends = file.search.ranges()["beta"]
    betas, values = values_by_beta(tried)
    if file.target is not None:
        rates = values[:, :, 0]
        return propose_beta(betas, rates, file.target.rate, ends=ends, index=place, n_points=file.batch)
    n_design = max(LEAST_DESIGN, file.batch)
    if rank < n_design or len(betas) < 2:
        return even_beta(ends, rank, n_design)
    waiting = [each.parameters["beta"] for each in tried if each.state != "completed"]
    return widest_gap(betas, values.mean(axis=1), waiting, ends=ends)


def _trial(search: Search, number: int) -> Trial:
    """Return a handle on a trial that another process may have asked for."""
    search.study.sampler = GivenSampler({})  # making a handle samples
    study_id = search.storage.get_study_id_from_name(search.study.study_name)
    trial_id = search.storage.get_trial_id_from_study_id_trial_number(study_id, number)
    return Trial(search.study, trial_id)


def _attributes(outcome: Outcome) -> dict[str, object]:
    """Return what is stored with a trial: numbers by seed, and means with standard errors to look at."""
    stored: dict[str, object] = {
        "run_ids": list(outcome.run_ids),
        "seconds": outcome.seconds,
        "problem": outcome.problem,
    }
    for name, values in (
        ("rate", outcome.rates),
        ("distortion", outcome.distortions),
        ("score", outcome.scores),
    ):
        if values:
            mean, error = mean_and_error(values)
            stored[f"{name}s"] = _nullable(values)
            stored[name], stored[f"{name}_standard_error"] = _nullable([mean, error])
    return stored


def _nullable(values: Sequence[float]) -> list[float | None]:
    return [float(value) if math.isfinite(value) else None for value in values]
