from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pyarrow.parquet as pq
import pytest

from rdsweep.store import Results, verify_results
from rdsweep.store._parts import encode_part
from rdsweep.sweeps import Pack

N_RUNS = 12


@pytest.fixture
def packs(tiny: SimpleNamespace) -> tuple[Pack, ...]:
    configs = tiny.grid(n_seeds=3).configs
    return tuple(Pack(configs[first : first + 4]) for first in range(0, len(configs), 4))


@pytest.fixture
def stored(results: Results, tiny: SimpleNamespace, packs: tuple[Pack, ...]) -> Results:
    results.write_sweep("{name: tiny, seeds: 1, space: {grid: {capacity: 1}}}")
    for pack in packs:
        results.write_pack(pack, tiny.trained_pack(pack.configs), sweep_name="tiny", keep_weights=True)
    return results


def part(results: Results, pack: Pack, table: str) -> Path:
    return Path(results.location) / table / f"{pack.pack_id}.parquet"


def rewrite(path: Path, change: Callable[..., object], *, keep_checksums: bool = True) -> None:
    """Change the rows of a part, which stays a sound Parquet file."""
    rows = pq.read_table(path)
    changed = change(rows)
    path.write_bytes(
        encode_part(changed.replace_schema_metadata(rows.schema.metadata if keep_checksums else None))
    )


def forget_checksums(results: Results, packs: tuple[Pack, ...]) -> None:
    """Make the parts like those of version 0.1.0."""
    for pack in packs:
        rewrite(part(results, pack, "runs"), lambda rows: rows, keep_checksums=False)


def all_files(results: Results) -> dict[str, bytes]:
    folder = Path(results.location)
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_sound_results_have_no_problems(stored: Results) -> None:
    verification = verify_results(stored, repair=True)
    assert (verification.n_packs, verification.n_runs, verification.n_broken) == (3, N_RUNS, 0)
    assert (verification.problems, verification.quarantine) == ((), None)


@pytest.mark.parametrize(
    ("table", "damage", "flaw"),
    [
        ("runs", lambda content: content[: len(content) // 2], "is damaged ("),
        ("runs", lambda content: b"", "is damaged ("),
        ("runs", lambda content: content[:30] + bytes([content[30] ^ 1]) + content[31:], "is damaged ("),
        ("scores", lambda content: b"", "is not the file that was stored with its runs"),
        ("maps", lambda content: content[:-1], "is not the file that was stored with its runs"),
    ],
)
def test_damage_is_found_put_aside_and_nothing_is_deleted(
    stored: Results, packs: tuple[Pack, ...], table: str, damage: Callable[[bytes], bytes], flaw: str
) -> None:
    broken = part(stored, packs[1], table)
    broken.write_bytes(damage(broken.read_bytes()))
    before = all_files(stored)

    found = verify_results(stored)
    assert all_files(stored) == before
    (problem,) = found.problems
    assert problem.name == f"{table}/{packs[1].pack_id}.parquet"
    assert problem.flaw.startswith(flaw)
    assert "\n" not in str(problem)
    assert (found.n_packs, found.n_runs, found.n_broken) == (3, N_RUNS - 4, 1)

    repaired = verify_results(stored, repair=True)
    after = all_files(stored)
    assert sorted(before.values()) == sorted(after.values())
    moved = {name.removeprefix(f"{repaired.quarantine}/") for name in after.keys() - before.keys()}
    assert moved == before.keys() - after.keys()
    assert {Path(name).stem for name in moved} == {packs[1].pack_id}
    assert stored.done() == {config.run_id for pack in (packs[0], packs[2]) for config in pack.configs}
    assert verify_results(stored).problems == ()


def test_a_repaired_pack_can_be_stored_and_broken_again(
    stored: Results, packs: tuple[Pack, ...], tiny: SimpleNamespace
) -> None:
    for _ in range(2):
        part(stored, packs[0], "history").unlink()
        assert verify_results(stored, repair=True).n_broken == 1
        stored.write_pack(packs[0], tiny.trained_pack(packs[0].configs), sweep_name="tiny", keep_weights=True)
    assert verify_results(stored).n_runs == N_RUNS
    assert len(list((Path(stored.location) / "quarantine").iterdir())) == 2


@pytest.mark.parametrize("table", ["scores", "maps", "codes"])
def test_a_missing_part_is_a_flaw_and_a_missing_table_is_none(
    stored: Results, packs: tuple[Pack, ...], table: str
) -> None:
    part(stored, packs[0], table).unlink()
    assert [problem.flaw for problem in verify_results(stored).problems] == ["is missing"]
    for pack in packs[1:]:
        part(stored, pack, table).unlink()
    assert verify_results(stored).problems == ()
    part(stored, packs[0], table).parent.rmdir()
    assert verify_results(stored).problems == ()


def test_ids_are_computed_again(stored: Results, packs: tuple[Pack, ...]) -> None:
    def other_config(rows):
        configs = [text.replace('"seed":0', '"seed":9') for text in rows["config"].to_pylist()]
        return rows.set_column(rows.schema.get_field_index("config"), "config", [configs])

    rewrite(part(stored, packs[0], "runs"), other_config)
    (problem,) = verify_results(stored).problems
    assert problem.flaw == "has 2 of 4 runs whose id is not that of their configuration"


@pytest.mark.parametrize("change", [lambda rows: rows.slice(1), lambda rows: rows.slice(0, 0)])
def test_a_pack_must_have_its_runs(
    stored: Results, packs: tuple[Pack, ...], change: Callable[..., object]
) -> None:
    rewrite(part(stored, packs[0], "runs"), change)
    (problem,) = verify_results(stored).problems
    assert problem.flaw == "does not hold the runs of the pack that it is called after"


def test_a_part_under_the_name_of_another_pack_is_found(stored: Results, packs: tuple[Pack, ...]) -> None:
    part(stored, packs[0], "runs").write_bytes(part(stored, packs[1], "runs").read_bytes())
    flaws = [problem.flaw for problem in verify_results(stored).problems]
    assert flaws == ["does not hold the runs of the pack that it is called after"]


def test_results_of_an_older_version_are_checked_by_their_rows(
    stored: Results, packs: tuple[Pack, ...]
) -> None:
    forget_checksums(stored, packs)
    part(stored, packs[0], "codes").unlink()
    assert verify_results(stored).problems == ()
    rewrite(part(stored, packs[0], "history"), lambda rows: rows.take([0, 0]))
    part(stored, packs[1], "maps").write_bytes(part(stored, packs[2], "maps").read_bytes())
    rewrite(part(stored, packs[2], "scores"), lambda rows: rows.drop_columns("f1"))
    flaws = {problem.name.split("/")[0]: problem.flaw for problem in verify_results(stored).problems}
    assert flaws == {
        "history": "has rows twice",
        "maps": "has rows of runs that are not in its pack",
        "scores": "lacks the column 'f1' of the table 'scores'",
    }


def test_a_pack_in_training_is_left_alone(stored: Results, packs: tuple[Pack, ...]) -> None:
    part(stored, packs[0], "scores").write_bytes(b"")
    with stored.leases() as leases:
        assert leases.acquire(packs[0])
        assert verify_results(stored, repair=True).n_packs == 2
    assert verify_results(stored).n_broken == 1


def test_a_broken_sweep_is_put_aside(stored: Results) -> None:
    sweep = Path(stored.location) / "sweep.yaml"
    for content in (b"name: [", b"\xff\xfe", b"name: 3"):
        sweep.write_bytes(content)
        found = verify_results(stored, repair=True)
        assert [problem.name for problem in found.problems] == ["sweep.yaml"]
        assert found.problems[0].flaw.startswith("is no sweep (")
        assert not sweep.exists()


def test_parts_without_runs_are_those_of_a_pack_that_is_being_stored(
    stored: Results, packs: tuple[Pack, ...]
) -> None:
    part(stored, packs[0], "runs").unlink()
    before = all_files(stored)
    assert verify_results(stored, repair=True).problems == ()
    assert all_files(stored) == before
