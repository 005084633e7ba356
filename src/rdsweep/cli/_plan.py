"""``rdsweep plan``: what a sweep would run, and what it would cost."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import typer

from rdsweep.engines import (
    START_SECONDS,
    known_profile,
    local_slots,
    plan_devices,
    slow_precisions,
    timed_profile,
)
from rdsweep.store import has_results, open_results, without_secret
from rdsweep.sweeps import DEVICE_PROFILES, DeviceProfile, Pack, Sweep, estimate_cost


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
        Estimated wall time of ``rdsweep run``, in seconds.
    seconds_start, seconds_training, seconds_probes, seconds_evaluation : float
        Its parts: imports and the start of the engine, the steps of the runs, the training of their probes,
        and their evaluation and storage.
    bytes_per_worker : float
        Estimated memory for the largest pack, in bytes.
    measured_on : str
        Name of the device on which the time of a step was measured; empty where it is a typical figure.
    will_measure : bool
        Whether a run would measure first, and may then choose other packs.
    warnings : tuple of str
        What makes training many times slower than it has to be, one line each.
    """

    sweep: str
    results: str
    engine: str
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
    seconds_start: float
    seconds_training: float
    seconds_probes: float
    seconds_evaluation: float
    bytes_per_worker: float
    measured_on: str
    will_measure: bool
    warnings: tuple[str, ...]


def make_plan(
    sweep: Sweep, *, results: str, engine: str, device: str, pack_size: int | None, n_workers: int | None
) -> Plan:
    """Plan what `rdsweep.engines.run_sweep` would train on this machine, by the same functions."""
    chosen, n_slots, n_sharing = local_slots(engine, device=device, n_workers=n_workers)
    stored = open_results(results) if has_results(results) else None
    outcomes = stored.outcomes() if stored is not None else {}
    ended = [outcomes[config.run_id] for config in sweep.configs if config.run_id in outcomes]
    known = known_profile(
        sweep.configs,
        stored,
        device=chosen,
        pack_size=pack_size or sweep.pack_size,
        n_slots=n_slots,
        n_sharing=n_sharing,
    )
    profile = known or DEVICE_PROFILES[chosen]
    planned = plan_devices(
        sweep.configs, outcomes.keys(), slots={chosen: n_slots}, profiles={chosen: profile}
    )
    packs = planned[chosen]
    if packs:
        profile = timed_profile(
            [run for pack in packs for run in pack.configs], profile, device=chosen, n_slots=n_slots
        )
    return Plan(
        sweep=sweep.name,
        results=without_secret(results),
        engine=engine,
        device=chosen,
        n_runs=len(sweep.configs),
        n_conditions=sweep.n_conditions,
        n_declared=sweep.n_declared,
        n_done=ended.count("completed"),
        n_failed=ended.count("failed"),
        n_to_do=sum(len(pack.configs) for pack in packs),
        n_packs=len(packs),
        largest_pack=max((len(pack.configs) for pack in packs), default=0),
        n_workers=n_slots,
        measured_on=profile.measured_on,
        will_measure=known is None,
        warnings=slow_precisions(sweep.configs, chosen),
        **_cost(packs, profile, engine=engine, device=chosen, n_workers=n_slots),
    )


def _cost(
    packs: Sequence[Pack], profile: DeviceProfile, *, engine: str, device: str, n_workers: int
) -> dict[str, float]:
    """Return the fields of a plan that say what it takes."""
    cost = estimate_cost(packs, profile=profile, device=device, n_workers=n_workers)
    start = START_SECONDS[engine] if packs else 0.0
    return {
        "seconds": start + cost.seconds,
        "seconds_start": start,
        "seconds_training": cost.training,
        "seconds_probes": cost.probes,
        "seconds_evaluation": cost.evaluation,
        "bytes_per_worker": cost.bytes_per_worker,
    }


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
            "device": f"{plan.device}, {plan.n_workers} at a time by the {plan.engine} engine",
            "time": _time(plan),
            "memory": f"about {plan.bytes_per_worker / 1e6:.0f} MB per worker, besides the libraries",
            "figures": _origin(plan),
        }
        if plan.warnings:
            lines["slow"] = "; ".join(plan.warnings)
    return lines


def _time(plan: Plan) -> str:
    """Return the time that a run would take and its parts."""
    parts = {
        "start": plan.seconds_start,
        "training": plan.seconds_training,
        "probes": plan.seconds_probes,
        "evaluation and storage": plan.seconds_evaluation,
    }
    shown = [f"{name} {timedelta(seconds=round(part))}" for name, part in parts.items() if part]
    return f"about {timedelta(seconds=round(plan.seconds))}: {', '.join(shown)}"


def _origin(plan: Plan) -> str:
    """Return where the figures of a plan come from."""
    origin = f"measured on {plan.measured_on}" if plan.measured_on else f"typical of {plan.device}"
    return f"{origin}; run measures first and may choose other packs" if plan.will_measure else origin
