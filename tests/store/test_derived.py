from __future__ import annotations

import pytest

from rdsweep.store import Results, open_results, read_pack, stale_packs, write_derived
from rdsweep.sweeps import Pack
from rdsweep.training import PackResult


@pytest.fixture
def stored(results: Results, pack: Pack, trained: PackResult) -> Results:
    results.write_pack(pack, trained, sweep_name="tiny")
    return results


def write(results: Results, pack: Pack, *, silhouette: float = 0.5) -> None:
    rows = [{"run_id": config.run_id, "silhouette": silhouette} for config in pack.configs]
    times = read_pack(results, "runs", pack.pack_id)["finished_at"]
    write_derived(results, "indices", rows, pack_id=pack.pack_id, finished_at=times.max())


def test_a_pack_is_stale_until_its_part_is_written(stored: Results, pack: Pack) -> None:
    assert list(stale_packs(stored, "indices")) == [pack.pack_id]
    write(stored, pack)
    assert stale_packs(stored, "indices") == {}
    assert stored.read("indices")["silhouette"].tolist() == [0.5] * len(pack.configs)


def test_a_pack_that_is_trained_again_is_stale(stored: Results, pack: Pack, trained: PackResult) -> None:
    write(stored, pack)
    stored.write_pack(pack, trained, sweep_name="tiny")
    assert list(stale_packs(stored, "indices")) == [pack.pack_id]


def test_another_meaning_of_a_column_makes_parts_stale(
    stored: Results, pack: Pack, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(stored, pack)
    from rdsweep.store import _derived

    schema = _derived.table_schema("indices")
    field = schema.field("silhouette").with_metadata({"unit": "1", "meaning": "another one"})
    other = schema.set(schema.get_field_index("silhouette"), field)
    monkeypatch.setattr(_derived, "table_schema", lambda table: other)
    assert list(stale_packs(stored, "indices")) == [pack.pack_id]


def test_a_table_that_a_pack_lacks_is_empty(stored: Results, pack: Pack) -> None:
    rows = read_pack(stored, "indices", pack.pack_id)
    assert rows.empty
    assert "silhouette" in rows
    assert stale_packs(open_results(stored.location), "indices")
