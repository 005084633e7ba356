"""Which packs a launch has to train, for `run_sweep` and for those who only want to know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

from rdsweep.config import RunConfig
from rdsweep.engines._engine import Device
from rdsweep.engines._placement import share_runs
from rdsweep.sweeps import DeviceProfile, Pack, plan_packs


def plan_devices(
    configs: Sequence[RunConfig],
    settled: AbstractSet[str],
    *,
    slots: Mapping[Device, int],
    profiles: Mapping[Device, DeviceProfile],
) -> dict[Device, tuple[Pack, ...]]:
    """Plan the packs of the runs that are not settled, for each kind of device and as large as suits it.

    Parameters
    ----------
    configs : sequence of RunConfig
        All runs of the sweep.
    settled : set of str
        Ids of the runs that need no training.
    slots : Mapping of Device to int
        Packs trained at once on each kind; the fastest kind comes first.
    profiles : Mapping of Device to DeviceProfile
        What packs of each kind take.

    Returns
    -------
    dict of Device to tuple of Pack
        Longest first.
    """
    return {
        device: plan_missing(shared, settled, pack_size=profiles[device].pack_size, n_workers=slots[device])
        for device, shared in share_runs(configs, slots, profiles).items()
    }


def plan_missing(
    configs: Sequence[RunConfig], settled: AbstractSet[str], *, pack_size: int, n_workers: int
) -> tuple[Pack, ...]:
    """Plan the packs of the runs that are not settled.

    Packs of the whole sweep are kept as they are where none of their runs is settled, so that a launch after
    an interrupt finds the checkpoints of the one before; only the runs of broken ones are packed anew.

    Parameters
    ----------
    configs : sequence of RunConfig
        All runs of the sweep.
    settled : set of str
        Ids of the runs that need no training.
    pack_size, n_workers : int
        As for `plan_packs`.

    Returns
    -------
    tuple of Pack
        Longest first.

    Examples
    --------
    >>> runs = [RunConfig(seed=seed) for seed in range(6)]
    >>> first, second = plan_packs(runs, pack_size=3, n_workers=1)
    >>> done = {config.run_id for config in first.configs}
    >>> plan_missing(runs, done, pack_size=3, n_workers=1) == (second,)
    True
    """
    kept: list[Pack] = []
    scattered: list[RunConfig] = []
    for pack in plan_packs(configs, pack_size=pack_size, n_workers=n_workers):
        missing = [config for config in pack.configs if config.run_id not in settled]
        if len(missing) == len(pack.configs):
            kept.append(pack)
        else:
            scattered += missing
    packs = (*kept, *plan_packs(scattered, pack_size=pack_size, n_workers=n_workers))
    return tuple(sorted(packs, key=lambda pack: -pack.n_images))
