"""Running a sweep: train what the results lack."""

from __future__ import annotations

import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from rdsweep.engines._engine import Device, Engine
from rdsweep.engines._job import PackJob, TrainPack
from rdsweep.engines._open import ENGINES, check_address, check_workers, open_engine
from rdsweep.engines._plan import plan_devices
from rdsweep.engines._profiles import settle_profiles
from rdsweep.engines._progress import SweepProgress
from rdsweep.engines._queue import PackQueue
from rdsweep.engines._settled import SettledRuns
from rdsweep.engines._slow_precisions import slow_precisions
from rdsweep.engines._stop import StopRequest, stop_on_signals
from rdsweep.engines._tasks import portable_tasks
from rdsweep.store import Results, open_results
from rdsweep.sweeps import Pack, Sweep, resolved_yaml


@dataclass(frozen=True)
class SweepSummary:
    """What the results hold of a sweep after a launch; all counts are runs, read back from disk.

    Attributes
    ----------
    n_planned : int
        Runs of the sweep.
    n_done_before, n_trained : int
        Runs that were complete before, and that this launch (or another one meanwhile) completed.
    n_failed, n_missing : int
        Runs that failed, and that have no result.
    seconds : float
        Wall time of the launch.
    problems : tuple of str
        Why packs were given up, or made smaller, one line per cause.
    stopped_by : Signals or None
        The signal that ended the launch before its end.
    """

    n_planned: int
    n_done_before: int
    n_trained: int
    n_failed: int
    n_missing: int
    seconds: float
    problems: tuple[str, ...] = ()
    stopped_by: signal.Signals | None = None


def run_sweep(
    sweep: Sweep,
    *,
    results: str | Path,
    engine: str = "ray",
    address: str | None = None,
    device: str = "auto",
    pack_size: int | None = None,
    retry_failed: bool = False,
    n_workers: int | None = None,
    console: Console | None = None,
    train: TrainPack | None = None,
) -> SweepSummary:
    """Train the runs of ``sweep`` that ``results`` lacks.

    Each pack is stored as soon as it is trained, by the process that trained it; so a launch may be killed
    at any moment, and the next one goes on from there. Launches on one results folder share its packs.

    In the main thread, the first SIGINT (Ctrl-C) ends the launch as soon as the packs in training are stored,
    a second one at once; SIGTERM has them checkpointed for the next launch. A launch that was ended so
    returns its summary, as one that finished does.

    Parameters
    ----------
    sweep : Sweep
    results : path-like
        Folder of the results; made if need be.
    engine : {"ray", "inline"}
        ``ray`` trains packs in parallel under Ray Tune, ``inline`` one by one in this process.
    address : str, optional
        Ray cluster to use, as `ray.init` takes it; a local one is started by default.
    device : {"auto", "cpu", "cuda", "both"}
        ``auto`` is CUDA where there is any; ``both`` also uses the cores of a cluster's nodes without a GPU.
    pack_size : int, optional
        Most runs per pack; by default that of the sweep, or else what suits the device. For a sweep of more
        than five minutes that is measured first, and kept with the results.
    retry_failed : bool
        Whether to train runs again that failed before.
    n_workers : int, optional
        Packs trained at once; by default one per CPU core or GPU. More than there are GPUs share them.
    console : Console, optional
        Where progress is shown; standard error by default.
    train : TrainPack, optional
        Training function; `rdsweep.training.train_pack` by default.

    Returns
    -------
    SweepSummary

    Raises
    ------
    ResultsError
        If ``results`` cannot be used or written to.
    ValueError
        If an option is out of its range.
    KeyboardInterrupt
        On a second interrupt, after workers were stopped; finished packs are kept.
    Exception
        Whatever else training raises; only a ``ValueError`` or ``RuntimeError`` is the outcome of a run.

    Examples
    --------
    >>> import io, tempfile
    >>> from rdsweep.sweeps import expand_sweep
    >>> grid = {"model": "baseline", "capacity": 1, "n_train": 64, "epochs": 1}
    >>> sweep = expand_sweep({"name": "tiny", "seeds": 1, "space": {"grid": grid}})
    >>> with tempfile.TemporaryDirectory() as results:
    ...     quiet = Console(file=io.StringIO())
    ...     summary = run_sweep(sweep, results=results, engine="inline", device="cpu", console=quiet)
    >>> summary.n_trained, summary.n_missing
    (1, 0)
    """
    started = time.perf_counter()
    _check_options(engine, address=address, pack_size=pack_size, n_workers=n_workers)
    console = console or Console(stderr=True)
    with stop_on_signals(console) as stop:
        store = open_results(results, create=True)
        store.write_sweep(resolved_yaml(sweep))
        done_before = store.done()
        settled = SettledRuns(store, retry_failed=retry_failed)
        problems: tuple[str, ...] = ()
        if any(config.run_id not in settled.run_ids for config in sweep.configs) and not stop.requested:
            with open_engine(
                engine, address=address, device=device, n_workers=n_workers, console=console
            ) as opened:
                # The nodes of a cluster speak for themselves, in what their packs report.
                slow = slow_precisions(sweep.configs, next(iter(opened.slots))) if address is None else ()
                for line in slow:
                    console.print(line, highlight=False, soft_wrap=True)
                wanted = pack_size or sweep.pack_size
                profiles = settle_profiles(
                    sweep.configs, store, opened, pack_size=wanted, stop=stop, console=console
                )
                packs = plan_devices(sweep.configs, settled.run_ids, slots=opened.slots, profiles=profiles)
                job = PackJob(store, sweep.name, sweep.weights == "keep", train, portable_tasks())
                problems = _train(
                    packs, opened, job, settled, stop, n_runs=len(sweep.configs), console=console
                )
                problems = tuple(problem for problem in problems if problem not in slow)
        summary = _summarize(sweep, store, done_before, seconds=time.perf_counter() - started)
        if summary.n_missing == 0:
            store.drop_checkpoints()
    return replace(summary, problems=problems, stopped_by=stop.signal)


def _train(
    packs: Mapping[Device, Sequence[Pack]],
    engine: Engine,
    job: PackJob,
    settled: SettledRuns,
    stop: StopRequest,
    *,
    n_runs: int,
    console: Console,
) -> tuple[str, ...]:
    in_order = [pack for some in packs.values() for pack in some]
    devices = {pack.pack_id: device for device, some in packs.items() for pack in some}
    n_settled = n_runs - sum(len(pack.configs) for pack in in_order)
    if stop.requested:
        return ()
    shown = SweepProgress(packs, slots=engine.slots, n_runs=n_runs, n_settled=n_settled, console=console)
    stop.training = True
    with job.results.leases() as leases, shown as progress:
        queue = PackQueue(in_order, leases=leases, settled=settled, on_progress=progress.update)
        return engine.train(queue, job, devices=devices, stop=stop)


def _check_options(engine: str, *, address: str | None, pack_size: int | None, n_workers: int | None) -> None:
    if engine not in ENGINES:
        raise ValueError(f"engine must be one of {', '.join(ENGINES)}, but got {engine!r}")
    check_address(address)
    for name, value in (("pack_size", pack_size), ("n_workers", n_workers)):
        if value is not None and value < 1:
            raise ValueError(f"{name} must be an integer of at least 1, but got {value!r}")
    check_workers(engine, n_workers)
    if engine == "inline" and address is not None:
        raise ValueError(f"address must be left out for the inline engine, but got {address!r}")


def _summarize(sweep: Sweep, store: Results, done_before: frozenset[str], *, seconds: float) -> SweepSummary:
    planned = {config.run_id for config in sweep.configs}
    runs = store.read("runs", ["run_id", "status"])
    runs = runs[runs["run_id"].isin(planned)]
    done = set(runs.loc[runs["status"] == "completed", "run_id"])
    return SweepSummary(
        n_planned=len(planned),
        n_done_before=len(planned & done_before),
        n_trained=len(done - done_before),
        n_failed=int((runs["status"] == "failed").sum()),
        n_missing=len(planned) - len(runs),
        seconds=seconds,
    )
