"""The side of the worker: one trial of Ray Tune trains one pack.

Workers are sent this module as code rather than as a name, and it imports what is not Ray's only when it is
called: a worker that lacks a module can so say which one, where otherwise it would die without a word.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import ray
from ray import tune

if TYPE_CHECKING:
    from rdsweep.engines._job import PackJob
    from rdsweep.engines._ray._stop_flag import StopFlag

_SECONDS_BETWEEN_REPORTS = 2.0


def resources_of_trial(gpu_share: float) -> Callable[[Mapping[str, Any]], tune.PlacementGroupFactory]:
    """Return what a trial of some settings takes of the cluster: a core and, on CUDA, a share of a GPU."""

    def resources(config: Mapping[str, Any]) -> tune.PlacementGroupFactory:
        on_gpu = {"GPU": gpu_share} if config["device"] == "cuda" else {}
        return tune.PlacementGroupFactory([{"CPU": 1.0, **on_gpu}])

    return resources


def train_trial(
    config: Mapping[str, Any], *, job: PackJob, packs: Mapping[str, Any], stop_flag: StopFlag
) -> None:
    """Train the pack ``config["pack_id"]`` without the runs ``config["elsewhere"]`` on ``config["device"]``.

    Every report has the ``fraction`` of the pack that is done. The last one may besides have ``notes``, or a
    ``fault`` that has to end the sweep.

    Parameters
    ----------
    config : Mapping
    job : PackJob
    packs : Mapping
        References to packs by their ids.
    stop_flag : StopFlag
        Set if packs have to end at a checkpoint.
    """
    from rdsweep.engines._job import BrokenDevice
    from rdsweep.engines._queue import remainder
    from rdsweep.engines._stop import Preempted

    reported, latest = time.monotonic(), 0.0

    def report(fraction: float) -> None:
        nonlocal reported, latest
        latest = fraction
        if time.monotonic() - reported >= _SECONDS_BETWEEN_REPORTS:
            reported = time.monotonic()
            tune.report({"fraction": fraction})

    try:
        pack = remainder(ray.get(packs[config["pack_id"]]), config["elsewhere"])
        notes = job(pack, device=config["device"], progress=report, should_stop=stop_flag.is_set)
    except BrokenDevice:  # Tune starts the pack again in another process
        raise
    except Preempted:
        tune.report({"fraction": latest})
    except Exception as fault:  # raised here, it would make Tune start the pack again and go on with others
        fault.add_note(traceback.format_exc())
        tune.report({"fraction": latest, "fault": fault})
    else:
        tune.report({"fraction": 1.0, "notes": notes})
