"""The store on real servers of object stores, which run on loopback."""

from __future__ import annotations

import io
import os
import signal
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow.parquet as pq
import pytest
from pyarrow import fs
from rich.console import Console

from rdsweep.cli import main
from rdsweep.engines import run_sweep
from rdsweep.store import Results, ResultsError, open_results, verify_results
from rdsweep.store._storage import StoredFile
from rdsweep.sweeps import Pack
from rdsweep.training import Checkpointer, PackResult


@pytest.fixture
def results(uri: str) -> Results:
    return open_results(uri, create=True)


def test_a_pack_is_written_and_read(results: Results, uri: str, pack: Pack, trained: PackResult) -> None:
    assert results.location == uri.replace("anonymous@", "")
    assert results.read("runs").empty
    results.write_pack(pack, trained, sweep_name="tiny", keep_weights=True)
    stored = open_results(Path(uri))
    assert stored.done() == {config.run_id for config in pack.configs}
    assert set(stored.status(pack.configs)["status"]) == {"completed"}
    assert len(stored.read("history")) == 3 * len(pack.configs)
    run = trained.runs[0]
    assert run.weights is not None
    np.testing.assert_array_equal(
        stored.weights(run.config.run_id)["encoder.weight"], run.weights["encoder.weight"]
    )
    filesystem, root = fs.FileSystem.from_uri(uri)
    assert len(pq.read_table(f"{root}/runs", filesystem=filesystem)) == len(pack.configs)


def test_results_must_be_there(uri: str) -> None:
    with pytest.raises(ResultsError, match=r"but \w+://.*/results/tiny holds no runs"):
        open_results(uri)


def test_no_bucket_is_made(server: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "test")  # with it, Arrow would
    place = {"s3": "s3://no-such-bucket/x", "gs": "gs://anonymous@no-such-bucket/x"}[server.scheme]
    for _ in range(2):
        with pytest.raises(
            ResultsError, match=r"^cannot make \w+://no-such-bucket/x[^\n]*: [^\n]*[Bb]ucket[^\n]*$"
        ):
            open_results(place, create=True)


def test_an_inline_sweep_runs_and_goes_on(uri: str, tiny: SimpleNamespace) -> None:
    def run(n_seeds: int):
        return run_sweep(
            tiny.grid(n_seeds=n_seeds),
            results=uri,
            engine="inline",
            device="cpu",
            pack_size=2,
            train=tiny.trainer(),
            console=Console(file=io.StringIO()),
        )

    assert (run(1).n_trained, run(2).n_trained, run(2).n_trained) == (4, 4, 0)
    stored = open_results(uri)
    assert stored.storage.names("leases") == stored.storage.names("checkpoints") == []
    verification = verify_results(stored)
    assert (verification.n_runs, verification.n_broken) == (8, 0)


def test_a_broken_object_is_put_aside(results: Results, tiny: SimpleNamespace) -> None:
    results.write_sweep("{name: tiny, seeds: 1, space: {grid: {capacity: 1}}}")
    packs = [Pack((config,)) for config in tiny.grid(n_seeds=1).configs]
    for pack in packs:
        results.write_pack(pack, tiny.trained_pack(pack.configs), sweep_name="tiny")
    name = f"runs/{packs[0].pack_id}.parquet"
    results.storage.write({name: results.storage.read(name).to_pybytes()[:-9]})
    with pytest.raises(ResultsError, match=r"is damaged .* rdsweep verify --repair"):
        results.done()
    verification = verify_results(results, repair=True)
    assert [problem.name for problem in verification.problems] == [name]
    assert len(results.done()) == len(packs) - 1
    assert results.storage.find(f"{verification.quarantine}/{name}") is not None


def test_launchers_share_packs(results: Results, tiny: SimpleNamespace) -> None:
    first, second = (Pack((config,)) for config in tiny.grid(n_seeds=1).configs[:2])
    with results.leases() as mine, results.leases() as theirs:
        assert mine.acquire(first)
        assert not theirs.acquire(first)
        assert theirs.acquire(second)
    assert results.leases().held_by_others() == ()


def test_a_checkpoint_is_kept_in_the_bucket(results: Results) -> None:
    import torch

    file = results.checkpoint_file("p")
    assert isinstance(file, StoredFile)
    device = torch.device("cpu")
    Checkpointer(file).save("mine", 3, {"steps": torch.tensor([64])})
    chunk, state = Checkpointer(file).load("mine", device) or (0, {})
    assert (chunk, state["steps"].tolist()) == (3, [64])
    file.remove()
    assert Checkpointer(file).load("mine", device) is None


def test_a_server_that_is_silent_for_a_while_loses_nothing(
    results: Results, server: SimpleNamespace, pack: Pack, trained: PackResult
) -> None:
    os.kill(server.process.pid, signal.SIGSTOP)
    awake = threading.Timer(2.0, os.kill, (server.process.pid, signal.SIGCONT))
    awake.start()
    started = time.monotonic()
    results.write_pack(pack, trained, sweep_name="tiny")
    assert time.monotonic() - started > 1.5
    awake.join()
    assert results.done() == {config.run_id for config in pack.configs}


def test_the_command_line_takes_uris(
    results: Results, uri: str, pack: Pack, trained: PackResult, capsys: pytest.CaptureFixture[str]
) -> None:
    results.write_sweep("{name: tiny, seeds: 1, space: {grid: {capacity: 1}}}")
    results.write_pack(pack, trained, sweep_name="tiny")
    for command in ("status", "verify", "table"):
        with pytest.raises(SystemExit) as caught:
            main([command, uri])
        printed = capsys.readouterr()
        assert (caught.value.code or 0, printed.err) == (0, "")
    assert "4 of 4 rows" in printed.out
