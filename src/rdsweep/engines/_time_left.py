"""How long a sweep will take from here, from what its packs took so far."""

from __future__ import annotations

import heapq
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rdsweep.engines._engine import Device


@dataclass(frozen=True)
class PackClock:
    """A pack in time.

    Attributes
    ----------
    n_images : int
        Images that its runs see in training; what its time grows with.
    fraction : float
        How much of it is done, in [0, 1].
    seconds : float
        For how long it has been in training.
    """

    n_images: int
    fraction: float = 0.0
    seconds: float = 0.0


def seconds_left(packs: Mapping[Device, Sequence[PackClock]], *, slots: Mapping[Device, int]) -> float | None:
    """Return the estimated seconds until all packs are done, or None while nothing is known.

    The speed of a kind of device is that of all its packs so far. Packs that wait are taken, in order, by
    the slot that is free first, so that idle slots at the end of a sweep are accounted for.

    Parameters
    ----------
    packs : Mapping of Device to sequence of PackClock
        The packs of each kind of device, in the order in which they are started.
    slots : Mapping of Device to int
        Packs trained at once on each kind.

    Examples
    --------
    >>> packs = [PackClock(100, 0.5, seconds=10.0), PackClock(100), PackClock(100)]
    >>> seconds_left({"cpu": packs}, slots={"cpu": 1})
    50.0
    """
    makespans = [0.0]
    for device, some in packs.items():
        if all(pack.fraction == 1.0 for pack in some):
            continue
        speed = _images_per_second(some)
        if not speed:
            return None
        makespans.append(_makespan(some, speed, slots[device]))
    return max(makespans)


def _images_per_second(packs: Sequence[PackClock]) -> float:
    """Return images per second and slot."""
    seconds = math.fsum(pack.seconds for pack in packs)
    images = math.fsum(pack.n_images * pack.fraction for pack in packs)
    return images / seconds if seconds > 0.0 else 0.0


def _makespan(packs: Sequence[PackClock], speed: float, n_slots: int) -> float:
    busy_until = [0.0] * n_slots
    in_training_first = sorted(packs, key=lambda pack: pack.seconds == 0.0)
    for pack in in_training_first:
        left = (1.0 - pack.fraction) * pack.n_images / speed
        heapq.heapreplace(busy_until, busy_until[0] + left)
    return max(busy_until)
