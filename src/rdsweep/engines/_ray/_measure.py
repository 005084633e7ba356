"""Measuring packs on a worker of the cluster, since the launcher may run where there is no such device."""

from __future__ import annotations

import time

import ray
from ray.exceptions import RayError

from rdsweep.engines._calibration import Calibrator
from rdsweep.engines._engine import Device
from rdsweep.engines._stop import StopRequest
from rdsweep.sweeps import DeviceProfile

_PATIENCE_SECONDS = 60.0
"""Time after which a sweep is started without figures from a cluster that has no worker to spare."""

_SECONDS_BETWEEN_LOOKS = 0.5


def measure_on_worker(
    device: Device, calibrator: Calibrator, *, n_per_gpu: int, stop: StopRequest
) -> DeviceProfile | None:
    """Return what a worker with the resources of a pack measures; None if none does in time."""
    n_gpus, n_sharing = (1.0 / n_per_gpu, n_per_gpu) if device == "cuda" else (0, 1)
    # The worker ends with its only call, and leaves the memory of the device to the packs.
    task = ray.remote(num_cpus=1, num_gpus=n_gpus, max_calls=1, max_retries=0)(_measure)
    answer = task.remote(calibrator, device, n_sharing)
    give_up_at = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < give_up_at and not stop.requested:
        if ray.wait([answer], timeout=_SECONDS_BETWEEN_LOOKS)[0]:
            return _profile_from(answer)
    ray.cancel(answer, force=True)
    return None


def _measure(calibrator: Calibrator, device: Device, n_sharing: int) -> DeviceProfile | None:
    return calibrator(device, n_sharing=n_sharing)


def _profile_from(answer: ray.ObjectRef[DeviceProfile | None]) -> DeviceProfile | None:
    """Return the answer of a worker; None if the worker failed: why, the packs will say."""
    try:
        profile: DeviceProfile | None = ray.get(answer)
    except RayError:
        return None
    return profile
