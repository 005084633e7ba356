"""What tests of several packages need: a small test set, object stores, and a place in one of two runs."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pyarrow import fs

FIRST = ("ray", "tests/training", "tests/report", "tests/rdstats/theory")
"""Groups of tests that take longest: one of them that began last would leave the other process idle."""

# Tests send themselves and their children SIGHUP, which a run under nohup would have all of them ignore.
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep the tests of a file in one process, since they share fixtures, and all that start a Ray in one.

    One Ray takes 2 to 3 GB of memory and both cores. pytest-xdist has marks for groups, but ``--dist
    loadgroup`` of release 3.8 takes no notice of them with pytest 9.2 (its issue 1386).
    """
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return group(nodeid, config.rootpath)

    return Scheduling(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put long groups first, where several processes share the tests."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: _rank(group(item.nodeid, config.rootpath)))


def _rank(name: str) -> int:
    return next((rank for rank, start in enumerate(FIRST) if name.startswith(start)), len(FIRST))


@cache
def group(nodeid: str, root: Path) -> str:
    """Return the file of a test, or ``ray`` where the file has tests that start a Ray."""
    file = nodeid.partition("::")[0]
    return "ray" if "pytest.mark.ray" in (root / file).read_text(encoding="utf-8") else file


@pytest.fixture(scope="module")
def small_test_set() -> Iterator[None]:
    """Four test images of each position instead of 64, and batches that divide their number."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rdsweep.training._evaluation.IMAGES_PER_POSITION", 4)
        patch.setattr("rdsweep.training._evaluation.PAPER_BATCH", 26)
        yield


@pytest.fixture(scope="module", params=["s3", "gs"])
def server(request: pytest.FixtureRequest) -> Iterator[SimpleNamespace]:
    """A server of Amazon's or of Google's protocol without any bucket, to which the environment points.

    Attributes
    ----------
    scheme : {"s3", "gs"}
    port : int
    process : subprocess.Popen
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = {
        "s3": ["moto.server", "-H", "127.0.0.1", "-p", str(port)],
        "gs": ["gcp_storage_emulator", "start", "--host=127.0.0.1", f"--port={port}", "--in-memory"],
    }[request.param]
    process = subprocess.Popen(
        [sys.executable, "-m", *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ENDPOINT_URL", "CLOUD_STORAGE_EMULATOR_ENDPOINT"):
            patch.setenv(name, f"http://127.0.0.1:{port}")
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "test")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        try:
            _wait_for(port, process)
            yield SimpleNamespace(scheme=request.param, port=port, process=process)
        finally:
            process.kill()
            process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    give_up = time.monotonic() + 30.0
    while time.monotonic() < give_up:
        assert process.poll() is None
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1.0).close()
            return
        except OSError:
            time.sleep(0.05)
    pytest.fail("the server did not start")


@pytest.fixture
def uri(server: SimpleNamespace, request: pytest.FixtureRequest) -> str:
    """A place for results in a bucket of the test's own."""
    bucket = re.sub(r"[^a-z0-9]+", "-", request.node.name)[-60:].strip("-")
    return f"{_make_bucket(server, bucket)}/results/tiny"


def _make_bucket(server: SimpleNamespace, name: str) -> str:
    """Make a bucket and return its URI."""
    if server.scheme == "s3":
        filesystem, _ = fs.FileSystem.from_uri(f"s3://{name}?allow_bucket_creation=true")
        filesystem.create_dir(name)
        return f"s3://{name}"
    url, body = f"http://127.0.0.1:{server.port}/storage/v1/b?project=test", json.dumps({"name": name})
    request = urllib.request.Request(url, body.encode(), {"Content-Type": "application/json"})
    urllib.request.urlopen(request, timeout=30.0).close()
    return f"gs://anonymous@{name}"
