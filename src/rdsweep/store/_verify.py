"""Checking every file of a results folder, and putting broken packs aside."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa

from rdsweep.config import run_id_of
from rdsweep.store._parts import (
    PartError,
    checksum,
    checksums_of,
    decode_part,
    pack_of,
    part_name,
    weights_name,
)
from rdsweep.store._results import Results
from rdsweep.store._schema import DERIVED_TABLES, TABLES
from rdsweep.store._storage import Storage
from rdsweep.sweeps import SweepError, SweepTaskError, pack_id_of

_KEYS = {
    "scores": ["run_id", "task", "regime", "head"],
    "history": ["run_id", "step"],
    "score_history": ["run_id", "task", "regime", "head", "step"],
    "maps": ["run_id"],
    "codes": ["run_id"],
    **{table: ["run_id"] for table in DERIVED_TABLES},
}
"""Columns that tell the rows of a table apart."""

_SIBLINGS = (*(table for table in TABLES if table != "runs"), *DERIVED_TABLES)


@dataclass(frozen=True)
class Problem:
    """What is wrong with a file.

    Attributes
    ----------
    name : str
        The file, as seen from the results folder.
    flaw : str
        A predicate in one line: "is damaged (...)".
    """

    name: str
    flaw: str

    def __str__(self) -> str:
        return f"{self.name} {self.flaw}"


@dataclass(frozen=True)
class Verification:
    """The outcome of `verify_results`.

    Attributes
    ----------
    n_packs : int
        Packs that were checked. A pack that a launcher is training at the moment is left out.
    n_runs : int
        Runs of the packs without a flaw.
    problems : tuple of Problem
        At most one for each file.
    n_broken : int
        Packs with a flaw.
    quarantine : str or None
        Folder below the results that broken files were moved to.
    """

    n_packs: int
    n_runs: int
    problems: tuple[Problem, ...]
    n_broken: int
    quarantine: str | None = None


def verify_results(
    results: Results, *, repair: bool = False, on_pack: Callable[[int, int], None] | None = None
) -> Verification:
    """Check every file of ``results``.

    A part must be readable, with the checksums of its pages intact, and have the columns of its table. The
    ids of runs and packs are computed again from the stored configurations. The files of a pack must be the
    ones that its part of ``runs`` lists; in packs stored before there was such a list, rows of a table must
    belong to runs of the pack, and none may be there twice. A table that is left out altogether, because
    the version that wrote the results had none or because somebody deleted it, is no flaw. Runs of tasks that
    nothing here has registered are checked like any others.

    Parameters
    ----------
    results : Results
    repair : bool
        Whether to move all files of a broken pack to a folder below ``quarantine``. Nothing is deleted, and
        the next launch of the sweep trains the runs of these packs.
    on_pack : Callable, optional
        Called with the number of packs checked so far and the number of all.

    Returns
    -------
    Verification

    Raises
    ------
    ResultsError
        If a file cannot be read for another reason than its content, or not be moved.

    Examples
    --------
    >>> import tempfile
    >>> from rdsweep.store import open_results
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     results = open_results(folder, create=True)
    ...     results.write_sweep("{name: tiny, seeds: 1, space: {grid: {capacity: 1}}}")
    ...     verify_results(results).problems
    ()
    """
    files = _Files.listed(results.storage)
    in_training = {lease.pack_id for lease in results.leases().held_by_others()}
    pack_ids = [pack_id for pack_id in files.pack_ids() if pack_id not in in_training]
    broken: dict[str, list[Problem]] = {}
    n_runs = 0
    for count, pack_id in enumerate(pack_ids, start=1):
        n_rows, problems = _check_pack(files, pack_id)
        if problems:
            broken[pack_id] = problems
        else:
            n_runs += n_rows
        if on_pack is not None:
            on_pack(count, len(pack_ids))
    of_sweep = list(_check_sweep(results))
    names = [name for pack_id in broken for name in files.of_pack(pack_id)]
    names += [problem.name for problem in of_sweep]
    quarantine = _put_aside(results.storage, names) if repair and names else None
    all_problems = (*of_sweep, *(problem for found in broken.values() for problem in found))
    return Verification(len(pack_ids), n_runs, all_problems, len(broken), quarantine)


@dataclass(frozen=True)
class _Files:
    """The files of a results folder, by table (or ``weights``)."""

    storage: Storage
    names: Mapping[str, AbstractSet[str]]

    @classmethod
    def listed(cls, storage: Storage) -> _Files:
        folders = (*TABLES, *DERIVED_TABLES, "weights")
        return cls(storage, {folder: frozenset(storage.names(folder)) for folder in folders})

    def pack_ids(self) -> list[str]:
        """Return the packs that exist."""
        return sorted(pack_of(name) for name in self.names["runs"] if name.endswith(".parquet"))

    def of_pack(self, pack_id: str) -> list[str]:
        """Return the files of a pack, that of ``runs`` first: without it there is no pack to readers."""
        names = (*(part_name(table, pack_id) for table in ("runs", *_SIBLINGS)), weights_name(pack_id))
        return [name for name in names if any(name in present for present in self.names.values())]

    def is_left_out(self, name: str) -> bool:
        """Whether no pack has a file in the folder of ``name``."""
        return not self.names[name.split("/")[0]]


def _put_aside(storage: Storage, names: Iterable[str]) -> str:
    quarantine = f"quarantine/{datetime.now(UTC):%Y-%m-%dT%H-%M-%S.%fZ}"
    for name in names:
        storage.move(name, f"{quarantine}/{name}")
    return quarantine


def _check_sweep(results: Results) -> Iterator[Problem]:
    try:
        if results.storage.is_file("sweep.yaml"):
            results.sweep()
    except SweepTaskError:
        return  # no flaw: what its tasks are only a module knows that reading does not import
    except (SweepError, UnicodeDecodeError) as error:
        cause = str(error).removeprefix(f"{results.location}/sweep.yaml:")
        yield Problem("sweep.yaml", f"is no sweep ({cause.strip()})")


def _check_pack(files: _Files, pack_id: str) -> tuple[int, list[Problem]]:
    """Return the number of runs of a pack, and what is wrong with its files."""
    name = part_name("runs", pack_id)
    content = files.storage.read(name)
    try:
        runs = decode_part(content, table="runs", columns=["run_id", "pack_id", "config"])
        _check_runs(runs, pack_id)
    except PartError as error:
        return 0, [Problem(name, str(error))]
    checksums = checksums_of(content)
    flaws = {name: _flaw_of_listed(files, name, expected) for name, expected in checksums.items()}
    run_ids = set(runs["run_id"].to_pylist())
    for table in _SIBLINGS:
        name = part_name(table, pack_id)
        if name not in checksums and name in files.names[table]:
            flaws[name] = _flaw_of_rows(files.storage.read(name), table, run_ids)
    return runs.num_rows, [Problem(name, flaw) for name, flaw in flaws.items() if flaw]


def _check_runs(runs: pa.Table, pack_id: str) -> None:
    run_ids, pack_ids, configs = (runs[name].to_pylist() for name in ("run_id", "pack_id", "config"))
    wrong = sum(run_id != run_id_of(config) for run_id, config in zip(run_ids, configs, strict=True))
    if wrong:
        raise PartError(f"has {wrong} of {len(run_ids)} runs whose id is not that of their configuration")
    if set(pack_ids) != {pack_id} or pack_id_of(run_ids) != pack_id:
        raise PartError("does not hold the runs of the pack that it is called after")


def _flaw_of_listed(files: _Files, name: str, expected: str) -> str:
    content = files.storage.find(name)
    if content is None:
        return "" if files.is_left_out(name) else "is missing"
    return "" if checksum(content) == expected else "is not the file that was stored with its runs"


def _flaw_of_rows(content: pa.Buffer, table: str, run_ids: AbstractSet[str]) -> str:
    try:
        keys = decode_part(content, table=table, columns=_KEYS[table])
    except PartError as error:
        return str(error)
    if set(keys["run_id"].to_pylist()) - run_ids:
        return "has rows of runs that are not in its pack"
    n_distinct = keys.group_by(_KEYS[table]).aggregate([]).num_rows
    return "" if n_distinct == keys.num_rows else "has rows twice"
