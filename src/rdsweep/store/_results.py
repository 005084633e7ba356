"""A results folder: what is in it, and how packs enter it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from rdsweep.config import RunConfig
from rdsweep.store._errors import ResultsError
from rdsweep.store._leases import Leases
from rdsweep.store._ledger import settle
from rdsweep.store._parts import encode_pack, pack_of, part_names, read_parts, weights_name
from rdsweep.store._rows import condition_row, condition_table, pack_tables
from rdsweep.store._schema import DERIVED_TABLES, TABLES, table_schema
from rdsweep.store._storage import Storage, StoredFile
from rdsweep.sweeps import parse_sweep

if TYPE_CHECKING:
    from rdsweep.sweeps import Pack, Sweep
    from rdsweep.training import PackResult

_LEDGER_COLUMNS = ["run_id", "status", "message", "finished_at", "pack_id"]


@dataclass(frozen=True)
class Results:
    """The results of a sweep, as `open_results` opens them.

    They hold ``sweep.yaml``, one folder of Parquet part-files per table and, where they are kept, the
    weights; each part-file is called after its pack. Any reader of Parquet can load a table:
    ``pandas.read_parquet("results/quick/runs")``, or ``FROM 'results/quick/runs/*.parquet'`` in DuckDB.
    `read` besides checks the schema and keeps one row of a run that was trained twice. Folders of one sweep
    merge by copying their files into one.

    Attributes
    ----------
    storage : Storage
        The local folder, or the prefix of an object store, in which they lie.
    """

    storage: Storage

    @property
    def location(self) -> str:
        """Where the results lie: an absolute path, or a URI."""
        return self.storage.location

    def sweep(self) -> Sweep:
        """Return the sweep that was run last; the plugins that it names are not imported.

        Raises
        ------
        ResultsError, SweepError
            If it cannot be read.
        SweepTaskError
            If it names a task that is not registered.
        """
        text = self.storage.read("sweep.yaml").to_pybytes().decode()
        return parse_sweep(text, name=f"{self.location}/sweep.yaml")

    def write_sweep(self, resolved: str) -> None:
        """Store the resolved sweep as ``sweep.yaml``."""
        self.storage.write({"sweep.yaml": resolved.encode()})

    def checkpoint_file(self, pack_id: str) -> StoredFile:
        """Return the file for the checkpoint of a pack in training."""
        return StoredFile(self.storage, f"checkpoints/{pack_id}.safetensors")

    def drop_checkpoints(self) -> None:
        """Delete all checkpoints, unless another launcher is training; finished packs have none any more.

        Others belong to old plans, or to a launcher that trains another sweep into the same results.
        """
        if not self.leases().held_by_others():
            self.storage.remove_folder("checkpoints")

    def leases(self, *, expire_after: float = 60.0) -> Leases:
        """Return the leases by which several launchers share these results.

        Parameters
        ----------
        expire_after : float
            Seconds without a sign of life after which a launcher is taken for dead.
        """
        return Leases(self.storage, expire_after=expire_after)

    def write_pack(
        self, pack: Pack, result: PackResult, *, sweep_name: str, keep_weights: bool = False
    ) -> None:
        """Store a trained pack; it exists from the moment at which its part of ``runs`` does.

        Parameters
        ----------
        pack : Pack
        result : PackResult
            The runs of ``pack``, in its order.
        sweep_name : str
        keep_weights : bool
            Whether to store the weights of the runs too.

        Raises
        ------
        ResultsError
            If the folder cannot be written to; nothing of the pack is then stored.
        ValueError
            If ``result`` does not fit ``pack`` or the schema.
        """
        tables = pack_tables(pack, result, sweep_name=sweep_name)
        weights = safetensors.numpy.save(_weight_tensors(result)) if keep_weights else None
        self.storage.write(encode_pack(pack.pack_id, tables, weights=weights))

    def read(self, table: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Return a table.

        Parameters
        ----------
        table : {"runs", "scores", "history", "score_history", "maps", "codes", "indices"}
        columns : sequence of str, optional
            The columns wanted, in order; all by default. `columns_table` lists them with their units.

        Returns
        -------
        DataFrame
            Sorted by ``run_id``. A run that several packs hold is taken from the one that completed it
            first or, if none did, from the newest. What does not apply to a run is missing (NaN), and makes
            an integer column one of floats.

        Raises
        ------
        ResultsError
            If a part-file is broken or has another schema.
        ValueError
            If ``table`` or one of ``columns`` does not exist.
        """
        if table not in TABLES and table not in DERIVED_TABLES:
            names = ", ".join((*TABLES, *DERIVED_TABLES))
            raise ValueError(f"table must be one of {names}, but got {table!r}")
        known = table_schema(table).names
        wanted = list(known if columns is None else columns)
        unknown = [name for name in wanted if name not in known]
        if unknown:
            raise ValueError(f"columns must be columns of {table!r}, but got {unknown}")
        if table == "runs":
            return settle(self._all_rows("runs", _union(wanted, _LEDGER_COLUMNS)))[wanted]
        rows, ledger = self._all_rows(table, _union(wanted, ["run_id"])), self._ledger()
        pack_of_run = pd.Series(ledger["pack_id"].to_numpy(), index=ledger["run_id"])
        counts = rows["run_id"].map(pack_of_run) == rows.index
        return rows[counts].sort_values("run_id", kind="stable", ignore_index=True)[wanted]

    def outcomes(self) -> dict[str, str]:
        """Return the status of each run that is stored, by its id: completed, failed or pruned."""
        ledger = self._ledger()
        return dict(zip(ledger["run_id"], ledger["status"], strict=True))

    def done(self) -> frozenset[str]:
        """Return the ids of the completed runs."""
        return self._with_status("completed")

    def failed(self) -> frozenset[str]:
        """Return the ids of the runs that failed and were not completed since."""
        return self._with_status("failed")

    def status(self, configs: Sequence[RunConfig]) -> pd.DataFrame:
        """Return what has become of each of ``configs``.

        Returns
        -------
        DataFrame
            One row per configuration, in order: the condition columns of the runs table without ``config``,
            then ``status`` (``missing`` for a run that has no row yet), ``message`` and ``finished_at``
            (empty for a run that has no row).
        """
        return self.status_beside_others(configs)[0]

    def status_beside_others(self, configs: Sequence[RunConfig]) -> tuple[pd.DataFrame, int]:
        """Return `status`, and from the same reading how many runs are stored besides ``configs``."""
        ledger = self._ledger()[["run_id", "status", "message", "finished_at"]]
        rows = condition_table(configs).merge(ledger, on="run_id", how="left")
        n_others = len(ledger) - int(rows["status"].notna().sum())
        return rows.fillna({"status": "missing", "message": "", "finished_at": ""}), n_others

    def stored_status(self) -> pd.DataFrame:
        """Return what has become of each run that is stored, by run id, with the columns of `status`."""
        settings = [name for name in condition_row(RunConfig()) if name != "config"]
        return self.read("runs", [*settings, "status", "message", "finished_at"])

    def weights(self, run_id: str) -> dict[str, NDArray[np.float32]]:
        """Return the state dict of a run in the layout of the reference architecture.

        Raises
        ------
        ResultsError
            If the run has not been stored, or its weights were not kept.
        """
        ledger = self._ledger()
        packs = ledger.loc[ledger["run_id"] == run_id, "pack_id"].tolist()
        files = [name for name in map(weights_name, packs) if self.storage.is_file(name)]
        if not files:
            raise ResultsError(f"run_id must be a run whose weights were kept, but got {run_id!r}")
        with (
            self.storage.local_file(files[0]) as path,
            safetensors.safe_open(path, framework="numpy") as tensors,
        ):
            names = [name for name in tensors.keys() if name.startswith(f"{run_id}/")]  # noqa: SIM118
            return {name.removeprefix(f"{run_id}/"): tensors.get_tensor(name) for name in names}

    def _with_status(self, status: str) -> frozenset[str]:
        return frozenset(run_id for run_id, found in self.outcomes().items() if found == status)

    def _ledger(self) -> pd.DataFrame:
        return settle(self._all_rows("runs", _LEDGER_COLUMNS))

    def _all_rows(self, table: str, columns: Sequence[str]) -> pd.DataFrame:
        """Return the rows of all packs, indexed by pack."""
        names = part_names(self.storage, table)
        if table == "runs" and not names and not self.storage.is_folder("runs"):
            raise ResultsError(
                f"results must be a folder that a sweep was run into, but {self.location} is none"
            )
        parts = read_parts(self.storage, names, table=table, columns=columns)
        empty = table_schema(table).empty_table().select(list(columns))
        rows: pd.DataFrame = pa.concat_tables([empty, *parts]).to_pandas()
        return rows.set_index(np.repeat(list(map(pack_of, names)), [part.num_rows for part in parts]))


def _union(names: Sequence[str], more: Sequence[str]) -> list[str]:
    return list(dict.fromkeys([*names, *more]))


def _weight_tensors(result: PackResult) -> dict[str, NDArray[np.float32]]:
    return {
        f"{run.config.run_id}/{name}": np.ascontiguousarray(array)
        for run in result.runs
        for name, array in (run.weights or {}).items()
    }
