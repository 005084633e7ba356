"""The table of indices: one row per run, computed pack by pack and kept beside the tables it comes from."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import active_children, get_context, parent_process
from multiprocessing.connection import wait
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from rdsweep._signals import children_spared
from rdsweep.config import SourceConfig
from rdsweep.geometry._indices import run_indices
from rdsweep.store import Results, ResultsError, read_pack, stale_packs, write_derived

Row = dict[str, Any]
Progress = Callable[[int, int], None]

_TABLE = "indices"
_SIDE = 13


class UnstoredIndicesWarning(UserWarning):
    """Indices could not be stored and are computed anew next time; the message says why."""


def geometry_table(results: Results, *, n_workers: int = 1, progress: Progress | None = None) -> pd.DataFrame:
    """Return every completed run with its indices of prototypization, specialization and orthogonalization.

    Indices are computed from the tables ``codes`` and ``maps`` and stored with the results, as the table
    ``indices``; only packs that lack them, or were trained again since, cost time: about 0.05 s per run.

    Parameters
    ----------
    results : Results
    n_workers : int, default 1
        Processes to compute in. With more than one, a script needs the usual ``if __name__ == "__main__"``.
    progress : Callable, optional
        Called with the number of packs done and of all packs to do, before the first and after each.

    Returns
    -------
    DataFrame
        The columns of the table ``runs`` but ``config``, then those of ``indices``, sorted by ``run_id``;
        `rdsweep.store.columns_table` has units and meanings. Runs that were trained before codes were stored
        have NaN for the indices of single images.

    Raises
    ------
    ResultsError
        If a part-file is broken.
    ValueError
        If ``n_workers`` is below 1.

    Warns
    -----
    UnstoredIndicesWarning
        If the results cannot be written to.

    Examples
    --------
    >>> import tempfile
    >>> from rdsweep.store import open_results
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     table = geometry_table(open_results(folder, create=True))
    >>> len(table), "effective_positions" in table
    (0, True)
    """
    if n_workers < 1:
        raise ValueError(f"n_workers must be an integer of at least 1, but got {n_workers!r}")
    unstored = _update(results, n_workers=n_workers, progress=progress or _ignore)
    indices = results.read(_TABLE)
    if unstored:
        fresh = pd.DataFrame(unstored, columns=indices.columns)
        old = indices[~indices["run_id"].isin(fresh["run_id"])]
        indices = pd.concat([old, fresh]) if len(old) else fresh
    runs = results.read("runs").drop(columns="config")
    return runs[runs["status"] == "completed"].merge(indices, on="run_id", how="left")


def _update(results: Results, *, n_workers: int, progress: Progress) -> list[Row]:
    """Compute and store what is missing, and return the rows that could not be stored."""
    stale = stale_packs(results, _TABLE)
    progress(0, len(stale))
    unstored: list[Row] = []
    for n_done, (pack_id, rows) in enumerate(_compute(results, stale, n_workers), start=1):
        try:
            write_derived(results, _TABLE, rows, pack_id=pack_id, finished_at=stale[pack_id])
        except ResultsError as error:
            unstored += rows
            problem = str(error)
        progress(n_done, len(stale))
    if unstored:
        message = f"indices of {len(unstored)} runs are computed but not stored: {problem}"
        warnings.warn(message, UnstoredIndicesWarning, stacklevel=3)
    return unstored


def _compute(results: Results, packs: Mapping[str, str], n_workers: int) -> Iterator[tuple[str, list[Row]]]:
    """Yield the rows of each pack, as soon as they are there."""
    if min(n_workers, len(packs)) <= 1:
        with threadpool_limits(1):
            yield from ((pack_id, pack_indices(results, pack_id)) for pack_id in packs)
        return
    others = set(active_children())
    # A forked process would inherit the locks of other threads.
    pool = ProcessPoolExecutor(
        min(n_workers, len(packs)), mp_context=get_context("spawn"), initializer=_prepare_worker
    )
    try:
        with children_spared():
            jobs = {pool.submit(pack_indices, results, pack_id): pack_id for pack_id in packs}
        for job in as_completed(jobs):
            yield jobs[job], job.result()
    except BaseException:
        for worker in set(active_children()) - others:
            worker.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _prepare_worker() -> None:
    """Keep a worker to one thread, as its products are small, and end it with the process that started it."""
    threadpool_limits(1)
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)


def pack_indices(results: Results, pack_id: str) -> list[Row]:
    """Return the indices of the completed runs of a pack, each with its ``run_id``."""
    runs, maps, codes = (
        read_pack(results, table, pack_id).set_index("run_id") for table in ("runs", "maps", "codes")
    )
    return [
        {"run_id": run_id, **_indices_of(maps.loc[run_id], codes, source=_source(runs.loc[run_id]))}
        for run_id in maps.index.astype(str)
    ]


def _indices_of(row: pd.Series[Any], codes: pd.DataFrame, *, source: SourceConfig) -> dict[str, float]:
    shape = (_SIDE, _SIDE, row["n_latents"])
    maps = {name: row[name].reshape(shape) for name in ("latent_mean", "latent_mean_sd", "latent_scale")}
    maps |= {"distortion_mse": row["distortion_mse"], "rate": row["rate"]}
    code = codes["latent_mean"].get(row.name)
    images = None if code is None else np.reshape(code, (-1, row["n_latents"]))
    return run_indices(images, maps, source=source)


def _source(run: pd.Series[Any]) -> SourceConfig:
    return SourceConfig(run["imbalance"], run["ratio"])


def _ignore(n_done: int, n_packs: int) -> None:
    """Take no notice of progress."""
