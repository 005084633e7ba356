"""How fast and how large packs are on a device, from a few timed steps of packs of several sizes."""

from __future__ import annotations

import gc
import math
import os
import platform
import resource
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from rdsweep.config import RunConfig
from rdsweep.training._batches import CHUNK_STEPS
from rdsweep.training._cohort import Cohort
from rdsweep.training._precision import Arithmetic, matrix_products, resolve_arithmetic
from rdsweep.training._threads import torch_threads

PACK_SIZES = {"cpu": (1, 2, 4, 8, 16), "cuda": (32, 64, 128, 256, 512)}
"""Runs in the packs that are timed on each kind of device."""

_RUN_STEPS = {"cpu": 8, "cuda": 16_384}
"""Steps times runs of one timing, which takes 0.1 s of a core or 0.3 s of an H100."""

_N_TIMINGS = 5
"""Timings of a pack, of which the least disturbed one counts."""

_N_THREADS = 1

_BUDGET_SECONDS = 5.0
"""Time after which no larger pack is tried."""

_WORTHWHILE_GAIN = 0.05
"""A larger pack has to save this share of the time; timings on a busy machine scatter by nearly as much."""


@dataclass(frozen=True)
class Calibration:
    """What packs of a device were measured to take.

    Attributes
    ----------
    device : str
        Name of the device.
    torch_version, precision : str
    n_threads : int
        Threads of PyTorch: as many as `train_pack` uses by default.
    pack_sizes : tuple of int
        Runs in the packs that were timed, in ascending order.
    seconds_per_step : tuple of float
        Seconds per run and step in each of them; on a CPU those of one core, whatever else it does besides.
    bytes_per_run : float
        Memory that each further run takes in training, without its training set.
    """

    device: str
    torch_version: str
    precision: str
    n_threads: int
    pack_sizes: tuple[int, ...]
    seconds_per_step: tuple[float, ...]
    bytes_per_run: float

    def __post_init__(self) -> None:
        if not 0 < len(self.pack_sizes) == len(self.seconds_per_step):
            raise ValueError(
                "seconds_per_step must hold one number for each of pack_sizes, and at least one,"
                f" but got {len(self.seconds_per_step)} for {len(self.pack_sizes)}"
            )

    def best_pack_size(self, max_runs: float = math.inf) -> int:
        """Return the smallest size that is nearly as fast as the fastest of at most ``max_runs``.

        Small packs are easier to share among workers, and less is lost with one. Where ``max_runs`` is below
        all sizes that were timed, it is the size.

        Examples
        --------
        >>> times = {"pack_sizes": (1, 2, 4, 8), "seconds_per_step": (11e-3, 9e-3, 7.5e-3, 7.4e-3)}
        >>> calibration = Calibration("one core", "2.6", "fp32", 1, **times, bytes_per_run=8e6)
        >>> calibration.best_pack_size(), calibration.best_pack_size(2)
        (4, 2)
        """
        times = dict(zip(self.pack_sizes, self.seconds_per_step, strict=True))
        allowed = {size: seconds for size, seconds in times.items() if size <= max_runs}
        if not allowed:
            return max(int(max_runs), 1)
        bound = min(allowed.values()) / (1.0 - _WORTHWHILE_GAIN)
        return next(size for size, seconds in allowed.items() if seconds <= bound)


def calibrate(config: RunConfig, *, device: str, pack_sizes: Sequence[int] | None = None) -> Calibration:
    """Time a few steps of packs of several sizes, each of copies of one run.

    Copies make packs of different sizes compare. They share their images and noise, as the runs of one seed
    do in any pack; so what is measured is the training step, which is nearly all of the time.

    Parameters
    ----------
    config : RunConfig
        The run; only its shapes, heads, objective and precision matter, but a small ``n_train`` saves time.
    device : {"cpu", "cuda"}
    pack_sizes : sequence of int, optional
        Runs in the packs to time, in ascending order; by default `PACK_SIZES`.

    Returns
    -------
    Calibration
        Of fewer sizes where memory or time is short; it takes 3 to 5 s of a CPU core.

    Raises
    ------
    ValueError
        If the device cannot compute in the precision of ``config``.
    RuntimeError
        If the device fails, or lacks the memory for the smallest pack.
    """
    place = torch.device(device)
    arithmetic = resolve_arithmetic(config.training.precision, place)
    clock = _clock(place)
    measured: list[_Measured] = []
    with matrix_products(arithmetic), torch_threads(_N_THREADS):
        # PyTorch loads what it needs, which no pack should count.
        Cohort.start([config], place, arithmetic)
        started, memory = clock(), free_memory(device)
        for size in pack_sizes or PACK_SIZES[device]:
            if measured and size * _bytes_per_run(measured) > memory:
                break
            try:
                measured.append(_measure(config, size, place, arithmetic))
            except torch.OutOfMemoryError:
                if not measured:
                    raise
                break
            if clock() - started > _BUDGET_SECONDS:
                break
    return Calibration(
        device_name(device),
        torch.__version__,
        arithmetic.name,
        _N_THREADS,
        tuple(each.n_runs for each in measured),
        tuple(each.seconds_per_step for each in measured),
        _bytes_per_run(measured),
    )


def free_memory(device: str) -> float:
    """Return the free memory of a GPU, or what the machine has for each of its cores, in bytes."""
    if device == "cuda":
        return float(torch.cuda.mem_get_info()[0])
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (os.cpu_count() or 1)


def device_name(device: str) -> str:
    """Return what a kind of device is called on this machine.

    Raises
    ------
    RuntimeError
        If there is no such device.
    """
    if device == "cuda":
        if not torch.cuda.is_available():
            raise RuntimeError("device must be 'cpu' where there is no CUDA device, but got 'cuda'")
        return torch.cuda.get_device_name()
    try:  # on Linux, where Python knows only the architecture
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


@dataclass(frozen=True)
class _Measured:
    """A timed pack: its peak of memory, to compare with those of other packs, and what it surely holds."""

    n_runs: int
    seconds_per_step: float
    peak_bytes: float
    state_bytes: float


def _measure(config: RunConfig, n_runs: int, place: torch.device, arithmetic: Arithmetic) -> _Measured:
    _forget_peak(place)
    cohort = Cohort.start([config] * n_runs, place, arithmetic)
    _, chunk = cohort.chunk(0)
    n_steps = max(1, min(_RUN_STEPS[place.type] // n_runs, CHUNK_STEPS))
    clock = _clock(place)

    def seconds() -> float:
        began = clock()
        cohort.driver(chunk, n_steps)
        return clock() - began

    cohort.driver(chunk, n_steps)  # allocates and, on CUDA, captures
    fastest = min(seconds() for _ in range(_N_TIMINGS))
    state = sum(tensor.nbytes for tensor in cohort.step.state().values())
    return _Measured(n_runs, fastest / (n_steps * n_runs), _peak(place), state)


def _bytes_per_run(measured: list[_Measured]) -> float:
    """Return what each further run takes; of a process that was larger before only the state shows."""
    first, last = measured[0], measured[-1]
    state = last.state_bytes / last.n_runs
    if len(measured) == 1:
        return state
    return max((last.peak_bytes - first.peak_bytes) / (last.n_runs - first.n_runs), state)


def _clock(place: torch.device) -> Callable[[], float]:
    """Return a clock for work on a device; on a CPU it stands while other processes have the core."""
    if place.type == "cpu":
        return time.process_time

    def synchronized() -> float:
        torch.cuda.synchronize()
        return time.perf_counter()

    return synchronized


def _forget_peak(place: torch.device) -> None:
    """Free the pack before, whose step and optimizer refer to each other, and forget its peak of memory."""
    gc.collect()
    if place.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def _peak(place: torch.device) -> float:
    """Return the peak of memory in bytes: of PyTorch on a GPU, of this process so far on a CPU."""
    if place.type == "cuda":
        return float(torch.cuda.max_memory_reserved())
    unit = 1 if sys.platform == "darwin" else 1024
    return float(unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
