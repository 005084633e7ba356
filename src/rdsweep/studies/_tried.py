"""What was tried so far: Optuna's trials as plain records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from optuna.distributions import BaseDistribution
from optuna.trial import FrozenTrial, TrialState

BATCH, WORKER = "batch", "worker"
"""User attributes of a trial: the batch it belongs to, and the process that works on it."""

State = Literal["completed", "pruned", "running"]
_STATES: dict[TrialState, State] = {
    TrialState.COMPLETE: "completed",
    TrialState.PRUNED: "pruned",
    TrialState.RUNNING: "running",
}


@dataclass(frozen=True)
class Tried:
    """A configuration that was asked for.

    Attributes
    ----------
    number : int
        Of the trial in Optuna's storage.
    batch, worker : str
    parameters : Mapping of str to float
    state : {"completed", "pruned", "running"}
        Pruned: a run of it diverged, failed or was stopped early.
    rates, distortions, scores : tuple of float
        By seed; NaN for runs that did not complete, empty before the configuration was told.
    excess : Mapping of str to float
        By how much bounds are exceeded; a configuration keeps them if none is above 0.
    run_ids : tuple of str
    seconds : float
    problem : str
    """

    number: int
    batch: str
    worker: str
    parameters: Mapping[str, float]
    state: State
    rates: tuple[float, ...] = ()
    distortions: tuple[float, ...] = ()
    scores: tuple[float, ...] = ()
    excess: Mapping[str, float] | None = None
    run_ids: tuple[str, ...] = ()
    seconds: float = 0.0
    problem: str = ""

    @property
    def keeps_bounds(self) -> bool:
        """Whether no bound is exceeded."""
        return all(value <= 0 for value in (self.excess or {}).values())


def as_tried(trial: FrozenTrial) -> Tried:
    """Return the record of a trial."""
    stored: Mapping[str, Any] = trial.user_attrs
    return Tried(
        number=trial.number,
        batch=stored.get(BATCH, ""),
        worker=stored.get(WORKER, ""),
        parameters=trial.params,
        state=_STATES[trial.state],
        rates=_numbers(stored, "rates"),
        distortions=_numbers(stored, "distortions"),
        scores=_numbers(stored, "scores"),
        excess=dict(trial.constraints),
        run_ids=tuple(stored.get("run_ids", ())),
        seconds=stored.get("seconds", 0.0),
        problem=stored.get("problem", ""),
    )


def all_tried(trials: Sequence[FrozenTrial], space: Mapping[str, BaseDistribution]) -> list[Tried]:
    """Return the records of all trials that have their parameters and were not given up, by number."""
    whole = [trial for trial in trials if trial.state in _STATES and trial.params.keys() == space.keys()]
    return [as_tried(trial) for trial in sorted(whole, key=lambda trial: trial.number)]


def completed(tried: Sequence[Tried]) -> list[Tried]:
    """Return the configurations whose runs all completed."""
    return [each for each in tried if each.state == "completed"]


def rates_and_distortions(tried: Sequence[Tried]) -> NDArray[np.float64]:
    """Return the rates and distortions of completed configurations, shape (n_configs, n_seeds, 2)."""
    done = completed(tried)
    n_seeds = len(done[0].rates) if done else 0
    pairs = [list(zip(each.rates, each.distortions, strict=True)) for each in done]
    return np.array(pairs, dtype=float).reshape(len(done), n_seeds, 2)


def values_by_beta(tried: Sequence[Tried]) -> tuple[list[float], NDArray[np.float64]]:
    """Return the distinct β of completed configurations, and their rates and distortions by seed.

    Returns
    -------
    (list of float, ndarray of shape (n_betas, n_seeds, 2))
    """
    by_beta = {each.parameters["beta"]: each for each in completed(tried)}
    return list(by_beta), rates_and_distortions(list(by_beta.values()))


def _numbers(stored: Mapping[str, Any], key: str) -> tuple[float, ...]:
    # JSON databases have no NaN, so it is stored as null.
    return tuple(float("nan") if value is None else float(value) for value in stored.get(key, ()))
