"""What a plan costs in time and memory, from measured costs of a step."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

from rdsweep.config import RunConfig
from rdsweep.sweeps._plan import Pack

REFERENCE_BATCH = 64
"""Images per step at which the costs of a step were measured."""

_PARAMETER_BYTES = 1.4e6
"""Weights of one run of the reference architecture, fp32; its gradients and Adam's moments are as large."""

_IMAGE_BYTES = 169
"""A 13 by 13 image of the training set, one byte a pixel."""


@dataclass(frozen=True)
class DeviceProfile:
    """What a kind of device was measured to do.

    Attributes
    ----------
    seconds_per_step : float
        Seconds per run and step of 64 images, in a pack of the size below.
    pack_size : int
        Number of runs beyond which a pack gains no more.
    """

    seconds_per_step: float
    pack_size: int


DEVICE_PROFILES = {
    # One core, fp32, batched matrix products over valid taps: 8.3 ms in packs of 4 to 8.
    "cpu": DeviceProfile(seconds_per_step=8e-3, pack_size=8),
    # One H100, tf32, CUDA graph, packs of 256: benchmarks/results/packed_training_h100.json.
    "cuda": DeviceProfile(seconds_per_step=21e-6, pack_size=256),
}


@dataclass(frozen=True)
class Cost:
    """An estimate of what a plan takes.

    Attributes
    ----------
    seconds : float
        Wall time of training, in seconds, until the last worker is done; evaluation and probes not included.
    bytes_per_worker : float
        Memory for weights, optimizer and training sets of the largest pack, in bytes.
    """

    seconds: float
    bytes_per_worker: float


def estimate_cost(packs: Sequence[Pack], *, device: str, n_workers: int = 1) -> Cost:
    """Estimate the time and memory of training ``packs``.

    Parameters
    ----------
    packs : sequence of Pack
        In the order in which workers take them.
    device : {"cpu", "cuda"}
    n_workers : int
        Workers that train at the same time, one pack each.

    Returns
    -------
    Cost

    Examples
    --------
    >>> cost = estimate_cost([Pack((RunConfig(),))], device="cpu")
    >>> round(cost.seconds)
    56
    """
    second = DEVICE_PROFILES[device].seconds_per_step / REFERENCE_BATCH
    busy_until = [0.0] * n_workers
    for pack in packs:
        heapq.heapreplace(busy_until, busy_until[0] + pack.n_images * second)
    memory = max((sum(map(_run_bytes, pack.configs)) for pack in packs), default=0.0)
    return Cost(max(busy_until), memory)


def _run_bytes(config: RunConfig) -> float:
    stored_images = 0 if config.training.fresh else config.training.n_train
    return 4 * _PARAMETER_BYTES + _IMAGE_BYTES * stored_images
