"""The engine on Ray Tune: one trial per pack; the only module that imports Ray."""

from __future__ import annotations

import logging
import math
import os
import shlex
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rdsweep.engines._engine import Device, OnProgress, choose_device
from rdsweep.engines._job import PackJob, one_line

# Ray reads these when it is imported. The store replaces Tune's files per trial, and an interrupt has to end
# the sweep rather than to make `fit` return as if it had finished.
os.environ.update(
    RAY_AIR_NEW_OUTPUT="0",
    RAY_CHDIR_TO_TRIAL_DIR="0",
    RAY_USAGE_STATS_ENABLED="0",
    TUNE_DISABLE_AUTO_CALLBACK_LOGGERS="1",
    TUNE_DISABLE_SIGINT_HANDLER="1",
)

import ray
from ray import tune

if TYPE_CHECKING:
    from rdsweep.sweeps import Pack

_SECONDS_BETWEEN_REPORTS = 2.0
_MAX_FAILURES = 2
_OBJECT_STORE_BYTES = 128 * 2**20
"""Ample for the plan of a sweep, the only thing that passes through it."""


@dataclass(frozen=True)
class RayEngine:
    """Trains packs on a Ray cluster, each in a worker with a CPU core and, on CUDA, a share of a GPU."""

    device: Device
    n_workers: int
    n_gpus: int

    def train(self, packs: Sequence[Pack], job: PackJob, *, on_progress: OnProgress) -> tuple[str, ...]:
        """Train and store ``packs``; an exception that is not the outcome of a run ends the sweep.

        A worker that dies is replaced and its pack started again, at most twice.
        """
        by_id = {pack.pack_id: pack for pack in packs}
        # Tune writes its own state here; the state of a sweep is its results, so it is never read again.
        prefix = f"rdsweep-{os.getpid()}-tune-"
        with tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True) as folder:
            trials = tune.Tuner(
                tune.with_resources(
                    tune.with_parameters(_train_trial, job=job, packs=by_id), self.trial_resources()
                ),
                param_space={"pack_id": tune.grid_search(list(by_id))},
                tune_config=tune.TuneConfig(reuse_actors=True, max_concurrent_trials=self.n_workers),
                run_config=tune.RunConfig(
                    name="packs",
                    storage_path=folder,
                    stop=_Watch(on_progress),
                    failure_config=tune.FailureConfig(max_failures=_MAX_FAILURES),
                    verbose=0,
                ),
            ).fit()
        for index in range(len(trials)):
            fault = (trials[index].metrics or {}).get("fault")
            if fault is not None:
                raise fault
        return _causes(trials.errors)

    def trial_resources(self) -> dict[str, float]:
        """Return what one trial takes of the cluster: a core and, on CUDA, a GPU or an equal share of one."""
        if self.device == "cpu":
            return {"CPU": 1}
        return {"CPU": 1, "GPU": 1 / math.ceil(self.n_workers / self.n_gpus)}


@contextmanager
def ray_engine(*, address: str | None, device: str, n_workers: int | None) -> Iterator[RayEngine]:
    """Connect to a Ray cluster, or start a local one and stop it at the end.

    Parameters
    ----------
    address : str or None
        As `ray.init` takes it; None starts Ray on this machine.
    device : {"auto", "cpu", "cuda"}
    n_workers : int or None
        Packs at once; by default one per core or per GPU of the cluster.
    """
    logging.getLogger("ray.tune").setLevel(logging.CRITICAL)
    with _connection(address, n_cpus=n_workers):
        resources: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
        n_gpus = int(resources.get("GPU", 0))
        chosen = choose_device(device, has_cuda=lambda: n_gpus > 0)
        slots = n_gpus if chosen == "cuda" else int(resources.get("CPU", 1))
        yield RayEngine(chosen, n_workers=n_workers or max(slots, 1), n_gpus=n_gpus)


@contextmanager
def _connection(address: str | None, *, n_cpus: int | None) -> Iterator[None]:
    if ray.is_initialized():
        yield
        return
    # Sockets live in the folder and their paths may have 103 characters at most, so it cannot be the one that
    # macOS names in TMPDIR. Ray opens its own folder to all users and never deletes it, so it lies in a
    # private one that is deleted at the end.
    prefix = f"rdsweep-{os.getpid()}-"
    with tempfile.TemporaryDirectory(prefix=prefix, dir="/tmp", ignore_cleanup_errors=True) as folder:
        local = {
            "address": "local",  # without it Ray looks for a cluster, dead ones included
            "num_cpus": n_cpus,
            "include_dashboard": False,
            "object_store_memory": _OBJECT_STORE_BYTES,
            "_temp_dir": f"{folder}/ray",
            # Ray hands the interpreter to a shell as it is, and its path may have spaces.
            "runtime_env": {"py_executable": shlex.quote(sys.executable)},
        }
        options: dict[str, Any] = local if address is None else {"address": address}
        try:
            ray.init(**options, log_to_driver=False, logging_level=logging.ERROR)
            yield
        finally:
            ray.shutdown()


class _Watch(tune.Stopper):
    """Hands the reports of trials to the progress, and stops all trials at the first fault."""

    def __init__(self, on_progress: OnProgress) -> None:
        self._on_progress = on_progress
        self._faultless = True

    def __call__(self, trial_id: str, result: Mapping[str, Any]) -> bool:
        self._faultless &= "fault" not in result
        self._on_progress(result["config"]["pack_id"], result["fraction"])
        return False

    def stop_all(self) -> bool:
        return not self._faultless

    def __getstate__(self) -> dict[str, Any]:
        # Tune pickles its stopper to be able to restore an experiment; a live progress bar does not pickle.
        return {"_on_progress": _ignore, "_faultless": self._faultless}


def _ignore(pack_id: str, fraction: float) -> None:
    """Show no progress."""


def _train_trial(config: Mapping[str, str], *, job: PackJob, packs: Mapping[str, Pack]) -> None:
    reported = time.monotonic()

    def report(fraction: float) -> None:
        nonlocal reported
        if time.monotonic() - reported >= _SECONDS_BETWEEN_REPORTS:
            reported = time.monotonic()
            tune.report({"fraction": fraction})

    try:
        job(packs[config["pack_id"]], progress=report)
    except Exception as fault:  # raised here, it would make Tune start the pack again and go on with others
        fault.add_note(traceback.format_exc())
        tune.report({"fraction": 0.0, "fault": fault})
    else:
        tune.report({"fraction": 1.0})


def _causes(errors: Sequence[Exception]) -> tuple[str, ...]:
    """Return one line per cause for which packs were given up, with the number of packs."""
    return tuple(
        f"{count} pack{'s' * (count > 1)} given up after {_MAX_FAILURES + 1} starts: {cause}"
        for cause, count in Counter(map(one_line, errors)).items()
    )
