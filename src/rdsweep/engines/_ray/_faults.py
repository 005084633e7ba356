"""A circuit breaker: it ends a sweep whose workers fail for one reason again and again."""

from __future__ import annotations

from typing import Any

from ray import cloudpickle, tune
from ray.exceptions import ActorDiedError, RayActorError
from ray.tune.experiment import Trial

from rdsweep.engines._job import one_line

MAX_FAILURES = 2
"""Failures of a pack's worker after which the pack is started again."""

_MAX_FAILED_STARTS = 3


class FaultCounter(tune.Callback):
    """Counts failures of workers since the last report of any, and knows which packs are in training.

    A worker that cannot even start, for want of a module for example, will not start elsewhere either, so
    three such failures are enough. Workers that die may have been killed, so each may, as often as a pack is
    started.

    Parameters
    ----------
    n_workers : int
        Packs trained at once.
    """

    def __init__(self, n_workers: int) -> None:
        self._max_deaths = n_workers * (MAX_FAILURES + 1)
        self._n_starts = self._n_deaths = 0
        self._running: set[str] = set()
        self.verdict = ""

    @property
    def idle(self) -> bool:
        """Whether no pack is in training."""
        return not self._running

    def on_trial_start(self, iteration: int, trials: list[Trial], trial: Trial, **_: Any) -> None:
        """Take note of a pack that goes into training."""
        self._running.add(trial.trial_id)

    def on_trial_complete(self, iteration: int, trials: list[Trial], trial: Trial, **_: Any) -> None:
        """Take note of a pack that leaves training."""
        self._running.discard(trial.trial_id)

    def on_trial_result(
        self, iteration: int, trials: list[Trial], trial: Trial, result: dict[str, Any], **_: Any
    ) -> None:
        """Start counting anew."""
        self._n_starts = self._n_deaths = 0

    def on_trial_recover(self, iteration: int, trials: list[Trial], trial: Trial, **_: Any) -> None:
        """Count a failure after which the pack is started again."""
        self._running.discard(trial.trial_id)
        self._count(_last_error(trial))

    on_trial_error = on_trial_recover

    def _count(self, error: Exception | None) -> None:
        died = isinstance(error, RayActorError) and not _failed_to_start(error)
        self._n_deaths += died
        self._n_starts += not died
        if self._n_starts >= _MAX_FAILED_STARTS:
            self.verdict = f"stopped after {self._n_starts} failed starts of workers: {cause_of(error)}"
        elif self._n_deaths > self._max_deaths:
            self.verdict = f"stopped after {self._n_deaths} deaths of workers in a row: {cause_of(error)}"

    def __reduce__(self) -> tuple[type[FaultCounter], tuple[int]]:
        # Tune pickles its callbacks to be able to restore an experiment, which we never do.
        return FaultCounter, (1,)


def _last_error(trial: Trial) -> Exception | None:
    """Return the last error of a trial, which Tune has just written into the launcher's own folder.

    Tune's own accessor looks for it in the storage of the trial, where it has yet to arrive.
    """
    file = trial.pickled_error_file
    if file is None:
        return None
    with open(file, "rb") as stream:
        error: Exception = cloudpickle.load(stream)
    return error


def cause_of(error: BaseException | None) -> str:
    """Return in one line why a worker failed; of a traceback from a worker, its last line."""
    if error is None:
        return "no cause given"
    if isinstance(error, RayActorError) and not _failed_to_start(error):
        return one_line(error)
    lines = str(error).strip().splitlines()
    return lines[-1].strip() if lines else type(error).__name__


def _failed_to_start(error: RayActorError) -> bool:
    return isinstance(error, ActorDiedError) and "creation task" in str(error)
