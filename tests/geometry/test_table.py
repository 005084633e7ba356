from __future__ import annotations

import dataclasses
import math
import runpy
import subprocess
import sys
from multiprocessing import active_children
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from threadpoolctl import threadpool_info

from rdstats import compare_conditions
from rdstats.theory import optimal_prototypes
from rdsweep.config import SourceConfig
from rdsweep.geometry import UnstoredIndicesWarning, geometry_stimuli, geometry_table, read_codes, run_indices
from rdsweep.store import DERIVED_TABLES, Results, ResultsError, open_results
from rdsweep.sweeps import Pack
from rdsweep.training import PackResult, RunResult

UPPER, LOWER = np.divmod(np.arange(169), 13)


@pytest.fixture(scope="module")
def tiny() -> SimpleNamespace:
    return SimpleNamespace(**runpy.run_path(str(Path(__file__).parents[1] / "engines" / "sweep_script.py")))


def with_code(run: RunResult) -> RunResult:
    """Give a run a code of its own: noisy positions."""
    rng = np.random.default_rng(int(run.config.run_id, 16))
    mean = np.column_stack([UPPER, LOWER, np.zeros((169, 3))]) / 4.0 + 0.05 * rng.normal(size=(169, 5))
    codes = mean.repeat(9, axis=0) + 0.05 * rng.normal(size=(1521, 5))
    maps = {
        "latent_mean": mean.reshape(13, 13, 5),
        "latent_mean_sd": np.full((13, 13, 5), 0.05),
        "latent_scale": np.full((13, 13, 5), 0.2),
        "distortion_mse": rng.uniform(0.05, 0.1, size=(13, 13)),
        "rate": np.ones((13, 13)),
    }
    return dataclasses.replace(run, maps=maps, codes=codes)


@pytest.fixture
def packs(tiny) -> list[Pack]:
    configs = tiny.grid(n_seeds=2).configs
    return [Pack(configs[:4]), Pack(configs[4:])]


def store(results: Results, pack: Pack, tiny: SimpleNamespace, **changes: object) -> None:
    trained = tiny.trained_pack(pack.configs)
    runs = tuple(dataclasses.replace(with_code(run), **changes) for run in trained.runs)
    results.write_pack(pack, dataclasses.replace(trained, runs=runs), sweep_name="tiny")


@pytest.fixture
def results(tmp_path, packs, tiny) -> Results:
    stored = open_results(tmp_path / "tiny", create=True)
    for pack in packs:
        store(stored, pack, tiny)
    return stored


def parts(results: Results) -> dict[str, int]:
    folder = Path(results.location) / "indices"
    return {path.stem: path.stat().st_mtime_ns for path in folder.glob("*.parquet")}


def test_one_row_per_run_with_every_index(results, packs):
    table = geometry_table(results)
    names = [column.name for column in DERIVED_TABLES["indices"]]
    assert len(table) == table["run_id"].nunique() == 8
    assert list(table.columns[-len(names) + 1 :]) == names[1:]
    defined = table[names[1:]].drop(columns="frequency_exponent")
    assert np.isfinite(defined.to_numpy()).all()
    assert table["frequency_exponent"].isna().all()  # all sources are uniform
    pd.testing.assert_frame_equal(results.read("indices")[names], table[names])


def test_indices_are_those_of_the_arrays(results, packs):
    table = geometry_table(results).set_index("run_id")
    run = with_code(RunResult(packs[0].configs[0], "completed"))
    codes = run.codes.astype(np.float32)
    maps = {name: values.astype(np.float32) for name, values in run.maps.items()}
    expected = run_indices(codes, maps, source=SourceConfig())
    found = table.loc[run.config.run_id]
    assert {name: found[name] for name in expected} == pytest.approx(expected, nan_ok=True)


def test_only_what_is_missing_is_computed(results, packs, tiny):
    seen = []
    geometry_table(results, progress=lambda *counts: seen.append(counts))
    assert seen == [(0, 2), (1, 2), (2, 2)]
    before, seen = parts(results), []
    assert set(before) == {pack.pack_id for pack in packs}
    geometry_table(results, progress=lambda *counts: seen.append(counts))
    assert (parts(results), seen) == (before, [(0, 0)])
    store(results, packs[1], tiny)
    geometry_table(results)
    changed = {pack for pack, time in parts(results).items() if time != before[pack]}
    assert changed == {packs[1].pack_id}


@pytest.mark.parametrize("damage", ["content", "schema"])
def test_a_part_that_is_damaged_or_has_other_columns_is_made_again(results, packs, damage):
    expected = geometry_table(results)
    part = Path(results.location) / "indices" / f"{packs[0].pack_id}.parquet"
    if damage == "content":
        part.write_bytes(b"neither Parquet nor a pickle")
    else:
        pq.write_table(pq.read_table(part).drop_columns("silhouette"), part)
    pd.testing.assert_frame_equal(geometry_table(results), expected)


def test_processes_give_the_same_table(results):
    spread = geometry_table(results, n_workers=2)
    assert not active_children()
    for pack in parts(results):
        (Path(results.location) / "indices" / f"{pack}.parquet").unlink()
    pd.testing.assert_frame_equal(geometry_table(results), spread)


def test_an_interrupt_ends_the_processes(results):
    def interrupt(n_done: int, n_packs: int) -> None:
        if n_done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        geometry_table(results, n_workers=2, progress=interrupt)
    assert not active_children()


def test_one_thread_is_enough_for_small_products(results, monkeypatch):
    def n_threads(*_: object) -> list[dict[str, object]]:
        seen.extend(pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas")
        return []

    seen: list[int] = []
    monkeypatch.setattr("rdsweep.geometry._table.pack_indices", n_threads)
    geometry_table(results)
    assert set(seen) == {1}


def test_a_process_that_computes_indices_does_not_load_pytorch():
    code = "import sys, rdsweep.geometry; print('torch' in sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout == "False\n"


def test_results_that_cannot_be_written_to_still_give_a_table(results, monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise ResultsError("cannot write indices: Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr("rdsweep.geometry._table.write_derived", refuse)
        with pytest.warns(
            UnstoredIndicesWarning, match=r"indices of 8 runs .* not stored: .* Permission denied"
        ):
            unstored = geometry_table(results)
    assert parts(results) == {}
    pd.testing.assert_frame_equal(unstored, geometry_table(results))


def test_a_folder_without_codes_has_the_indices_of_its_maps(tmp_path, packs, tiny):
    old = open_results(tmp_path / "old", create=True)
    store(old, packs[0], tiny, codes=None)
    (tmp_path / "old" / "codes" / f"{packs[0].pack_id}.parquet").unlink()
    (tmp_path / "old" / "codes").rmdir()
    table = geometry_table(old)
    assert read_codes(old) == {}
    assert table["silhouette"].isna().all()
    assert (table["effective_positions"] > 10.0).all()


def test_failed_runs_have_no_row(tmp_path, packs, tiny):
    results = open_results(tmp_path / "failed", create=True)
    pack = packs[0]
    runs = (
        RunResult(pack.configs[0], "failed", "diverged"),
        *(with_code(run) for run in tiny.trained_pack(pack.configs).runs[1:]),
    )
    results.write_pack(pack, PackResult(runs, "cpu", "fp32", 1.0), sweep_name="tiny")
    table = geometry_table(results)
    assert table["run_id"].tolist() == sorted(config.run_id for config in pack.configs[1:])


def test_codes_are_read_by_run(results, packs):
    codes = read_codes(results)
    run = with_code(RunResult(packs[0].configs[2], "completed"))
    np.testing.assert_array_equal(codes[run.config.run_id], run.codes.astype(np.float32))
    assert len(codes) == 8
    assert all(code.shape == (len(geometry_stimuli().positions), 5) for code in codes.values())


def test_a_condition_is_compared_with_the_baseline(results):
    table = compare_conditions(geometry_table(results), baseline="baseline", metric="effective_positions")
    assert table["n"].tolist() == [2] * len(table)
    assert set(table["model"]) == {"E2M1"}


def test_the_number_of_workers_is_checked(results):
    with pytest.raises(ValueError, match="n_workers must be an integer of at least 1, but got 0"):
        geometry_table(results, n_workers=0)


def maps_of(mean: np.ndarray, **changes: object) -> dict[str, np.ndarray]:
    shape = (13, 13, mean.shape[1])
    flat = {"latent_mean_sd": np.zeros(shape), "latent_scale": np.full(shape, 0.5)}
    by_position = {"distortion_mse": np.ones((13, 13)), "rate": np.ones((13, 13))}
    return {"latent_mean": mean.reshape(shape), **by_position, **flat, **changes}


def test_indices_of_the_position_itself():
    mean = np.column_stack([UPPER, LOWER]).astype(float)
    indices = run_indices(mean.repeat(2, axis=0), maps_of(mean), source=SourceConfig("alignment", 10.0))
    assert indices["parallelism_corridors"] == indices["generalization_corridors"] == pytest.approx(1.0)
    assert indices["participation_ratio"] == pytest.approx(2.0)
    assert indices["silhouette"] == 1.0
    for name in ("dprime_order", "dprime_region", "dprime_bins", "frequency_exponent", "distortion_order"):
        assert indices[name] == pytest.approx(0.0, abs=1e-9)


def test_indices_of_a_specialized_code():
    mean = np.column_stack([UPPER, np.where(LOWER <= 6, 3 * LOWER, 12 + LOWER)]).astype(float)
    distortion = np.where(LOWER <= 6, 0.05, 0.1).reshape(13, 13)
    indices = run_indices(
        None, maps_of(mean, distortion_mse=distortion), source=SourceConfig("lower_corridor", 10.0)
    )
    assert indices["distortion_lower_corridor"] == pytest.approx(-math.log(2))
    assert indices["dprime_lower_corridor"] > 0.3
    assert indices["frequency_exponent"] > 0.1
    assert math.isnan(indices["silhouette"])


def test_the_optimal_code_of_the_own_rate_has_no_distance_from_its_prototypes():
    codes = {rate: optimal_prototypes(rate) for rate in (0.5, 3.0)}
    distance = {
        (of, at): run_indices(None, maps_of(codes[of], rate=np.full((13, 13), at)), source=SourceConfig())[
            "prototype_distance"
        ]
        for of in codes
        for at in codes
    }
    assert distance[0.5, 0.5] == distance[3.0, 3.0] == pytest.approx(0.0, abs=1e-6)
    assert min(distance[0.5, 3.0], distance[3.0, 0.5]) > 0.3
    alignment = run_indices(None, maps_of(codes[0.5]), source=SourceConfig("alignment", 10.0))
    assert math.isnan(alignment["prototype_distance"])


def test_a_constant_code_has_no_index_but_fails_none():
    mean = np.ones((169, 3))
    indices = run_indices(mean.repeat(9, axis=0), maps_of(mean), source=SourceConfig())
    assert indices["effective_positions"] == 1.0
    assert indices["active_units"] == 0.0
    assert indices["generalization_order"] == 0.5
    assert math.isnan(indices["dprime_order"])
    assert math.isnan(indices["scatter_ratio"])


def test_codes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="equally many images of 169 positions, but got 170"):
        run_indices(np.ones((170, 3)), maps_of(np.ones((169, 3))), source=SourceConfig())
