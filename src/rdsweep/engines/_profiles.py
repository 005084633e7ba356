"""What packs take on the devices of a sweep, settled once for all launches on its results.

Packs are planned from it, and a launch finds the checkpoints of the one before only if it plans the same
packs. So what the first launch settles is stored with the results, and later ones keep to it, whatever they
would measure.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace

from rich.console import Console

from rdsweep.config import RunConfig
from rdsweep.engines._calibration import Calibrator
from rdsweep.engines._engine import Device, Engine
from rdsweep.engines._placement import balanced_seconds
from rdsweep.engines._stop import StopRequest
from rdsweep.engines._tasks import portable_tasks
from rdsweep.store import Results
from rdsweep.sweeps import DEVICE_PROFILES, DeviceProfile

_WORTHWHILE_SECONDS = 300.0
"""Time of a sweep from which on it is measured; below, measuring would take about what it saves."""

_FOLDER = "profiles"


def settle_profiles(
    configs: Sequence[RunConfig],
    results: Results,
    engine: Engine,
    *,
    pack_size: int | None,
    stop: StopRequest,
    console: Console,
) -> dict[Device, DeviceProfile]:
    """Return what packs take on each kind of device: as settled before, or as measured now and settled.

    Typical figures stand in for a device that cannot be measured, and for all devices where the size of packs
    is given or a sweep is too short.

    Parameters
    ----------
    configs : sequence of RunConfig
        All runs of the sweep, done or not, so that every launch decides alike.
    results : Results
    engine : Engine
    pack_size : int or None
        Size of packs, if it is given.
    stop : StopRequest
        A launch that is to end settles nothing.
    console : Console
        Told before anything is measured.
    """
    profiles = _typical_profiles(engine.slots, pack_size=pack_size)
    if pack_size is not None or not _is_worthwhile(configs, engine.slots, profiles):
        return profiles
    calibrator = Calibrator.of(configs, tasks=portable_tasks())
    for device in engine.slots:
        settled = _settled(results, calibrator, device)
        if settled is None and not stop.requested:
            console.print(f"measuring how packs do on {device}", highlight=False)
            measured = engine.measure(device, calibrator, stop=stop) or profiles[device]
            settled = _settled(results, calibrator, device)  # by another launch meanwhile?
            if settled is None and not stop.requested:
                _settle(results, calibrator, device, measured)
            settled = settled or measured
        profiles[device] = settled or profiles[device]
    return profiles


def known_profile(
    configs: Sequence[RunConfig],
    results: Results | None,
    *,
    device: Device,
    pack_size: int | None,
    n_slots: int,
    n_sharing: int,
) -> DeviceProfile | None:
    """Return what a launch on this machine would plan with; None if it would measure first.

    Parameters
    ----------
    configs : sequence of RunConfig
        All runs of the sweep.
    results : Results or None
        None if there are none yet.
    device : {"cpu", "cuda"}
    pack_size : int or None
        Size of packs, if it is given.
    n_slots : int
        Packs trained at once.
    n_sharing : int
        Packs that share a core or GPU.
    """
    slots = {device: n_slots}
    profiles = _typical_profiles(slots, pack_size=pack_size)
    if pack_size is not None or not _is_worthwhile(configs, slots, profiles):
        return profiles[device]
    calibrator = Calibrator.of(configs)
    settled = None if results is None else _settled(results, calibrator, device)
    return settled or calibrator.known(device, n_sharing=n_sharing)


def timed_profile(
    configs: Sequence[RunConfig], profile: DeviceProfile, *, device: Device, n_slots: int
) -> DeviceProfile:
    """Return ``profile`` with the time of a step on this machine, of a second or so of steps.

    It tells how long a sweep takes, and never which packs it is trained in. Figures that were measured stay
    as they are, and so do those of a GPU, where as much would take longer.

    Parameters
    ----------
    configs : sequence of RunConfig
        Runs of the sweep; at least one.
    profile : DeviceProfile
        What packs take as far as it is known.
    device : {"cpu", "cuda"}
    n_slots : int
        Packs trained at once, among which the runs are shared.
    """
    if profile.measured_on or device != "cpu":
        return profile
    size = min(profile.pack_size, math.ceil(len(configs) / n_slots))
    return Calibrator.of(configs).timed(profile, device, pack_size=size)


def _typical_profiles(devices: Iterable[Device], *, pack_size: int | None) -> dict[Device, DeviceProfile]:
    """Return what packs typically take, of the size that suits each device or of that given."""
    typical = {device: DEVICE_PROFILES[device] for device in devices}
    if pack_size is None:
        return typical
    return {device: replace(profile, pack_size=pack_size) for device, profile in typical.items()}


def _is_worthwhile(
    configs: Sequence[RunConfig], slots: Mapping[Device, int], profiles: Mapping[Device, DeviceProfile]
) -> bool:
    """Whether a sweep is long enough, and has more runs than there are slots to be filled with one each."""
    seconds = balanced_seconds(configs, slots, profiles)
    return seconds >= _WORTHWHILE_SECONDS and len(configs) > sum(slots.values())


def _settled(results: Results, calibrator: Calibrator, device: Device) -> DeviceProfile | None:
    """Return the profile that is stored; None if there is none that can be read."""
    content = results.storage.find(_name(calibrator, device))
    try:
        return None if content is None else DeviceProfile(**json.loads(content))
    except (ValueError, TypeError):
        return None


def _settle(results: Results, calibrator: Calibrator, device: Device, profile: DeviceProfile) -> None:
    content = json.dumps(asdict(profile), indent=2) + "\n"
    results.storage.make_folder(_FOLDER)
    results.storage.write({_name(calibrator, device): content.encode()})


def _name(calibrator: Calibrator, device: Device) -> str:
    return f"{_FOLDER}/{device}-{calibrator.trial.run_id}.json"
