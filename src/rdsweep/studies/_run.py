"""Running a study: ask for a batch, train it as packs, tell what came of it, until nothing is left to try."""

from __future__ import annotations

import signal
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from rich.console import Console

from rdsweep.engines import SweepSummary, TrainPack, open_engine, run_sweep, stop_on_signals
from rdsweep.store import Results, open_results
from rdsweep.studies._configurations import Configuration, batch_sweep, make_configuration
from rdsweep.studies._errors import StudyError
from rdsweep.studies._outcomes import read_outcomes
from rdsweep.studies._pruner import PrunedTraining
from rdsweep.studies._search import Search, fail_interrupted_trials, next_batch, open_search, tell
from rdsweep.studies._stopping import stop_reason
from rdsweep.studies._storage import open_optuna_storage
from rdsweep.studies._study_file import StudyFile
from rdsweep.studies._tried import Tried
from rdsweep.studies._workers import Workers
from rdsweep.sweeps import Sweep

Launch = Callable[[Sweep], SweepSummary]
Batch = list[tuple[Search, Tried]]


@dataclass(frozen=True)
class StudySummary:
    """How a study stands after a launch.

    Attributes
    ----------
    n_completed, n_pruned, n_running : int
        Configurations whose runs all completed; one of whose runs did not; that other processes work on, or
        that a launch ended by a signal left to the next one.
    stopped : Mapping of str to str
        Why the search of each condition ended, by its name; empty where it did not.
    seconds : float
        Wall time of the launch.
    stopped_by : Signals or None
        The signal that ended the launch before its end.
    """

    n_completed: int
    n_pruned: int
    n_running: int
    stopped: Mapping[str, str]
    seconds: float
    stopped_by: signal.Signals | None = None


def run_study(
    file: StudyFile,
    *,
    results: str | Path,
    storage: str | None = None,
    n_configs: int | None = None,
    engine: str = "ray",
    address: str | None = None,
    device: str = "auto",
    pack_size: int | None = None,
    n_workers: int | None = None,
    console: Console | None = None,
    train: TrainPack | None = None,
) -> StudySummary:
    """Search until the study stops.

    Every configuration that Optuna is asked for is trained with all seeds of the study, by the same engine
    and into the same tables as a sweep; runs that the results hold already are not trained again. The study
    may be killed at any moment: the next launch trains what was asked for and goes on with the configurations
    that an undisturbed launch would have tried. Several processes may work on one study at a time.

    Parameters
    ----------
    file : StudyFile
    results : path-like
        Folder of the results; made if need be.
    storage : str, optional
        Database for Optuna, as SQLAlchemy takes it; by default a journal file in ``results``.
    n_configs : int, optional
        Configurations to try for each condition; by default what the file says.
    engine, address, device, pack_size, n_workers, console, train
        As for `rdsweep.engines.run_sweep`.

    Returns
    -------
    StudySummary

    Raises
    ------
    StudyError
        If the storage cannot be opened or holds another study of that name, or runs could not be trained.
    rdsweep.store.ResultsError, ValueError, KeyboardInterrupt
        As for `rdsweep.engines.run_sweep`.

    Examples
    --------
    >>> import io, tempfile
    >>> file = StudyFile(
    ...     name="tiny",
    ...     kind="frontier",
    ...     seeds=1,
    ...     n_configs=2,
    ...     search={"beta": [3.0, 300.0]},
    ...     training={"n_train": 64, "epochs": 1},
    ... )
    >>> with tempfile.TemporaryDirectory() as results:
    ...     quiet = Console(file=io.StringIO())
    ...     run_study(file, results=results, engine="inline", device="cpu", console=quiet).n_completed
    2
    """
    started = time.perf_counter()
    budget = file.n_configs if n_configs is None else n_configs
    if budget < 1:
        raise ValueError(f"n_configs must be an integer of at least 1, but got {budget!r}")
    console = console or Console(stderr=True)
    if train is None and file.prune is not None:
        train = PrunedTraining(file.prune.after, file.prune.margin)
    with stop_on_signals(console) as stop:
        store = open_results(results, create=True)
        opened = open_optuna_storage(storage, results=store)
        searches = [open_search(opened, file, name) for name in file.named_conditions]
        launch = partial(
            run_sweep,
            results=results,
            engine=engine,
            address=address,
            device=device,
            pack_size=pack_size,
            n_workers=n_workers,
            console=console,
            train=train,
        )
        workers = Workers(_lock_folder(store))
        with workers.enter() as worker, ExitStack() as open_for_all_batches:
            for search in searches:
                fail_interrupted_trials(search, workers)
            batch = _next_batch(searches, worker, workers, budget)
            if batch and not stop.requested:
                shared = open_engine(
                    engine, address=address, device=device, n_workers=n_workers, console=console
                )
                open_for_all_batches.enter_context(shared)
            while batch and not stop.requested:
                _train(batch, searches, store, launch)
                _show(searches, console, budget=budget)
                batch = [] if stop.requested else _next_batch(searches, worker, workers, budget)
        summary = _summarize(searches, budget=budget, seconds=time.perf_counter() - started)
    return summary if all(summary.stopped.values()) else replace(summary, stopped_by=stop.signal)


def _next_batch(searches: Sequence[Search], worker: str, workers: Workers, budget: int) -> Batch:
    """Return what to train next, of all searches together."""
    return [
        (search, tried)
        for search in searches
        for tried in next_batch(search, worker=worker, workers=workers, n_configs=budget)
    ]


def _train(batch: Batch, searches: Sequence[Search], store: Results, launch: Launch) -> None:
    """Train the runs of a batch that the results lack, and tell what came of each configuration.

    Configurations with all their runs are told even if a signal stopped training.
    """
    file = batch[0][0].file
    configurations = [make_configuration(file, search.condition, tried.parameters) for search, tried in batch]
    known = set(store.read("runs", ["run_id"])["run_id"])
    runs = {run.run_id: run for configuration in configurations for run in configuration.runs}
    missing = [run for run_id, run in runs.items() if run_id not in known]
    summary = launch(batch_sweep(file, missing, _everything(searches))) if missing else None
    outcomes = read_outcomes(store, configurations, file.score)
    for (search, tried), outcome in zip(batch, outcomes, strict=True):
        if outcome.n_missing == 0:
            tell(search, tried.number, outcome)
    n_missing = sum(outcome.n_missing for outcome in outcomes)
    if summary is None or n_missing == 0 or summary.stopped_by is not None:
        return
    causes = "; ".join(summary.problems) or "the engine gave no reason"
    raise StudyError(f"{n_missing} runs were not trained ({causes}); launch again to go on with them")


def _everything(searches: Sequence[Search]) -> list[Configuration]:
    """Return all configurations that were asked for so far."""
    return [
        make_configuration(search.file, search.condition, tried.parameters)
        for search in searches
        for tried in search.tried()
    ]


def _lock_folder(store: Results) -> Path:
    """Return where processes at work hold their locks; for an object store only those of this host count."""
    if store.storage.is_local:
        return Path(store.location) / "workers"
    name = "".join(letter if letter.isalnum() else "-" for letter in store.location)
    return Path(tempfile.gettempdir()) / f"rdsweep-workers-{name}"


def _show(searches: Sequence[Search], console: Console, *, budget: int) -> None:
    for search in searches:
        n_told = sum(each.state != "running" for each in search.tried())
        console.print(f"{search.study.study_name}: {n_told} of {budget} configurations", highlight=False)


def _summarize(searches: Sequence[Search], *, budget: int, seconds: float) -> StudySummary:
    tried = {search.condition: search.tried() for search in searches}
    states = [each.state for every in tried.values() for each in every]
    return StudySummary(
        n_completed=states.count("completed"),
        n_pruned=states.count("pruned"),
        n_running=states.count("running"),
        stopped={
            search.condition: _reason(search, tried[search.condition], budget=budget) for search in searches
        },
        seconds=seconds,
    )


def _reason(search: Search, tried: Sequence[Tried], *, budget: int) -> str:
    """Return why a search ended, or nothing while some of its configurations are without an outcome."""
    if any(each.state == "running" for each in tried):
        return ""
    return stop_reason(search.file, tried, n_configs=budget)
