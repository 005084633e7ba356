"""Ray clusters of several nodes on the loopback interface, in processes that are ours to kill."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

FAST_DEATH = {
    "RAY_health_check_initial_delay_ms": "1000",
    "RAY_health_check_period_ms": "500",
    "RAY_health_check_timeout_ms": "3000",
    "RAY_health_check_failure_threshold": "5",
}
"""Has a dead node noticed within a few seconds rather than fourteen, and no busy one taken for dead."""


@dataclass
class LoopbackCluster:
    """A head without cores, and nodes."""

    folder: Path
    python: str = sys.executable
    port: int = 0
    head: subprocess.Popen[bytes] | None = None
    nodes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """What every process that is to join or use the cluster needs."""
        return {
            **os.environ,
            **FAST_DEATH,
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN_PATH": str(self.folder / "token"),
            "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # has a launcher look for Ray on the loopback interface
            "RAY_USAGE_STATS_ENABLED": "0",
            "OMP_NUM_THREADS": "1",
        }

    def start_head(self) -> None:
        (self.folder / "token").write_text(secrets.token_hex(32))
        self.port = self.port or free_port()
        self.head = self._ray(
            "start", "--head", f"--port={self.port}", "--num-cpus=0", "--include-dashboard=false",
            f"--temp-dir={self.folder}/ray", "--object-store-memory=80000000",
        )  # fmt: skip
        n_started = self._n_started()
        self._wait_until(lambda: self._n_started() > n_started, self.head)

    def add_node(self, *, n_cpus: int = 1) -> subprocess.Popen[bytes]:
        node = self._ray(
            "start", f"--address={self.address}", f"--num-cpus={n_cpus}", "--object-store-memory=80000000",
            number=len(self.nodes),
        )  # fmt: skip
        self.nodes.append(node)
        self._wait_until(lambda: self._n_started() == 1 + len(self.nodes), node)
        return node

    def kill(self, node: subprocess.Popen[bytes]) -> None:
        """End all processes of a node at once, as a power cut does."""
        for pid in descendants(node.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        node.wait(timeout=30)

    def close(self) -> None:
        for node in [*self.nodes, *filter(None, [self.head])]:
            self.kill(node)

    def _ray(self, command: str, *options: str, number: int = -1) -> subprocess.Popen[bytes]:
        arguments = [self.python, "-m", "ray.scripts.scripts", command, "--block", *options]
        with (self.folder / "ray.log").open("ab") as log:
            return subprocess.Popen(
                # Nodes have addresses of their own, or a launcher might take a worker for its own node.
                [*arguments, f"--node-ip-address=127.0.0.{2 + number}"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder,
                env=self.environment | {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "1", "NODE_NUMBER": str(number)},
                start_new_session=True,
            )  # fmt: skip

    def _n_started(self) -> int:
        return (self.folder / "ray.log").read_text().count("Ray runtime started")

    def _wait_until(self, condition: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
        give_up = time.monotonic() + 180.0
        while not condition():
            if process.poll() is not None or time.monotonic() > give_up:
                raise RuntimeError((self.folder / "ray.log").read_text())
            time.sleep(0.1)


@pytest.fixture
def start_cluster() -> Iterator[Callable[..., LoopbackCluster]]:
    """Return a function that starts a cluster with two nodes of one core each, all run by ``python``."""
    clusters: list[LoopbackCluster] = []

    def start(*, python: str = sys.executable) -> LoopbackCluster:
        # Paths of sockets may have 103 characters at most, so pytest's folders are too deep.
        cluster = LoopbackCluster(Path(tempfile.mkdtemp(prefix="rds-", dir="/tmp")), python=python)
        clusters.append(cluster)
        cluster.start_head()
        for _ in range(2):
            cluster.add_node()
        return cluster

    yield start
    for cluster in clusters:
        cluster.close()
        shutil.rmtree(cluster.folder, ignore_errors=True)


def descendants(pid: int) -> list[int]:
    """Return a process and all processes that descend from it, youngest generation last."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            text = stat.read_text()
            parent = int(text[text.rindex(")") + 2 :].split()[1])
            children.setdefault(parent, []).append(int(stat.parent.name))
    found = [pid]
    for known in found:
        found += children.get(known, [])
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
