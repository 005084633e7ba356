"""A study in PostgreSQL, by several processes at once, on a server that the test starts on the loopback."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import optuna
import pytest

from rdsweep.store import open_results
from rdsweep.studies import load_study_file, read_study
from rdsweep.studies._storage import open_optuna_storage

SCRIPT = Path(__file__).with_name("study_script.py")
STUDY = """
name: shared
kind: frontier
seeds: 2
search: {beta: [3, 300], learning_rate: [1e-4, 1e-2]}
n_configs: 18
batch: 3
training: {n_train: 64, epochs: 1}
"""


def _binary(name: str) -> str | None:
    """Return the path of a PostgreSQL program; Debian keeps the server's out of PATH."""
    newest = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return shutil.which(name) or (str(newest[-1]) if newest else None)


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    initdb, postgres = _binary("initdb"), _binary("postgres")
    if initdb is None or postgres is None:
        assert not os.environ.get("CI"), "CI needs Debian's package postgresql"
        pytest.skip("needs initdb and postgres (Debian: apt-get install postgresql)")
    # The server refuses to run as root, and paths of sockets have to be short.
    user = ["runuser", "-u", "nobody", "--"] if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory(prefix="pg-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o777)  # for the user above; the database itself is private
        data = f"{folder}/data"
        subprocess.run(
            [*user, initdb, "-D", data, "-U", "study", "--auth=trust", "--no-sync"],
            check=True, capture_output=True, cwd=folder,
        )  # fmt: skip
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        options = ["-p", str(port), "-k", folder, "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]
        server = subprocess.Popen(
            [*user, postgres, "-D", data, *options], stderr=subprocess.DEVNULL, cwd=folder
        )
        try:
            _wait_for(port)
            yield f"postgresql+psycopg://study@127.0.0.1:{port}/postgres"
        finally:
            pid = Path(data, "postmaster.pid").read_text().splitlines()[0]
            os.kill(int(pid), 2)
            server.wait(timeout=30)


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            time.sleep(0.5)  # until it also takes queries
            return
    raise TimeoutError("PostgreSQL did not start")


def test_processes_share_a_study(database: str, tmp_path: Path) -> None:
    study, results = tmp_path / "shared.yaml", tmp_path / "results"
    study.write_text(STUDY)
    command = [sys.executable, "-W", "error", str(SCRIPT), str(study), str(results), "--storage", database]

    def start(*options: str) -> subprocess.Popen[str]:
        return subprocess.Popen([*command, *options], stderr=subprocess.PIPE, text=True)

    # One process dies in training; those that are at work meanwhile or come later take its trials over.
    dying = start("--kill", "train")
    _, errors = dying.communicate(timeout=60)
    assert dying.returncode == -9, errors
    processes = [start() for _ in range(3)]
    for process in processes:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
    (tried,) = read_study(load_study_file(study), results=results, storage=database).tried.values()
    assert [each.state for each in tried] == ["completed"] * 18
    assert len({each.parameters["beta"] for each in tried}) == 18
    storage = open_optuna_storage(database, results=open_results(results))
    trials = optuna.load_study(study_name="shared", storage=storage).trials
    assert {trial.state.name for trial in trials} <= {"COMPLETE", "FAIL"}
