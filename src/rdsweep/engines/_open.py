"""Opening an engine by its name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from rdsweep.engines._engine import Engine
from rdsweep.engines._inline import inline_engine

ENGINES = ("ray", "inline")
"""Names of the engines; the first one is the default."""


@contextmanager
def open_engine(
    name: str,
    *,
    address: str | None,
    device: str,
    n_workers: int | None,
    console: Console | None = None,
) -> Iterator[Engine]:
    """Open an engine for the ``with`` block; options as for `run_sweep`.

    Whatever runs sweeps within the block shares the Ray that an outer ``open_engine`` started.

    Raises
    ------
    ValueError
        If an option is out of its range; for ``address`` see `check_address`.
    """
    check_address(address)
    if name == "inline":
        yield inline_engine(device=device)
        return
    if address is None:
        # Ray reads this when it is imported: 0, its value on macOS, keeps it to the loopback interface.
        os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
    from rdsweep.engines._ray import ray_engine

    console = console or Console(stderr=True)
    with ray_engine(address=address, device=device, n_workers=n_workers, console=console) as engine:
        yield engine


def check_workers(engine: str, n_workers: int | None) -> None:
    """Check that ``engine`` can train ``n_workers`` packs at a time.

    Raises
    ------
    ValueError
        If it is the inline engine, and not one.

    Examples
    --------
    >>> check_workers("inline", 1)
    """
    if engine == "inline" and n_workers not in (None, 1):
        raise ValueError(f"n_workers must be 1 for the inline engine, but got {n_workers!r}")


def check_address(address: str | None) -> None:
    """Check that a sweep can be launched on the Ray cluster at ``address``.

    Raises
    ------
    ValueError
        If it is an address of Ray Client, through which Ray Tune chooses packs in a process of the cluster,
        out of reach of the launcher's leases, progress and signals.

    Examples
    --------
    >>> check_address("10.0.0.1:6379")
    """
    if address is not None and address.startswith("ray://"):
        raise ValueError(
            "address must be auto or HOST:PORT, with the launch on a node of the cluster "
            f"(ray job submit takes it there), but got {address!r}"
        )
