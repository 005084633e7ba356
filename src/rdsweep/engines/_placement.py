"""Which runs train on which kind of device."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence

from rdsweep.config import RunConfig
from rdsweep.engines._engine import Device
from rdsweep.sweeps import REFERENCE_BATCH, DeviceProfile, Pack


def share_runs(
    configs: Sequence[RunConfig], slots: Mapping[Device, int], profiles: Mapping[Device, DeviceProfile]
) -> dict[Device, tuple[RunConfig, ...]]:
    """Share runs among kinds of devices so that all are done at the same time.

    A slot of a slower kind gets as many whole runs as it can train in the time that all devices together
    need for the sweep; often none, since a GPU does the work of hundreds of cores. The shortest runs go to
    the slower kinds, for the finest division.

    Parameters
    ----------
    configs : sequence of RunConfig
        All runs of the sweep, done or not, so that every launch on equal devices shares them alike.
    slots : Mapping of Device to int
        Packs trained at once on each kind; the fastest kind comes first.
    profiles : Mapping of Device to DeviceProfile
        What packs of each kind take.

    Returns
    -------
    dict of Device to tuple of RunConfig

    Examples
    --------
    >>> from rdsweep.sweeps import DEVICE_PROFILES
    >>> runs = [RunConfig(seed=seed) for seed in range(4000)]
    >>> shares = share_runs(runs, {"cuda": 1, "cpu": 64}, DEVICE_PROFILES)
    >>> {device: len(share) for device, share in shares.items()}
    {'cuda': 3488, 'cpu': 512}
    """
    fastest, *slower = slots
    shares: dict[Device, tuple[RunConfig, ...]] = {}
    left = sorted(configs, key=lambda config: (_n_images(config), config.seed, config.run_id))
    seconds = balanced_seconds(left, slots, profiles)
    for device in slower:
        n_taken = _n_fitting(left, profiles[device], n_slots=slots[device], seconds=seconds)
        shares[device], left = tuple(left[:n_taken]), left[n_taken:]
    return {fastest: tuple(left), **shares}


def balanced_seconds(
    configs: Sequence[RunConfig], slots: Mapping[Device, int], profiles: Mapping[Device, DeviceProfile]
) -> float:
    """Return the time for ``configs`` of all devices together, if runs could be divided at will."""
    images_per_second = sum(
        n_slots / _seconds_per_image(profiles[device]) for device, n_slots in slots.items()
    )
    return sum(map(_n_images, configs)) / images_per_second


def _n_fitting(configs: Sequence[RunConfig], profile: DeviceProfile, *, n_slots: int, seconds: float) -> int:
    """Return how many of the first of ``configs`` the slots of a device can train in a time."""
    busy_until = [0.0] * n_slots
    for index, config in enumerate(configs):
        done_at = busy_until[0] + _n_images(config) * _seconds_per_image(profile)
        if done_at > seconds:
            return index
        heapq.heapreplace(busy_until, done_at)
    return len(configs)


def _seconds_per_image(profile: DeviceProfile) -> float:
    return profile.seconds_per_step / REFERENCE_BATCH


def _n_images(config: RunConfig) -> int:
    return Pack((config,)).n_images
