from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import duckdb
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from rdsweep.store import TABLES, Results, ResultsError, columns_table, open_results
from rdsweep.sweeps import Pack
from rdsweep.training import PackResult, RunResult


def failed(pack: Pack, message: str = "loss is not finite") -> PackResult:
    runs = tuple(RunResult(config, "failed", message) for config in pack.configs)
    return PackResult(runs, device="cpu", precision="", wall_seconds=1.0)


def folder_of(results: Results, table: str = "") -> Path:
    return Path(results.location) / table


def all_files(results: Results) -> list[Path]:
    return [path for path in folder_of(results).rglob("*") if path.is_file()]


@pytest.fixture
def stored(results: Results, pack: Pack, trained: PackResult) -> Results:
    results.write_pack(pack, trained, sweep_name="tiny")
    return results


def test_what_was_written_is_read(stored: Results, trained: PackResult) -> None:
    runs = stored.read("runs").set_index("run_id")
    assert len(runs) == len(trained.runs)
    for run in trained.runs:
        row = runs.loc[run.config.run_id]
        assert {name: row[name] for name in run.measures} == run.measures
        assert (row["seed"], row["status"], row["sweep"]) == (run.config.seed, "completed", "tiny")


def test_history_keeps_its_order_within_a_run(stored: Results) -> None:
    history = stored.read("history")
    assert history["run_id"].is_monotonic_increasing
    assert history.groupby("run_id")["step"].apply(list).tolist() == [[0, 1, 2]] * 4


def test_maps_come_back_as_arrays(stored: Results, trained: PackResult) -> None:
    maps = stored.read("maps").set_index("run_id")
    run = trained.runs[0]
    stacked = maps.loc[run.config.run_id, "latent_mean"].reshape(13, 13, maps["n_latents"].iloc[0])
    np.testing.assert_array_equal(stacked, run.maps["latent_mean"])


def test_an_empty_folder_has_empty_tables(results: Results) -> None:
    for table, columns in TABLES.items():
        frame = results.read(table)
        assert frame.empty
        assert frame.columns.tolist() == [column.name for column in columns]


def test_columns_are_returned_in_the_order_asked_for(stored: Results) -> None:
    assert stored.read("runs", ["rate", "model"]).columns.tolist() == ["rate", "model"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run",), r"table must be one of .*, but got 'run'"),
        (("runs", ["rates"]), r"columns must be columns of 'runs', but got \['rates'\]"),
    ],
)
def test_unknown_names_are_refused(stored: Results, arguments: tuple[object, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        stored.read(*arguments)  # type: ignore[arg-type]


def test_one_line_of_pandas_and_of_duckdb(stored: Results) -> None:
    (folder_of(stored, "runs") / ".half.parquet.host.1.2.tmp").write_bytes(b"PAR1 and no more")
    with_pandas = pd.read_parquet(folder_of(stored, "runs"))
    with_duckdb = duckdb.sql(f"FROM '{folder_of(stored, 'runs')}/*.parquet'").df()
    for frame in (with_pandas, with_duckdb):
        rates = frame.sort_values("run_id")["rate"].to_numpy()
        np.testing.assert_array_equal(rates, stored.read("runs")["rate"].to_numpy())


def test_units_are_in_the_files(stored: Results) -> None:
    part = next(folder_of(stored, "runs").glob("*.parquet"))
    assert pq.read_schema(part).field("rate").metadata[b"unit"] == b"nats per image"
    columns = columns_table().set_index(["table", "column"])
    assert columns.loc[("runs", "rate"), "unit"] == "nats per image"
    assert (columns["meaning"] != "").all()


def test_scores_are_read_from_the_pack_that_counts(
    tiny: SimpleNamespace, stored: Results, pack: Pack, trained: PackResult
) -> None:
    smaller = Pack(pack.configs[-1:])
    again = replace(trained.runs[-1], scores=({"task": "order", "regime": "joint", "f1": -1.0},))
    stored.write_pack(smaller, replace(trained, runs=(again,)), sweep_name="other")
    assert pd.read_parquet(folder_of(stored, "scores"))["f1"].min() == -1.0
    assert stored.read("scores")["f1"].min() > 0.0
    assert stored.read("runs")["sweep"].unique().tolist() == ["tiny"]


def test_a_pack_without_its_runs_does_not_exist(stored: Results, pack: Pack) -> None:
    (folder_of(stored, "runs") / f"{pack.pack_id}.parquet").unlink()
    assert all(stored.read(table).empty for table in TABLES)
    assert stored.done() == frozenset()


def test_status_of_done_failed_and_missing_runs(tiny: SimpleNamespace, results: Results) -> None:
    configs = tiny.grid(n_seeds=3, capacities=[1.0]).configs[:3]
    done, broken = Pack(configs[:1]), Pack(configs[1:2])
    results.write_pack(done, tiny.trained_pack(done.configs), sweep_name="tiny")
    results.write_pack(broken, failed(broken), sweep_name="tiny")
    assert results.done() == {configs[0].run_id}
    assert results.failed() == {configs[1].run_id}
    status = results.status(configs)
    assert status["status"].tolist() == ["completed", "failed", "missing"]
    assert status["message"].tolist() == ["", "loss is not finite", ""]
    assert status["seed"].tolist() == [0, 1, 2]


def test_status_of_an_empty_folder(tiny: SimpleNamespace, results: Results) -> None:
    assert set(results.status(tiny.grid(n_seeds=1).configs)["status"]) == {"missing"}


def test_a_completed_retry_replaces_a_failure(results: Results, pack: Pack, trained: PackResult) -> None:
    results.write_pack(pack, failed(pack), sweep_name="tiny")
    assert len(results.failed()) == 4
    results.write_pack(pack, trained, sweep_name="tiny")
    assert (len(results.failed()), len(results.done())) == (0, 4)


def test_folders_merge_by_copying(tiny: SimpleNamespace, tmp_path: Path) -> None:
    configs = tiny.grid(n_seeds=2).configs
    for machine, runs in (("a", configs[:5]), ("b", configs[3:])):
        results = open_results(tmp_path / machine, create=True)
        results.write_pack(Pack(runs), tiny.trained_pack(runs), sweep_name="tiny")
    shutil.copytree(tmp_path / "b", tmp_path / "a", dirs_exist_ok=True)
    merged = open_results(tmp_path / "a")
    assert merged.done() == {config.run_id for config in configs}
    assert merged.read("runs")["run_id"].is_unique
    assert len(merged.read("history")) == 3 * len(configs)


def test_weights_are_kept_on_demand(results: Results, pack: Pack, trained: PackResult) -> None:
    run = trained.runs[0]
    results.write_pack(pack, trained, sweep_name="tiny")
    with pytest.raises(ResultsError, match="run_id must be a run whose weights were kept"):
        results.weights(run.config.run_id)
    results.write_pack(pack, trained, sweep_name="tiny", keep_weights=True)
    weights = results.weights(run.config.run_id)
    assert list(weights) == ["encoder.weight"]
    np.testing.assert_array_equal(weights["encoder.weight"], run.weights["encoder.weight"])


def test_a_part_with_another_schema_is_refused(stored: Results, pack: Pack) -> None:
    part = folder_of(stored, "history") / f"{pack.pack_id}.parquet"
    rows = pq.read_table(part)
    pq.write_table(rows.drop_columns("beta"), part)
    with pytest.raises(ResultsError, match=r"history/.* lacks the column 'beta' of the table 'history'"):
        stored.read("history")
    pq.write_table(rows.set_column(1, "step", rows["step"].cast("float64")), part)
    with pytest.raises(ResultsError, match=r"has 'step' as double, but the table 'history' has it as int64"):
        stored.read("history")


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: b"neither Parquet nor a pickle",
        lambda content: content[: len(content) // 2],
        # A flipped bit in the first page, which decompresses all the same, is found by its checksum.
        lambda content: content[:30] + bytes([content[30] ^ 1]) + content[31:],
    ],
)
def test_a_damaged_part_is_named(stored: Results, pack: Pack, damage: Callable[[bytes], bytes]) -> None:
    part = folder_of(stored, "runs") / f"{pack.pack_id}.parquet"
    part.write_bytes(damage(part.read_bytes()))
    with pytest.raises(
        ResultsError,
        match=rf"runs/{pack.pack_id}.parquet is damaged \(.*; rdsweep verify --repair puts it aside",
    ):
        stored.read("runs")


def test_a_full_disk_keeps_what_was_stored_before(
    stored: Results, pack: Pack, trained: PackResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {path: path.read_bytes() for path in all_files(stored)}
    calls = iter(range(100))

    def fsync(descriptor: int) -> None:
        if next(calls) == len(TABLES) - 1:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(ResultsError, match="No space left on device"):
        stored.write_pack(pack, trained, sweep_name="again")
    assert {path: path.read_bytes() for path in all_files(stored)} == before


def test_checkpoints_are_kept_while_another_launcher_trains(results: Results, pack: Pack) -> None:
    file = results.checkpoint_file(pack.pack_id)
    file.write(b"half")
    with results.leases() as theirs:
        assert theirs.acquire(pack)
        results.drop_checkpoints()
        assert file.read() == b"half"
    results.drop_checkpoints()
    assert file.read() is None
