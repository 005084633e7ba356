"""``rdsweep plan``: what a sweep would run, and what it would cost."""

from __future__ import annotations

import dataclasses
import json
import math
import os
from dataclasses import dataclass
from datetime import timedelta

import typer

from rdsweep.engines import Device, known_profile, plan_missing
from rdsweep.store import Results, has_results, open_results, without_secret
from rdsweep.sweeps import DEVICE_PROFILES, Sweep, estimate_cost


@dataclass(frozen=True)
class Plan:
    """A plan in numbers; the fields are the keys of ``rdsweep plan --json``.

    Attributes
    ----------
    n_runs, n_conditions : int
        Distinct runs of the sweep, and conditions that they repeat over seeds.
    n_declared : int
        Runs before equal ones were merged.
    n_done, n_failed : int
        Runs that the results hold. Failed runs count as settled.
    n_to_do, n_packs, largest_pack : int
        Runs left to train, the packs they form and the runs of the largest pack.
    n_workers : int
        Packs trained at a time.
    seconds : float
        Estimated wall time of training, in seconds.
    bytes_per_worker : float
        Estimated memory for the largest pack, in bytes.
    measured_on : str
        Name of the device that was measured for this sweep; empty where typical figures are used.
    will_measure : bool
        Whether a run would measure first, and may then choose other packs.
    """

    sweep: str
    results: str
    device: str
    n_runs: int
    n_conditions: int
    n_declared: int
    n_done: int
    n_failed: int
    n_to_do: int
    n_packs: int
    largest_pack: int
    n_workers: int
    seconds: float
    bytes_per_worker: float
    measured_on: str
    will_measure: bool


def make_plan(
    sweep: Sweep, *, results: str, device: str, pack_size: int | None, n_workers: int | None
) -> Plan:
    """Plan what `rdsweep.engines.run_sweep` would train on this machine."""
    chosen, n_devices = _local_device(device)
    n_workers = n_workers or n_devices
    stored = open_results(results) if has_results(results) else None
    done, failed = _settled(sweep, stored)
    known = known_profile(
        sweep.configs,
        stored,
        device=chosen,
        pack_size=pack_size or sweep.pack_size,
        n_slots=n_workers,
        n_sharing=math.ceil(n_workers / n_devices),
    )
    profile = known or DEVICE_PROFILES[chosen]
    packs = plan_missing(sweep.configs, done | failed, pack_size=profile.pack_size, n_workers=n_workers)
    cost = estimate_cost(packs, profile=profile, n_workers=n_workers)
    return Plan(
        sweep=sweep.name,
        results=without_secret(results),
        device=chosen,
        n_runs=len(sweep.configs),
        n_conditions=sweep.n_conditions,
        n_declared=sweep.n_declared,
        n_done=len(done),
        n_failed=len(failed),
        n_to_do=sum(len(pack.configs) for pack in packs),
        n_packs=len(packs),
        largest_pack=max((len(pack.configs) for pack in packs), default=0),
        n_workers=n_workers,
        seconds=cost.seconds,
        bytes_per_worker=cost.bytes_per_worker,
        measured_on=profile.measured_on,
        will_measure=known is None,
    )


def print_plan(plan: Plan, *, as_json: bool) -> None:
    """Print a plan."""
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(plan), indent=2))
        return
    for label, text in _lines(plan).items():
        typer.echo(f"{label:<12}{text}")


def _lines(plan: Plan) -> dict[str, str]:
    merged = plan.n_declared - plan.n_runs
    failed = f", {plan.n_failed} failed (--retry-failed trains them again)" if plan.n_failed else ""
    lines = {
        "sweep": plan.sweep,
        "conditions": f"{plan.n_conditions}",
        "runs": f"{plan.n_runs}" + (f" ({merged} more are equal to one of these)" if merged else ""),
        "results": f"{plan.results}: {plan.n_done} done{failed}, {plan.n_to_do} to do",
    }
    if plan.n_to_do:
        lines |= {
            "packs": f"{plan.n_packs} of up to {plan.largest_pack} runs",
            "device": f"{plan.device}, {plan.n_workers} at a time",
            "time": f"about {timedelta(seconds=round(plan.seconds))} of training",
            "memory": f"about {plan.bytes_per_worker / 1e6:.0f} MB per worker, besides the libraries",
            "figures": _origin(plan),
        }
    return lines


def _origin(plan: Plan) -> str:
    """Return where the figures of a plan come from."""
    if plan.measured_on:
        return f"measured on {plan.measured_on}"
    typical = f"typical of {plan.device}"
    return f"{typical}; run measures first and may choose other packs" if plan.will_measure else typical


def _settled(sweep: Sweep, results: Results | None) -> tuple[set[str], set[str]]:
    """Return the ids of the sweep's runs that are done and that failed."""
    outcomes = results.outcomes() if results is not None else {}
    done, failed = (
        {config.run_id for config in sweep.configs if outcomes.get(config.run_id) == status}
        for status in ("completed", "failed")
    )
    return done, failed


def _local_device(device: str) -> tuple[Device, int]:
    """Return the device that ``device`` means on this machine, and how many packs it trains at a time."""
    n_cores = os.cpu_count() or 1
    if device == "cpu":
        return "cpu", n_cores
    from torch.cuda import device_count

    n_gpus = device_count()
    if device == "cuda" or n_gpus:
        return "cuda", max(n_gpus, 1)
    return "cpu", n_cores
