"""What a plan costs in time and memory, from measured costs of a step."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

from rdsweep.config import RunConfig
from rdsweep.sweeps._plan import Pack

REFERENCE_BATCH = 64
"""Images per step at which the costs of a step were measured."""

_IMAGE_BYTES = 169 + 8
"""A 13 by 13 image of the training set, one byte a pixel, and its position."""


@dataclass(frozen=True)
class DeviceProfile:
    """What packs of a device take.

    Attributes
    ----------
    seconds_per_step : float
        Seconds per run and step of 64 images, in a pack of the size below.
    pack_size : int
        Number of runs beyond which a pack gains too little, or does not fit into memory.
    bytes_per_run : float
        Memory that a run takes in training, without its training set.
    measured_on : str
        Name of the device that was measured for the sweep at hand; empty for typical figures of its kind.
    """

    seconds_per_step: float
    pack_size: int
    bytes_per_run: float
    measured_on: str = ""

    def __post_init__(self) -> None:
        for name in ("seconds_per_step", "pack_size", "bytes_per_run"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, but got {getattr(self, name)!r}")


DEVICE_PROFILES = {
    # One core, fp32, batched matrix products over valid taps: 8.3 ms in packs of 4 to 8.
    "cpu": DeviceProfile(seconds_per_step=8e-3, pack_size=8, bytes_per_run=12e6),
    # One H100, tf32, CUDA graph, packs of 256: benchmarks/results/packed_training_h100.json. Memory is the
    # peak of that benchmark, which holds smaller packs besides.
    "cuda": DeviceProfile(seconds_per_step=21e-6, pack_size=256, bytes_per_run=30e6),
}
"""Typical figures of each kind of device, for sweeps that have not been measured."""


@dataclass(frozen=True)
class Cost:
    """An estimate of what a plan takes.

    Attributes
    ----------
    seconds : float
        Wall time of training, in seconds, until the last worker is done; evaluation and probes not included.
    bytes_per_worker : float
        Memory for the training of the largest pack, its training sets included, in bytes.
    """

    seconds: float
    bytes_per_worker: float


def estimate_cost(packs: Sequence[Pack], *, profile: DeviceProfile, n_workers: int = 1) -> Cost:
    """Estimate the time and memory of training ``packs``.

    Parameters
    ----------
    packs : sequence of Pack
        In the order in which workers take them.
    profile : DeviceProfile
        What packs of the device take.
    n_workers : int
        Workers that train at the same time, one pack each.

    Returns
    -------
    Cost

    Examples
    --------
    >>> cost = estimate_cost([Pack((RunConfig(),))], profile=DEVICE_PROFILES["cpu"])
    >>> round(cost.seconds)
    56
    """
    seconds_per_image = profile.seconds_per_step / REFERENCE_BATCH
    busy_until = [0.0] * n_workers
    for pack in packs:
        heapq.heapreplace(busy_until, busy_until[0] + pack.n_images * seconds_per_image)
    memory = max((_pack_bytes(pack, profile) for pack in packs), default=0.0)
    return Cost(max(busy_until), memory)


def training_set_bytes(config: RunConfig) -> int:
    """Return the memory that a run's training set takes.

    Examples
    --------
    >>> training_set_bytes(RunConfig())
    13275000
    """
    return 0 if config.training.fresh else _IMAGE_BYTES * config.training.n_train


def _pack_bytes(pack: Pack, profile: DeviceProfile) -> float:
    of_sets = {(run.seed, run.source): training_set_bytes(run) for run in pack.configs}
    return len(pack.configs) * profile.bytes_per_run + sum(of_sets.values())
