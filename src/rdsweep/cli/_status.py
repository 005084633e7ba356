"""``rdsweep status``: what has become of each condition of a sweep, who is at work on it, and how fast."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pandas as pd
import typer
from rich.console import Console, Group, RenderableType
from rich.live import Live

from rdsweep._signals import exit_code
from rdsweep.cli._table import frame_grid
from rdsweep.config import RunConfig
from rdsweep.store import Lease, Leases, Results, open_results
from rdsweep.sweeps import Pack, SweepTaskError

_STATES = ["completed", "failed", "pruned", "training", "missing"]
_NOT_SETTINGS = {"run_id", "condition_id", "seed", "status", "message", "finished_at", "images"}
_SECONDS_BETWEEN_LOOKS = 5.0


@dataclass(frozen=True)
class SweepStatus:
    """What has become of the runs of a sweep.

    Attributes
    ----------
    counts : DataFrame
        One row per condition: the columns in which conditions differ, then the number of runs by state.
    causes : DataFrame
        One row per cause of failure or early stop: ``message``, ``runs`` and the ``run_id`` of one of them.
    packs : DataFrame
        One row per pack in training: ``launcher``, ``pack``, ``runs``, the share ``done`` and ``since`` when,
        by the launcher's clock.
    runs_per_minute, seconds_left : float or None
        Since the first of the launchers at work has started; None if none is at work or nothing is done yet.
    n_others : int
        Runs that are stored besides those of the sweep.
    caveat : str
        What the counts leave out, and why.
    """

    counts: pd.DataFrame
    causes: pd.DataFrame
    packs: pd.DataFrame
    runs_per_minute: float | None
    seconds_left: float | None
    n_others: int = 0
    caveat: str = ""

    @property
    def is_over(self) -> bool:
        """Whether every run has an outcome."""
        return not self.counts[["training", "missing"]].to_numpy().any()


def show_status(results: str, *, as_json: bool, watch: bool, on_read: Callable[[], None]) -> None:
    """Print the status of a results folder once, or again and again until all runs have an outcome.

    Parameters
    ----------
    results : str
    as_json, watch : bool
    on_read : Callable
        Called before the first line is printed.
    """
    stored = open_results(results)
    leases = stored.leases()
    try:
        configs = stored.sweep().configs
    except SweepTaskError as error:
        if watch:
            raise  # which runs are missing, and so when to stop looking, is not known
        on_read()
        _show(
            _stored_status(stored, leases, caveat=f"Missing runs are not counted: {error}"), as_json=as_json
        )
        return
    status = read_status(stored, configs, leases)
    on_read()
    if as_json or not watch:
        _show(status, as_json=as_json)
        return
    try:
        with Live(_page(status), console=Console()) as live:
            while not status.is_over:
                time.sleep(_SECONDS_BETWEEN_LOOKS)
                status = read_status(stored, configs, leases)
                live.update(_page(status))
    except KeyboardInterrupt as interrupt:
        if exit_code(interrupt) != exit_code(KeyboardInterrupt()):
            raise  # only Ctrl-C is how watching ends


def _show(status: SweepStatus, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(_as_data(status), indent=2))
    else:
        Console().print(_page(status))


def _stored_status(results: Results, leases: Leases, *, caveat: str) -> SweepStatus:
    """Return the status of the runs that are stored, where the sweep cannot be expanded."""
    held, runs = leases.held_by_others(), results.stored_status()
    return SweepStatus(_counts(runs), _causes(runs), _packs(held), None, None, caveat=caveat)


def read_status(results: Results, configs: Sequence[RunConfig], leases: Leases) -> SweepStatus:
    """Compare the results with the sweep that is stored beside them.

    Parameters
    ----------
    results : Results
    configs : sequence of RunConfig
        The runs of the sweep.
    leases : Leases
        Kept from one look to the next, because a dead launcher shows by its silence in between.
    """
    held = leases.held_by_others()  # before the results: a pack is stored first, then released
    runs, n_others = results.status_beside_others(configs)
    runs = runs.assign(images=[Pack((config,)).n_images for config in configs])
    in_training = {run_id: lease.fraction for lease in held for run_id in lease.run_ids}
    is_open = runs["status"].isin(["missing", "failed"]) & runs["run_id"].isin(in_training.keys())
    runs.loc[is_open, "status"] = "training"
    pace = _pace(runs, in_training, since=min((lease.launched_at for lease in held), default=None))
    return SweepStatus(_counts(runs), _causes(runs), _packs(held), *pace, n_others=n_others)


def _pace(
    runs: pd.DataFrame, in_training: dict[str, float], *, since: str | None
) -> tuple[float | None, float | None]:
    """Return runs per minute and the seconds left; time goes by images seen, not by runs."""
    if since is None:
        return None, None
    seconds = (datetime.now(UTC) - datetime.fromisoformat(since)).total_seconds()
    share = runs["run_id"].map(in_training).where(runs["status"] == "training", 0.0)
    share = share.mask(runs["finished_at"] >= since, 1.0)
    trained = float((runs["images"] * share).sum())
    left = float((runs["images"] * (1.0 - share))[runs["status"].isin(["training", "missing"])].sum())
    if trained <= 0.0 or seconds <= 0.0:
        return None, None
    return 60.0 * float(share.sum()) / seconds, seconds * left / trained


def _counts(runs: pd.DataFrame) -> pd.DataFrame:
    """Count runs by state, for each model and what besides varies within a model."""
    settings = [name for name in runs.columns if name not in _NOT_SETTINGS]
    n_values = runs.groupby("model")[settings].nunique(dropna=False).max()
    shown = [name for name in settings if name == "model" or n_values[name] > 1]
    states = pd.get_dummies(runs["status"], dtype=int).reindex(columns=_STATES, fill_value=0)
    return runs[shown].join(states).groupby(shown, sort=False, dropna=False, as_index=False).sum()


def _causes(runs: pd.DataFrame) -> pd.DataFrame:
    failed = runs[runs["status"].isin(["failed", "pruned"])]
    causes = failed.groupby("message", as_index=False)["run_id"].agg(["size", "first"])
    return causes.rename(columns={"size": "runs", "first": "run_id"}).sort_values("runs", ascending=False)


def _packs(held: Sequence[Lease]) -> pd.DataFrame:
    rows = [(lease.holder, lease.pack_id, len(lease.run_ids), lease.fraction, lease.since) for lease in held]
    return pd.DataFrame(rows, columns=["launcher", "pack", "runs", "done", "since"])


def _page(status: SweepStatus) -> RenderableType:
    totals = status.counts[_STATES].sum()
    parts: list[RenderableType] = [
        frame_grid(status.counts),
        ", ".join(f"{n} {state}" for state, n in totals.items() if n),
    ]
    if status.n_others:
        parts.insert(
            0, f"{status.n_others} more runs are stored here, of sweeps that were run before the last one"
        )
    if status.runs_per_minute is not None and status.seconds_left is not None:
        left = timedelta(seconds=round(status.seconds_left))
        parts.append(f"{status.runs_per_minute:.3g} runs per minute, about {left} left")
    if status.caveat:
        parts.append(status.caveat)
    parts += [frame_grid(frame) for frame in (status.packs, status.causes) if len(frame)]
    return Group(*parts)


def _as_data(status: SweepStatus) -> dict[str, object]:
    frames = {"conditions": status.counts, "causes": status.causes, "packs": status.packs}
    plain = {name: json.loads(frame.to_json(orient="records")) for name, frame in frames.items()}
    pace = {"runs_per_minute": status.runs_per_minute, "seconds_left": status.seconds_left}
    return plain | pace | {"caveat": status.caveat, "n_runs_of_other_sweeps": status.n_others}
