"""Packs as trials of Ray Tune."""

from __future__ import annotations

import math
import os
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import ray
from ray import cloudpickle, tune

from rdsweep.engines._calibration import Calibrator
from rdsweep.engines._engine import Device
from rdsweep.engines._job import PackJob
from rdsweep.engines._queue import PackQueue
from rdsweep.engines._ray import _trial
from rdsweep.engines._ray._dispatch import Dispatch, Halt
from rdsweep.engines._ray._faults import MAX_FAILURES, FaultCounter, cause_of
from rdsweep.engines._ray._measure import measure_on_worker
from rdsweep.engines._ray._stop_flag import StopFlag
from rdsweep.engines._stop import StopRequest
from rdsweep.sweeps import DeviceProfile

cloudpickle.register_pickle_by_value(_trial)  # type: ignore[no-untyped-call]


@dataclass(frozen=True)
class RayEngine:
    """Trains packs on a Ray cluster, each in a worker with a CPU core and, on CUDA, a share of a GPU.

    Attributes
    ----------
    slots : Mapping of Device to int
    n_gpus : int
        GPUs of the cluster; 0 if they have yet to come.
    """

    slots: Mapping[Device, int]
    n_gpus: int

    def measure(self, device: Device, calibrator: Calibrator, *, stop: StopRequest) -> DeviceProfile | None:
        """Measure packs on a worker; an autoscaler is not asked for one."""
        if device == "cuda" and self.n_gpus == 0:
            return None
        return measure_on_worker(device, calibrator, n_per_gpu=self.n_per_gpu, stop=stop)

    def train(
        self, queue: PackQueue, job: PackJob, *, devices: Mapping[str, Device], stop: StopRequest
    ) -> tuple[str, ...]:
        """Train and store packs; an exception that is not the outcome of a run ends the sweep.

        A worker that dies is replaced and its pack started again, at most twice.
        """
        n_slots = sum(self.slots.values())
        faults = FaultCounter(n_slots)
        with StopFlag() as stop_flag, _folder() as folder:
            dispatch = Dispatch(
                queue, devices, slots=self.slots, faults=faults, stop=stop, stop_flag=stop_flag
            )
            packs = {planned.pack_id: ray.put(planned) for planned in queue.waiting()}
            trials = tune.Tuner(
                tune.with_resources(
                    tune.with_parameters(_trial.train_trial, job=job, packs=packs, stop_flag=stop_flag),
                    _trial.resources_of_trial(self.gpu_share),
                ),
                tune_config=tune.TuneConfig(
                    search_alg=dispatch, num_samples=-1, max_concurrent_trials=n_slots, reuse_actors=True
                ),
                run_config=tune.RunConfig(
                    name="packs",
                    storage_path=folder,
                    callbacks=[faults],
                    stop=Halt(dispatch),
                    failure_config=tune.FailureConfig(max_failures=MAX_FAILURES),
                    verbose=0,
                ),
            ).fit()
        if dispatch.fault is not None:
            raise dispatch.fault
        causes = (faults.verdict,) if faults.verdict else _causes(trials.errors)
        return (*causes, *dispatch.notes)

    @property
    def gpu_share(self) -> float:
        """The share of a GPU that a pack on CUDA takes: all of one, or an equal part."""
        return 1.0 / self.n_per_gpu

    @property
    def n_per_gpu(self) -> int:
        """Packs that share a GPU."""
        n_slots = self.slots.get("cuda", 1)
        return math.ceil(n_slots / (self.n_gpus or n_slots))


@contextmanager
def _folder() -> Iterator[str]:
    """Yield a folder for what Tune writes about its trials; the state of a sweep is its results."""
    prefix = f"rdsweep-{os.getpid()}-tune-"
    with tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True) as folder:
        yield folder


def _causes(errors: Sequence[Exception]) -> tuple[str, ...]:
    """Return one line per cause for which packs were given up, with the number of packs."""
    return tuple(
        f"{count} pack{'s' * (count > 1)} given up after {MAX_FAILURES + 1} starts: {cause}"
        for cause, count in Counter(map(cause_of, errors)).items()
    )
