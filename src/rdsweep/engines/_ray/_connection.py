"""Ray itself: started on this machine and for this process only, or a cluster that the user names."""

from __future__ import annotations

import logging
import os
import shlex
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import ray
from ray.exceptions import AuthenticationError
from rich.console import Console

from rdsweep._signals import children_spared, deferred, handlers_kept
from rdsweep.engines._engine import Device, choose_device
from rdsweep.engines._local import usable_cores
from rdsweep.engines._ray._engine import RayEngine
from rdsweep.engines._ray._shipping import shipped_code

_OBJECT_STORE_BYTES = 128 * 2**20
"""Ample for the plan of a sweep, the only thing that passes through it."""

_SECONDS_TO_ANSWER = 10.0
"""Time for a cluster to take a connection; Ray itself tries for minutes."""


_REFUSED = b"InvalidAuthToken"
_WITH_TOKEN = (
    "whose token this process has (RAY_AUTH_MODE=token, and RAY_AUTH_TOKEN_PATH with the file of the token)"
)


@contextmanager
def ray_engine(
    *, address: str | None, device: str, n_workers: int | None, console: Console
) -> Iterator[RayEngine]:
    """Connect to a Ray cluster, or start a local one and stop it at the end.

    Parameters
    ----------
    address : str or None
        As `ray.init` takes it; None starts Ray on this machine.
    device : {"auto", "cpu", "cuda", "both"}
        On a cluster, CUDA may be wanted before there is any, for nodes that an autoscaler adds.
    n_workers : int or None
        Packs at once on the fastest kind of device; by default one per core or GPU of the cluster.
    console : Console
        Told that Ray starts, which takes a while.

    Raises
    ------
    ValueError
        If there is no cluster at ``address`` or it wants another token, or ``device`` is none of these or
        not there.
    """
    logging.getLogger("ray.tune").setLevel(logging.CRITICAL)
    with _connection(address, n_cpus=n_workers, console=console):
        n_cores, n_spare_cores, n_gpus = _count_devices()
        may_come = address is not None and device == "cuda" and n_workers is not None
        chosen = choose_device(device, has_cuda=lambda: n_gpus > 0 or may_come)
        default = n_gpus if chosen == "cuda" else n_cores
        slots: dict[Device, int] = {chosen: n_workers or max(default, 1)}
        if device == "both" and chosen == "cuda" and n_spare_cores:
            slots["cpu"] = n_spare_cores
        yield RayEngine(slots, n_gpus=n_gpus)


def _count_devices() -> tuple[int, int, int]:
    """Return the numbers of cores, of cores on nodes without a GPU, and of GPUs of the cluster."""
    nodes: list[dict[str, Any]] = ray.nodes()  # type: ignore[no-untyped-call]
    resources = [node["Resources"] for node in nodes if node["Alive"]]
    n_cores = sum(int(node.get("CPU", 0)) for node in resources)
    n_spare = sum(int(node.get("CPU", 0)) for node in resources if not node.get("GPU"))
    return n_cores, n_spare, sum(int(node.get("GPU", 0)) for node in resources)


@contextmanager
def _connection(address: str | None, *, n_cpus: int | None, console: Console) -> Iterator[None]:
    if ray.is_initialized():
        yield
        return
    if address is not None:
        _check_answers(address)
    where = "starting Ray on this machine" if address is None else f"connecting to Ray at {address}"
    console.print(where, highlight=False, soft_wrap=True)
    # Sockets live in the folder and their paths may have 103 characters at most, so it cannot be the one that
    # macOS names in TMPDIR. Ray opens its own folder to all users and never deletes it, so it lies in a
    # private one that is deleted at the end.
    prefix = f"rdsweep-{os.getpid()}-"
    with tempfile.TemporaryDirectory(prefix=prefix, dir="/tmp", ignore_cleanup_errors=True) as folder:
        options: dict[str, Any] = (
            _local_options(folder, n_cpus=n_cpus)
            if address is None
            else {"address": address, "runtime_env": shipped_code()}
        )
        try:
            _init(options, console)
            yield
        finally:
            with deferred(lambda: None):
                ray.shutdown(wait_for_processes=True)  # so that none writes into the folder that goes next


def _init(options: dict[str, Any], console: Console) -> None:
    """Start Ray or connect to it, with signals in our own hands.

    Ray would have SIGTERM end this process with 15, and crash if a signal raised an exception while it starts
    processes. A cluster may keep one waiting, so there it may be raised.
    """
    is_local = options["address"] == "local"
    waiting = deferred(lambda: console.print("stopping once Ray has started"))
    with children_spared(), handlers_kept(), waiting if is_local else _token_explained(options["address"]):
        ray.init(**options, log_to_driver=False, logging_level=logging.ERROR)


@contextmanager
def _token_explained(address: str) -> Iterator[None]:
    """Say that a cluster wants another token, which Ray says only in lines of its core.

    Raises
    ------
    ValueError
        If that is why there is no connection.
    """
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as lines:
        os.dup2(lines.fileno(), 2)
        try:
            yield
        except (ConnectionError, AuthenticationError) as error:
            lines.seek(0)
            if isinstance(error, AuthenticationError) or _REFUSED in lines.read():
                lines.truncate(0)
                raise ValueError(
                    f"address must be that of a cluster {_WITH_TOKEN}, but got {address!r}"
                ) from error
            raise
        finally:
            os.dup2(terminal, 2)
            lines.seek(0)
            os.write(terminal, lines.read())
            os.close(terminal)


def _check_answers(address: str) -> None:
    """Raise ``ValueError`` if ``address`` names a host and a port at which nobody takes a connection."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal():  # auto, or what Ray refuses at once
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_SECONDS_TO_ANSWER).close()
    except OSError as error:
        cause = error.strerror or error
        raise ValueError(
            f"address must be that of a running Ray cluster, but got {address!r}: {cause}"
        ) from error


def _local_options(folder: str, *, n_cpus: int | None) -> dict[str, Any]:
    return {
        "address": "local",  # without it Ray looks for a cluster, dead ones included
        "num_cpus": n_cpus or usable_cores(),  # as `rdsweep plan` counts them
        "include_dashboard": False,
        "object_store_memory": _OBJECT_STORE_BYTES,
        "_temp_dir": f"{folder}/ray",
        # Ray hands the interpreter to a shell as it is, and its path may have spaces.
        "runtime_env": {"py_executable": shlex.quote(sys.executable)},
    }
