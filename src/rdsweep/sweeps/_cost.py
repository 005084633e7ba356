"""What a plan costs in time and memory, from measured costs of a step."""

from __future__ import annotations

import heapq
import math
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
class _Besides:
    """What a run takes besides its training, in steps of a run of 64 images on the same device.

    Attributes
    ----------
    evaluation : float
        The evaluation, storage included.
    information : float
        The mutual information for a source of its own that is not uniform, which is computed besides.
    probe_step : float
        A step of a probe on 64 images.
    encoding : float
        The codes of 64 training images, which probes are trained on.
    """

    evaluation: float
    information: float
    probe_step: float
    encoding: float


_BESIDES = {
    # One core of an AMD EPYC with AVX2, PyTorch 2.13, packs of 4 and 8 of the paper's runs, in CPU time.
    "cpu": _Besides(evaluation=105.0, information=28.0, probe_step=0.05, encoding=0.15),
    # One H100: what whole runs of the paper take in benchmarks/results/packed_training_h100.json besides
    # their steps, 14 ms for each, probes and evaluation together, since that was not timed apart.
    "cuda": _Besides(evaluation=660.0, information=0.0, probe_step=0.0, encoding=0.0),
}


@dataclass(frozen=True)
class Cost:
    """An estimate of what a plan takes.

    Times are seconds of wall time, of the worker that is done last.

    Attributes
    ----------
    training, probes, evaluation : float
        Steps of the runs, the training of their probes, and their evaluation and storage.
    bytes_per_worker : float
        Memory for the training of the largest pack, its training sets included, in bytes.
    """

    training: float
    probes: float
    evaluation: float
    bytes_per_worker: float

    @property
    def seconds(self) -> float:
        """All times together, in seconds."""
        return self.training + self.probes + self.evaluation


def estimate_cost(
    packs: Sequence[Pack], *, profile: DeviceProfile, device: str = "cpu", n_workers: int = 1
) -> Cost:
    """Estimate the time of ``packs``, evaluation and probes included, and the memory of their training.

    Parameters
    ----------
    packs : sequence of Pack
        In the order in which workers take them.
    profile : DeviceProfile
        What packs of the device take.
    device : {"cpu", "cuda"}
        The kind of device.
    n_workers : int
        Workers that train at the same time, one pack each.

    Returns
    -------
    Cost

    Examples
    --------
    >>> cost = estimate_cost([Pack((RunConfig(),))], profile=DEVICE_PROFILES["cpu"])
    >>> round(cost.training), round(cost.seconds, 1)
    (56, 57.1)
    """
    # The worker that is free first takes the next pack.
    free_at = [(0.0, worker) for worker in range(n_workers)]
    steps = [[0.0, 0.0, 0.0] for _ in range(n_workers)]
    for pack in packs:
        start, worker = free_at[0]
        of_runs = [_steps(run, _BESIDES[device]) for run in pack.configs]
        steps[worker] = [math.fsum(part) for part in zip(steps[worker], *of_runs, strict=True)]
        heapq.heapreplace(free_at, (start + sum(map(sum, of_runs)), worker))
    _, last = max(free_at)
    memory = max((_pack_bytes(pack, profile) for pack in packs), default=0.0)
    training, probes, evaluation = (profile.seconds_per_step * n_steps for n_steps in steps[last])
    return Cost(training, probes, evaluation, memory)


def _steps(run: RunConfig, besides: _Besides) -> tuple[float, float, float]:
    """Return what training, probes and evaluation of a run take, in steps of 64 images."""
    training = Pack((run,)).n_images / REFERENCE_BATCH
    probes = len(run.probes) * training * besides.probe_step
    if run.probes:
        probes += run.training.n_train / REFERENCE_BATCH * besides.encoding
    has_own = run.source.imbalance != "none"
    return training, probes, besides.evaluation + has_own * besides.information


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
