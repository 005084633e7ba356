"""What this machine trains at once, for engines that run on it and for plans of them."""

from __future__ import annotations

import math
import os
from contextlib import suppress
from pathlib import Path

from rdsweep.engines._engine import Device
from rdsweep.engines._open import check_workers

START_SECONDS = {"inline": 6.0, "ray": 20.0}
"""Time of a sweep that is no pack's: imports, and the start and end of Ray and its workers.

On two cores of an AMD EPYC: 6 s of CPU time for the imports of a command that trains inline; 23 s of wall
time besides packs in sweeps/quick.yaml under Ray, other processes at work.
"""

_CGROUP = Path("/sys/fs/cgroup")


def local_slots(engine: str, *, device: str, n_workers: int | None) -> tuple[Device, int, int]:
    """Return the device that an engine on this machine trains on, and how many packs at once.

    Parameters
    ----------
    engine : {"ray", "inline"}
    device : {"auto", "cpu", "cuda", "both"}
        CUDA may be wanted where there is none, for a plan of another machine.
    n_workers : int or None
        Packs at once; by default one per core or GPU, and one for the inline engine.

    Returns
    -------
    device : Device
    n_slots : int
        Packs trained at once.
    n_sharing : int
        Packs that share a GPU.

    Raises
    ------
    ValueError
        If the engine cannot train so many packs at once.
    """
    check_workers(engine, n_workers)
    n_gpus = _count_gpus() if device != "cpu" else 0
    if engine == "inline":
        n_workers = 1
    if device == "cuda" or n_gpus:
        n_slots = n_workers or max(n_gpus, 1)
        return "cuda", n_slots, math.ceil(n_slots / max(n_gpus, 1))
    return "cpu", n_workers or usable_cores(), 1


def usable_cores() -> int:
    """Return how many cores this process may use: those that it is bound to, or fewer by a container's quota.

    Examples
    --------
    >>> usable_cores() >= 1
    True
    """
    try:
        n_cores = len(os.sched_getaffinity(0))
    except AttributeError:  # on macOS
        n_cores = os.cpu_count() or 1
    return max(1, min(n_cores, _quota()))


def _quota() -> int:
    """Return the cores of this container's quota, rounded up; more than any machine has without a quota."""
    with suppress(OSError, ValueError):
        quota, period = (_CGROUP / "cpu.max").read_text().split()
        return math.ceil(int(quota) / int(period))  # "max" is no number
    with suppress(OSError, ValueError):
        quota, period = ((_CGROUP / "cpu" / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period"))
        if int(quota) > 0:
            return math.ceil(int(quota) / int(period))
    return 2**20


def _count_gpus() -> int:
    from torch.cuda import device_count

    return device_count()
