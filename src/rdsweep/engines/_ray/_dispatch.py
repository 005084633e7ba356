"""The side of the launcher: which pack is the next trial, and what comes of the trials."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from ray.tune import Stopper
from ray.tune.search import Searcher

from rdsweep.engines._engine import Device
from rdsweep.engines._queue import ClaimedPack, PackQueue
from rdsweep.engines._ray._faults import FaultCounter
from rdsweep.engines._ray._stop_flag import StopFlag
from rdsweep.engines._stop import StopRequest


class Dispatch(Searcher):
    """Tells Tune the next pack each time that it asks for a trial, and hears the reports of trials.

    Parameters
    ----------
    queue : PackQueue
    devices : Mapping of str to Device
        The kind of device of each pack.
    slots : Mapping of Device to int
        How many packs train at once on each kind.
    faults : FaultCounter
    stop : StopRequest
    stop_flag : StopFlag
        Set when packs have to end at a checkpoint.

    Attributes
    ----------
    notes : Counter of str
        What packs reported besides, with the number of packs.
    fault : Exception or None
        What has to end the sweep.
    """

    def __init__(
        self,
        queue: PackQueue,
        devices: Mapping[str, Device],
        *,
        slots: Mapping[Device, int],
        faults: FaultCounter,
        stop: StopRequest,
        stop_flag: StopFlag,
    ) -> None:
        super().__init__()
        self._queue, self._devices, self._slots = queue, devices, slots
        self._faults, self._stop, self._stop_flag = faults, stop, stop_flag
        self._claims: dict[str, ClaimedPack] = {}
        self.notes: Counter[str] = Counter()
        self.fault: Exception | None = None

    def suggest(self, trial_id: str) -> Any:
        """Return the settings of the next trial, None if there is none at present, or `FINISHED`."""
        if self._stop.requested or self.broken or not self._queue:
            return self.FINISHED
        busy = Counter(self._devices[claim.planned_id] for claim in self._claims.values())
        free = {device for device, n_slots in self._slots.items() if busy[device] < n_slots}
        claim = self._queue.take(among=lambda planned_id: self._devices[planned_id] in free)
        if claim is None:
            return None
        self._claims[trial_id] = claim
        return {
            "pack_id": claim.planned_id,
            "elsewhere": claim.elsewhere,
            "device": self._devices[claim.planned_id],
        }

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        """Take note of a report."""
        self.fault = self.fault or result.get("fault")
        self.notes.update(result.get("notes", ()))
        self._queue.report(self._claims[trial_id], result["fraction"])

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """Take note that a pack was stored, or given up."""
        self._queue.settle(self._claims.pop(trial_id))

    @property
    def broken(self) -> bool:
        """Whether to end the sweep at once."""
        return self.fault is not None or bool(self._faults.verdict)

    @property
    def over(self) -> bool:
        """Whether to end the trials that there are; those that wait for a place would hold up the end.

        Tune asks all the time, so this is where the flag is set.
        """
        if self._stop.urgent:
            self._stop_flag.set()
        return self.broken or self._stop.overdue or (self._stop.requested and self._faults.idle)

    def __reduce__(self) -> tuple[type[Searcher], tuple[()]]:
        # Tune pickles its searcher to be able to restore an experiment, which we never do.
        return Searcher, ()

    def save(self, checkpoint_path: str) -> None:
        """Do nothing: the results are the state of a sweep."""

    def restore(self, checkpoint_path: str) -> None:
        """Do nothing."""


class Halt(Stopper):
    """Ends all trials when a `Dispatch` says so.

    Parameters
    ----------
    dispatch : Dispatch or None
        None in a pickled copy.
    """

    def __init__(self, dispatch: Dispatch | None = None) -> None:
        self._dispatch = dispatch

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        """Return that no single trial is to end."""
        return False

    def stop_all(self) -> bool:
        """Whether to end all trials."""
        return self._dispatch is not None and self._dispatch.over

    def __reduce__(self) -> tuple[type[Halt], tuple[()]]:
        return Halt, ()  # as above
