"""Random streams: one per seed, purpose and block, so that no run depends on its neighbors.

A stream is addressed, not advanced: a generator is made for each block of numbers from (seed, purpose,
block). So a run sees the same numbers in any pack, and training resumes at any block without saved states.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
import torch


class Stream(IntEnum):
    """What random numbers are for; equal seeds share each stream across conditions."""

    WEIGHTS = 1
    IMAGES = 2
    ORDER = 3
    NOISE = 4
    HEAD_WEIGHTS = 5
    DROPOUT = 6
    PROBE_WEIGHTS = 7
    PROBE_NOISE = 8
    PROBE_DROPOUT = 9
    TEST = 10


def generator(device: torch.device, seed: int, stream: Stream, *block: int) -> torch.Generator:
    """Return a generator on ``device`` for a block of a stream.

    Parameters
    ----------
    device : torch.device
    seed : int
        Seed of the run, at least 0.
    stream : Stream
    *block : int
        Address within the stream, such as an epoch or a chunk of steps; each at least 0.

    Examples
    --------
    >>> cpu = torch.device("cpu")
    >>> a, b = (generator(cpu, 0, Stream.NOISE, 7) for _ in range(2))
    >>> torch.equal(torch.rand(3, generator=a), torch.rand(3, generator=b))
    True
    """
    state = np.random.SeedSequence(seed, spawn_key=(stream, *block)).generate_state(1, np.uint64)[0]
    return torch.Generator(device).manual_seed(int(state))
