"""The packs that a launch still has to train, shared with other launches on the same results."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rdsweep.engines._engine import OnProgress
from rdsweep.engines._settled import SettledRuns
from rdsweep.store import Leases

if TYPE_CHECKING:
    from rdsweep.sweeps import Pack

_SECONDS_BETWEEN_LOOKS = 2.0
"""Least time between two looks at packs that other launches were training at the first one."""


@dataclass(frozen=True)
class ClaimedPack:
    """A pack that this launch is to train.

    Attributes
    ----------
    planned_id : str
        The pack that was planned.
    elsewhere : tuple of str
        Those of its runs that another launch has trained meanwhile.
    pack : Pack
        What is left.
    """

    planned_id: str
    elsewhere: tuple[str, ...]
    pack: Pack


class PackQueue:
    """Hands out packs, none of whose runs another launch has stored or is training.

    Parameters
    ----------
    packs : iterable of Pack
        In the order in which to hand them out.
    leases : Leases
        Entered: they live as long as their ``with`` block.
    settled : SettledRuns
    on_progress : OnProgress
        Told about the progress of packs, by the ids under which they were planned.
    """

    def __init__(
        self, packs: Iterable[Pack], *, leases: Leases, settled: SettledRuns, on_progress: OnProgress
    ) -> None:
        self._waiting = {pack.pack_id: pack for pack in packs}
        self._leases, self._settled, self._on_progress = leases, settled, on_progress
        self._next_look = 0.0

    def __bool__(self) -> bool:
        """Whether there may be packs to hand out, now or once other launches have ended."""
        return bool(self._waiting)

    def waiting(self) -> tuple[Pack, ...]:
        """Return the packs that may still be handed out, as they were planned."""
        return tuple(self._waiting.values())

    def take(self, *, among: Callable[[str], bool] = bool) -> ClaimedPack | None:
        """Claim a pack; None if there is none at present.

        Parameters
        ----------
        among : Callable
            Whether the pack that was planned under an id may be handed out.
        """
        if time.monotonic() < self._next_look:
            return None
        self._settled.refresh()
        busy = {run_id for lease in self._leases.held_by_others() for run_id in lease.run_ids}
        refused = False
        for planned_id in filter(among, list(self._waiting)):
            while (claim := self._claim(planned_id)) is not None:
                if not busy.isdisjoint(_run_ids(claim.pack)) or not self._leases.acquire(claim.pack):
                    refused = True
                    break
                self._settled.refresh()
                if self._claim(planned_id) == claim:
                    del self._waiting[planned_id]
                    self._on_progress(planned_id, 0.0)
                    return claim
                self._leases.release(claim.pack.pack_id)  # another launch stored some of it a moment ago
        if refused:
            self._next_look = time.monotonic() + _SECONDS_BETWEEN_LOOKS
        return None

    def report(self, claim: ClaimedPack, fraction: float) -> None:
        """Tell whoever looks that ``fraction`` of a pack is done."""
        self._on_progress(claim.planned_id, fraction)
        self._leases.report(claim.pack.pack_id, fraction)

    def settle(self, claim: ClaimedPack) -> None:
        """Give back a pack that was stored, or that this launch gives up."""
        self._leases.release(claim.pack.pack_id)

    def _claim(self, planned_id: str) -> ClaimedPack | None:
        """Return what is left of a pack that waits; a pack of which nothing is left waits no longer."""
        planned = self._waiting.get(planned_id)
        if planned is None:
            return None
        elsewhere = tuple(sorted(self._settled.run_ids.intersection(_run_ids(planned))))
        left = remainder(planned, elsewhere)
        if not left.configs:
            del self._waiting[planned_id]
            self._on_progress(planned_id, 1.0)
            return None
        return ClaimedPack(planned_id, elsewhere, left)


def remainder(pack: Pack, elsewhere: Collection[str]) -> Pack:
    """Return ``pack`` without the runs that another launch has trained."""
    if not elsewhere:
        return pack
    return replace(pack, configs=tuple(run for run in pack.configs if run.run_id not in elsewhere))


def _run_ids(pack: Pack) -> list[str]:
    return [config.run_id for config in pack.configs]
