"""A results folder: what is in it, and how packs enter it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from rdsweep.config import RunConfig
from rdsweep.store._errors import ResultsError
from rdsweep.store._files import write_files
from rdsweep.store._ledger import settle
from rdsweep.store._parts import encode_part, read_part
from rdsweep.store._rows import condition_row, pack_tables
from rdsweep.store._schema import TABLES, table_schema

if TYPE_CHECKING:
    from rdsweep.sweeps import Pack
    from rdsweep.training import PackResult

_LEDGER_COLUMNS = ["run_id", "status", "message", "finished_at", "pack_id"]


@dataclass(frozen=True)
class Results:
    """The results of a sweep, as `open_results` opens them.

    The folder holds ``sweep.yaml``, one folder of Parquet part-files per table and, where they are kept,
    the weights; each part-file is called after its pack. Any reader of Parquet can load a table:
    ``pandas.read_parquet("results/quick/runs")``, or ``FROM 'results/quick/runs/*.parquet'`` in DuckDB.
    `read` besides checks the schema and keeps one row of a run that was trained twice. Folders of one sweep
    merge by copying their files into one.

    Attributes
    ----------
    path : Path
        The folder, absolute.
    """

    path: Path

    def folder(self, table: str) -> Path:
        """Return the folder of the part-files of ``table``."""
        return self.path / table

    def folders(self) -> tuple[Path, ...]:
        """Return the folders of all tables and of the weights."""
        return (*(self.folder(table) for table in TABLES), self.path / "weights")

    def checkpoint_file(self, pack_id: str) -> Path:
        """Return where the checkpoint of a pack in training lies."""
        return self.path / "checkpoints" / f"{pack_id}.safetensors"

    def drop_checkpoints(self) -> None:
        """Delete all checkpoints; those of finished packs are gone already, others belong to old plans."""
        shutil.rmtree(self.path / "checkpoints", ignore_errors=True)

    def write_sweep(self, resolved: str) -> None:
        """Store the resolved sweep as ``sweep.yaml``."""
        write_files({self.path / "sweep.yaml": resolved.encode()})

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
        files: dict[Path, bytes] = {}
        if keep_weights:
            files[self._weights_file(pack.pack_id)] = safetensors.numpy.save(_weight_tensors(result))
        for table, rows in pack_tables(pack, result, sweep_name=sweep_name).items():
            files[self.folder(table) / f"{pack.pack_id}.parquet"] = encode_part(rows)
        write_files(files)

    def read(self, table: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Return a table.

        Parameters
        ----------
        table : {"runs", "scores", "history", "score_history", "maps"}
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
        if table not in TABLES:
            raise ValueError(f"table must be one of {', '.join(TABLES)}, but got {table!r}")
        known = table_schema(table).names
        wanted = list(known if columns is None else columns)
        unknown = [name for name in wanted if name not in known]
        if unknown:
            raise ValueError(f"columns must be columns of {table!r}, but got {unknown}")
        ledger = self._ledger()
        pack_of_run = pd.Series(ledger["pack_id"].to_numpy(), index=ledger["run_id"])
        rows = self._all_rows(table, [*wanted, *({"run_id"} - set(wanted))])
        counts = rows["run_id"].map(pack_of_run) == rows.index
        return rows[counts].sort_values("run_id", kind="stable", ignore_index=True)[wanted]

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
            then ``status`` (``missing`` for a run that has no row yet) and ``message``.
        """
        conditions = pd.DataFrame([condition_row(config) for config in configs]).drop(columns="config")
        ledger = self._ledger()[["run_id", "status", "message"]]
        return conditions.merge(ledger, on="run_id", how="left").fillna({"status": "missing", "message": ""})

    def weights(self, run_id: str) -> dict[str, NDArray[np.float32]]:
        """Return the state dict of a run in the layout of the reference architecture.

        Raises
        ------
        ResultsError
            If the run has not been stored, or its weights were not kept.
        """
        ledger = self._ledger()
        packs = ledger.loc[ledger["run_id"] == run_id, "pack_id"].tolist()
        files = [file for file in map(self._weights_file, packs) if file.exists()]
        if not files:
            raise ResultsError(f"run_id must be a run whose weights were kept, but got {run_id!r}")
        with safetensors.safe_open(files[0], framework="numpy") as tensors:
            names = [name for name in tensors.keys() if name.startswith(f"{run_id}/")]  # noqa: SIM118
            return {name.removeprefix(f"{run_id}/"): tensors.get_tensor(name) for name in names}

    def _weights_file(self, pack_id: str) -> Path:
        return self.path / "weights" / f"{pack_id}.safetensors"

    def _with_status(self, status: str) -> frozenset[str]:
        ledger = self._ledger()
        return frozenset(ledger.loc[ledger["status"] == status, "run_id"])

    def _ledger(self) -> pd.DataFrame:
        return settle(self._all_rows("runs", _LEDGER_COLUMNS))

    def _all_rows(self, table: str, columns: Sequence[str]) -> pd.DataFrame:
        """Return the rows of all packs, indexed by pack."""
        parts = {
            path.stem: read_part(path, table=table, columns=columns)
            for path in sorted(self.folder(table).glob("*.parquet"))
        }
        empty = table_schema(table).empty_table().select(list(columns))
        rows: pd.DataFrame = pa.concat_tables([empty, *parts.values()]).to_pandas()
        return rows.set_index(np.repeat(list(parts), [part.num_rows for part in parts.values()]))


def _weight_tensors(result: PackResult) -> dict[str, NDArray[np.float32]]:
    return {
        f"{run.config.run_id}/{name}": np.ascontiguousarray(array)
        for run in result.runs
        for name, array in (run.weights or {}).items()
    }
