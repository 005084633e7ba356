"""Packs: which runs train together, planned from the runs alone."""

from __future__ import annotations

import hashlib
import heapq
import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from rdsweep.config import PackKey, RunConfig, pack_key

_MAX_ROUNDS = 8
"""Packs per worker beyond which smaller ones hardly balance the work any better."""

_OVERHEAD = 0.07
"""Time of a pack besides that of its runs, as a share of the time of a full one.

It is 3 to 6 % for packs of 8 on a core and 7 % for packs of 256 on an H100, by the slopes of what
benchmarks/packed_training.py measures.
"""


@dataclass(frozen=True)
class Pack:
    """Runs that train together as batched tensors.

    Attributes
    ----------
    configs : tuple of RunConfig
        Distinct runs with one `pack_key`.
    """

    configs: tuple[RunConfig, ...]

    @cached_property
    def pack_id(self) -> str:
        """Hash of the ids of the runs in any order, 16 hexadecimal digits."""
        return pack_id_of(config.run_id for config in self.configs)

    @property
    def n_images(self) -> int:
        """Number of images that the runs of the pack see in training; what its time grows with."""
        return sum(map(_n_images, self.configs))


def pack_id_of(run_ids: Iterable[str]) -> str:
    """Return the id of the pack of these runs, in any order.

    Examples
    --------
    >>> pack = Pack((RunConfig(seed=0), RunConfig(seed=1)))
    >>> pack.pack_id == pack_id_of(config.run_id for config in reversed(pack.configs))
    True
    """
    return hashlib.sha256(",".join(sorted(run_ids)).encode()).hexdigest()[:16]


def plan_packs(configs: Sequence[RunConfig], *, pack_size: int, n_workers: int = 1) -> tuple[Pack, ...]:
    """Group runs into packs so that all workers finish together.

    Runs that can share a pack are taken seed by seed, so that an interrupted sweep holds whole seeds
    rather than whole conditions. Packs of one kind are of nearly equal size. Where packs would leave workers
    idle at the end, they are made smaller, as long as that is worth what each further pack costs.

    Parameters
    ----------
    configs : sequence of RunConfig
        Distinct runs; their order does not matter.
    pack_size : int
        Largest number of runs in a pack, at least 1.
    n_workers : int
        Workers that train at the same time, at least 1.

    Returns
    -------
    tuple of Pack
        Longest first.

    Raises
    ------
    ValueError
        If ``pack_size`` or ``n_workers`` is below 1.

    Examples
    --------
    >>> runs = [RunConfig(seed=seed) for seed in range(10)]
    >>> [len(pack.configs) for pack in plan_packs(runs, pack_size=8, n_workers=4)]
    [3, 3, 2, 2]
    """
    for name, value in (("pack_size", pack_size), ("n_workers", n_workers)):
        if value < 1:
            raise ValueError(f"{name} must be an integer of at least 1, but got {value!r}")
    groups: dict[PackKey, list[RunConfig]] = {}
    for config in sorted(configs, key=lambda config: (config.seed, config.run_id)):
        groups.setdefault(pack_key(config), []).append(config)
    counts = _pack_counts(groups, pack_size, n_workers)
    packs = [pack for key, runs in groups.items() for pack in _divide(runs, counts[key])]
    return tuple(sorted(packs, key=lambda pack: -pack.n_images))


def _pack_counts(
    groups: dict[PackKey, list[RunConfig]], pack_size: int, n_workers: int
) -> dict[PackKey, int]:
    """Return the number of packs of each group, such that the last worker is done as early as possible.

    Candidates give each worker one pack, two, and so on; of equally early ones, the fewest packs are taken.
    """
    candidates = [
        _counts_in_rounds(groups, pack_size, n_workers, n_rounds) for n_rounds in range(1, _MAX_ROUNDS + 1)
    ]
    return min(candidates, key=lambda counts: _end(groups, counts, pack_size, n_workers))


def _counts_in_rounds(
    groups: dict[PackKey, list[RunConfig]], pack_size: int, n_workers: int, n_rounds: int
) -> dict[PackKey, int]:
    """Return numbers of packs that take nearly equal times and come to ``n_rounds`` for each worker.

    They are more where ``pack_size`` wants it, but still a multiple of the number of workers.
    """
    images = {key: len(runs) * _n_images(runs[0]) for key, runs in groups.items()}
    n_packs, total = n_rounds * n_workers, sum(images.values())
    counts = {
        key: min(len(runs), max(math.ceil(len(runs) / pack_size), n_packs * images[key] // total))
        for key, runs in groups.items()
    }
    while sum(counts.values()) % n_workers:
        divisible = [key for key, runs in groups.items() if counts[key] < len(runs)]
        if not divisible:
            break
        counts[max(divisible, key=lambda key: images[key] / counts[key])] += 1
    return counts


def _end(
    groups: dict[PackKey, list[RunConfig]], counts: dict[PackKey, int], pack_size: int, n_workers: int
) -> float:
    """Return when the last worker is done, in images at the speed of full packs."""
    packs = [
        (len(runs) / counts[key] + _OVERHEAD * pack_size) * _n_images(runs[0])
        for key, runs in groups.items()
        for _ in range(counts[key])
    ]
    busy_until = [0.0] * n_workers
    for pack in sorted(packs, reverse=True):
        heapq.heapreplace(busy_until, busy_until[0] + pack)
    return max(busy_until)


def _divide(runs: list[RunConfig], n_packs: int) -> list[Pack]:
    bounds = [index * len(runs) // n_packs for index in range(n_packs + 1)]
    return [Pack(tuple(runs[start:stop])) for start, stop in itertools.pairwise(bounds)]


def _n_images(config: RunConfig) -> int:
    return config.training.n_steps * config.training.batch_size
