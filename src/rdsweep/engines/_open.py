"""Opening an engine by its name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from rdsweep.engines._engine import Engine
from rdsweep.engines._inline import inline_engine

ENGINES = ("ray", "inline")
"""Names of the engines; the first one is the default."""


@contextmanager
def open_engine(name: str, *, address: str | None, device: str, n_workers: int | None) -> Iterator[Engine]:
    """Open an engine for the ``with`` block; options as for `run_sweep`.

    Whatever runs sweeps within the block shares the Ray that an outer ``open_engine`` started.
    """
    if name == "inline":
        yield inline_engine(device=device)
        return
    if address is None:
        # Ray reads this when it is imported: 0, its value on macOS, keeps it to the loopback interface.
        os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
    from rdsweep.engines._ray import ray_engine

    with ray_engine(address=address, device=device, n_workers=n_workers) as engine:
        yield engine
