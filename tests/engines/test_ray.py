"""A real local Ray, in processes of its own: its warnings are not ours, and a test must be able to end it."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console

from rdsweep._signals import handled_by
from rdsweep.store import open_results

pytest.importorskip("ray")
pytestmark = pytest.mark.ray

SCRIPT = Path(__file__).with_name("sweep_script.py")
PATIENCE_SECONDS = 300.0
"""Ten times what a launch takes on two quiet cores: another test runs beside these."""


@pytest.mark.parametrize(
    ("slots", "n_gpus", "device", "resources"),
    [
        ({"cpu": 2}, 1, "cpu", {"CPU": 1}),
        ({"cuda": 2}, 2, "cuda", {"CPU": 1, "GPU": 1.0}),
        ({"cuda": 1}, 2, "cuda", {"CPU": 1, "GPU": 1.0}),
        ({"cuda": 5}, 2, "cuda", {"CPU": 1, "GPU": 1 / 3}),
        ({"cuda": 4}, 0, "cuda", {"CPU": 1, "GPU": 1.0}),  # GPUs that an autoscaler has yet to add
        ({"cuda": 2, "cpu": 8}, 2, "cpu", {"CPU": 1}),
    ],
)
def test_a_trial_takes_a_core_and_a_share_of_a_gpu(
    slots: dict[str, int], n_gpus: int, device: str, resources: dict[str, float]
) -> None:
    from rdsweep.engines._ray import RayEngine
    from rdsweep.engines._ray._trial import resources_of_trial

    engine = RayEngine(slots, n_gpus)  # type: ignore[arg-type]
    assert resources_of_trial(engine.gpu_share)({"device": device}).bundles == [resources]


def test_a_cluster_that_does_not_answer_is_told_at_once() -> None:
    from rdsweep.engines._ray import ray_engine

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))  # and does not listen
        address = f"127.0.0.1:{probe.getsockname()[1]}"
        with (
            pytest.raises(
                ValueError, match=rf"running Ray cluster, but got '{address}': Connection refused$"
            ),
            ray_engine(address=address, device="cpu", n_workers=1, console=Console()),
        ):
            pass


def open_with(monkeypatch: pytest.MonkeyPatch, init: Callable[..., None], *, address: str | None) -> None:
    """Open the engine where ``init`` stands for Ray's own start."""
    import ray

    from rdsweep.engines._ray import _connection, ray_engine

    monkeypatch.setattr(ray, "init", init)
    monkeypatch.setattr(ray, "shutdown", lambda **_: None)
    monkeypatch.setattr(_connection, "_count_devices", lambda: (1, 0, 0))
    with ray_engine(address=address, device="cpu", n_workers=1, console=Console(file=io.StringIO())):
        pass


def test_a_cluster_that_wants_a_token_says_so(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from ray.exceptions import AuthenticationError

    def refused(**_: object) -> None:
        os.write(2, b"gcs_client.cc:210: Unauthenticated: RPC error: InvalidAuthToken\n")
        raise ConnectionError("Failed to connect to Ray cluster at auto")

    def without_file(**_: object) -> None:
        raise AuthenticationError("RAY_AUTH_TOKEN_PATH is set but file cannot be opened")

    for init in (refused, without_file):
        with pytest.raises(ValueError, match=r"a cluster whose token .*RAY_AUTH_TOKEN_PATH.* but got 'auto'"):
            open_with(monkeypatch, init, address="auto")
        assert capfd.readouterr().err == "", "the lines of Ray's core say nothing more"


def test_what_else_ray_says_of_a_cluster_is_shown(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def unreachable(**_: object) -> None:
        os.write(2, b"no route\n")
        raise ConnectionError("Failed to connect")

    with pytest.raises(ConnectionError, match="Failed to connect"):
        open_with(monkeypatch, unreachable, address="auto")
    assert capfd.readouterr().err == "no route\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_waits_until_ray_has_started_and_reaches_our_handler(
    monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    events: list[str] = []

    def init(**_: object) -> None:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(15))  # as Ray does
        os.kill(os.getpid(), number)
        time.sleep(0.01)
        events.append("started")

    with handled_by(lambda number, _: events.append(signal.Signals(number).name)):
        open_with(monkeypatch, init, address=None)
    assert events == ["started", number.name]


def launch(results: Path, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, str(SCRIPT), str(results), "--engine", "ray", *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def temporary_folders(process: subprocess.Popen[str]) -> list[Path]:
    return list(Path("/tmp").glob(f"rdsweep-{process.pid}-*"))


def test_a_dead_worker_costs_no_run_and_numbers_are_those_of_the_inline_engine(
    tiny: SimpleNamespace, tmp_path: Path
) -> None:
    results, log, died = tmp_path / "tiny", tmp_path / "trained", tmp_path / "died"
    process = launch(results, "--log", str(log), "--die-once", str(died))
    output, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0, output
    assert died.exists()

    configs = tiny.grid(n_seeds=4).configs
    assert sorted(line.split()[0] for line in log.read_text().splitlines()) == sorted(
        config.run_id for config in configs
    )
    runs = open_results(results).read("runs").set_index("run_id")
    for config in configs:
        expected = tiny.trained(config).measures
        assert {name: runs.loc[config.run_id, name] for name in expected} == expected
    assert "16/16 runs" in output
    assert "WARNING" not in output
    assert sorted(path.name for path in results.iterdir() if path.is_file()) == ["sweep.yaml"]
    assert temporary_folders(process) == []


def wait_for_parts(results: Path, n_parts: int, process: subprocess.Popen[str]) -> None:
    while len(list((results / "runs").glob("*.parquet"))) < n_parts:
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.01)


def test_an_interrupt_lets_running_packs_finish_and_starts_no_other(tmp_path: Path) -> None:
    results, log = tmp_path / "tiny", tmp_path / "trained"
    process = launch(results, "--seconds", "2", "--log", str(log))
    wait_for_parts(results, 2, process)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 130, output
    assert "finishing the packs in training" in output
    started = {line.split()[0] for line in log.read_text().splitlines()}
    assert 4 <= len(started) < 16
    assert open_results(results).done() == started
    assert temporary_folders(process) == []


def test_a_second_interrupt_leaves_nothing_running(tmp_path: Path) -> None:
    results = tmp_path / "tiny"
    process = launch(results, "--seconds", "3")
    wait_for_parts(results, 1, process)
    assert temporary_folders(process)
    process.send_signal(signal.SIGINT)
    # Two signals that come while Python is in a long call would count as one, so wait for the answer.
    assert process.stdout is not None
    assert any("interrupt again" in line for line in process.stdout)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert output.rstrip().endswith("KeyboardInterrupt")

    done = open_results(results).done()
    assert 2 <= len(done) < 16
    time.sleep(3.5)  # long enough for two more packs, if a worker were still alive
    assert open_results(results).done() == done
    assert temporary_folders(process) == []


def test_a_preempted_sweep_goes_on_from_its_checkpoints(tmp_path: Path) -> None:
    results, log = tmp_path / "tiny", tmp_path / "trained"
    process = launch(results, "--seconds", "8", "--steps", "16", "--workers", "2", "--log", str(log))
    while not log.exists() or len(log.read_text().splitlines()) < 4:
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.01)
    time.sleep(1.5)  # a few steps of the first two packs
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=20)
    assert process.returncode == 143, output
    assert open_results(results).done() == frozenset()
    assert len(list((results / "checkpoints").iterdir())) == 2

    log.unlink()
    command = [sys.executable, str(SCRIPT), str(results), "--steps", "16", "--log", str(log)]
    subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE_SECONDS)
    first_steps = [int(line.split()[1]) for line in log.read_text().splitlines()]
    assert sum(step > 0 for step in first_steps) == 4
    assert len(first_steps) == 16


def test_nothing_listens_beyond_the_loopback_interface(tmp_path: Path) -> None:
    process = launch(tmp_path / "tiny", "--seconds", "3")
    wait_for_parts(tmp_path / "tiny", 1, process)
    addresses = listening_addresses(descendants(process.pid))
    process.kill()
    process.communicate()
    assert len(addresses) > 3, "Ray listens on several sockets"
    assert {address for address in addresses if not is_loopback(address)} == set()


def descendants(pid: int) -> list[int]:
    """Return a process and all that descend from it."""
    found = [pid]
    for known in found:
        for children in Path(f"/proc/{known}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                found += map(int, children.read_text().split())
    return found


def listening_addresses(pids: list[int]) -> list[str]:
    """Return the addresses of the TCP sockets on which processes listen, as in ``/proc/net/tcp``."""
    sockets = {
        fields[9]: fields[1].partition(":")[0]
        for name in ("tcp", "tcp6")
        for fields in map(str.split, Path("/proc/net", name).read_text().splitlines()[1:])
        if fields[3] == "0A"
    }
    inodes = set()
    for pid in pids:
        with contextlib.suppress(OSError):
            links = [os.readlink(path) for path in Path(f"/proc/{pid}/fd").iterdir()]
            inodes |= {link[8:-1] for link in links if link.startswith("socket:[")}
    return [address for inode, address in sockets.items() if inode in inodes]


def is_loopback(address: str) -> bool:
    # Hexadecimal words in the byte order of the machine: 127.x.x.x, the same mapped to IPv6, and ::1.
    return address.endswith("7F") or address == "00000000000000000000000001000000"
