"""Tables that are computed from others, with parts that count as long as pack and columns are the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from rdsweep.store._parts import encode_part, part_name, read_parts
from rdsweep.store._results import Results
from rdsweep.store._rows import arrow_table
from rdsweep.store._schema import table_schema


def stale_packs(results: Results, table: str) -> dict[str, str]:
    """Return the packs whose part of a derived table is missing or out of date.

    A part is out of date if its pack has been stored again since, or if a column, its unit or its meaning
    has changed.

    Parameters
    ----------
    results : Results
    table : str
        A table of `DERIVED_TABLES`.

    Returns
    -------
    dict
        By id of the pack the time at which it was stored, for packs with a completed run.
    """
    runs = results.read("runs", ["pack_id", "status", "finished_at"])
    stored = runs[runs["status"] == "completed"].groupby("pack_id")["finished_at"].max()
    times = dict(zip(map(str, stored.index), stored, strict=True))
    return {pack: time for pack, time in times.items() if not _is_current(results, table, pack, time)}


def read_pack(results: Results, table: str, pack_id: str) -> pd.DataFrame:
    """Return the rows of one pack in a table; none if it has no part of it.

    Raises
    ------
    ResultsError
        If the part is broken or has another schema.
    """
    name, schema = part_name(table, pack_id), table_schema(table)
    rows = schema.empty_table()
    if results.storage.is_file(name):
        rows = read_parts(results.storage, [name], table=table, columns=schema.names)[0]
    frame: pd.DataFrame = rows.to_pandas()
    return frame


def write_derived(
    results: Results, table: str, rows: Sequence[Mapping[str, Any]], *, pack_id: str, finished_at: str
) -> None:
    """Store the rows of one pack in a derived table.

    Parameters
    ----------
    results : Results
    table : str
        A table of `DERIVED_TABLES`.
    rows : sequence of Mapping
        One per run of the pack.
    pack_id, finished_at : str
        The pack and the time at which it was stored, as `stale_packs` returns them.

    Raises
    ------
    ResultsError
        If the results cannot be written to.
    """
    content = arrow_table(table, rows).replace_schema_metadata({"finished_at": finished_at})
    results.storage.make_folder(table)
    results.storage.write({part_name(table, pack_id): encode_part(content)})


def _is_current(results: Results, table: str, pack_id: str, finished_at: str) -> bool:
    content = results.storage.find(part_name(table, pack_id))
    if content is None:
        return False
    try:
        schema = pq.read_schema(pa.BufferReader(content))
    except pa.ArrowException:
        return False
    expected = table_schema(table).with_metadata({"finished_at": finished_at})
    return bool(schema.equals(expected, check_metadata=True))
