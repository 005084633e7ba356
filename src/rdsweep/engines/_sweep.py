"""Running a sweep: train what the results lack."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from rdsweep.engines._engine import Engine
from rdsweep.engines._inline import inline_engine
from rdsweep.engines._job import PackJob, TrainPack, portable_tasks
from rdsweep.engines._plan import plan_missing
from rdsweep.engines._progress import SweepProgress
from rdsweep.store import Results, open_results
from rdsweep.sweeps import DEVICE_PROFILES, Pack, Sweep, resolved_yaml

ENGINES = ("ray", "inline")
"""Names of the engines; the first one is the default."""


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
        Why packs were given up, one line per cause.
    """

    n_planned: int
    n_done_before: int
    n_trained: int
    n_failed: int
    n_missing: int
    seconds: float
    problems: tuple[str, ...] = ()


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
    at any moment, and the next one goes on from there.

    Parameters
    ----------
    sweep : Sweep
    results : path-like
        Folder of the results; made if need be.
    engine : {"ray", "inline"}
        ``ray`` trains packs in parallel under Ray Tune, ``inline`` one by one in this process.
    address : str, optional
        Ray cluster to use, as `ray.init` takes it; a local one is started by default.
    device : {"auto", "cpu", "cuda"}
        ``auto`` is CUDA where there is any.
    pack_size : int, optional
        Most runs per pack; by default that of the sweep, or else that of the device.
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
        On an interrupt, after workers were stopped; finished packs are kept.
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
    store = open_results(results, create=True)
    store.write_sweep(resolved_yaml(sweep))
    done_before = store.done()
    settled = done_before if retry_failed else done_before | store.failed()
    problems: tuple[str, ...] = ()
    if any(config.run_id not in settled for config in sweep.configs):
        with _open_engine(engine, address=address, device=device, n_workers=n_workers) as opened:
            size = pack_size or sweep.pack_size or DEVICE_PROFILES[opened.device].pack_size
            packs = plan_missing(sweep.configs, settled, pack_size=size, n_workers=opened.n_workers)
            job = PackJob(store, sweep.name, sweep.weights == "keep", opened.device, train, portable_tasks())
            progress_console = console or Console(stderr=True)
            problems = _train(packs, opened, job, n_runs=len(sweep.configs), console=progress_console)
    summary = _summarize(sweep, store, done_before, seconds=time.perf_counter() - started, problems=problems)
    if summary.n_missing == 0:
        store.drop_checkpoints()
    return summary


def _train(
    packs: Sequence[Pack], engine: Engine, job: PackJob, *, n_runs: int, console: Console
) -> tuple[str, ...]:
    n_settled = n_runs - sum(len(pack.configs) for pack in packs)
    with SweepProgress(packs, n_runs=n_runs, n_settled=n_settled, console=console) as progress:
        return engine.train(packs, job, on_progress=progress.update)


def _check_options(engine: str, *, address: str | None, pack_size: int | None, n_workers: int | None) -> None:
    if engine not in ENGINES:
        raise ValueError(f"engine must be one of {', '.join(ENGINES)}, but got {engine!r}")
    for name, value in (("pack_size", pack_size), ("n_workers", n_workers)):
        if value is not None and value < 1:
            raise ValueError(f"{name} must be an integer of at least 1, but got {value!r}")
    if engine == "inline" and n_workers not in (None, 1):
        raise ValueError(f"n_workers must be 1 for the inline engine, but got {n_workers!r}")
    if engine == "inline" and address is not None:
        raise ValueError(f"address must be left out for the inline engine, but got {address!r}")


@contextmanager
def _open_engine(name: str, *, address: str | None, device: str, n_workers: int | None) -> Iterator[Engine]:
    if name == "inline":
        yield inline_engine(device=device)
        return
    from rdsweep.engines._ray import ray_engine

    with ray_engine(address=address, device=device, n_workers=n_workers) as engine:
        yield engine


def _summarize(
    sweep: Sweep, store: Results, done_before: frozenset[str], *, seconds: float, problems: tuple[str, ...]
) -> SweepSummary:
    planned = {config.run_id for config in sweep.configs}
    done, failed = planned & store.done(), planned & store.failed()
    return SweepSummary(
        n_planned=len(planned),
        n_done_before=len(planned & done_before),
        n_trained=len(done - done_before),
        n_failed=len(failed),
        n_missing=len(planned - done - failed),
        seconds=seconds,
        problems=problems,
    )
