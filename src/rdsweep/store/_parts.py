"""Part-files: the rows of one pack in one table, as Parquet."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from rdsweep.store._errors import ResultsError
from rdsweep.store._schema import table_schema


def encode_part(rows: pa.Table) -> bytes:
    """Return ``rows`` as the bytes of a Parquet file."""
    sink = pa.BufferOutputStream()
    pq.write_table(rows, sink, compression="zstd", write_page_checksum=True)
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]


def read_part(path: Path, *, table: str, columns: Sequence[str]) -> pa.Table:
    """Return ``columns`` of a part-file of ``table``.

    Raises
    ------
    ResultsError
        If the file cannot be read, is damaged, or has other columns than the table.
    """
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            schema, rows = file.schema_arrow, file.read(columns=list(columns))
    except (pa.ArrowException, OSError, ValueError) as error:
        cause = str(error).splitlines()[0]
        raise ResultsError(
            f"{path} cannot be read ({cause}); if it is damaged, delete it to have its runs trained again"
        ) from error
    _check_schema(path, schema, table=table)
    return rows.select(list(columns))


def _check_schema(path: Path, found: pa.Schema, *, table: str) -> None:
    for field in table_schema(table):
        if field.name not in found.names:
            raise ResultsError(
                f"{path} lacks the column {field.name!r} of the table {table!r}: it was written by another "
                "version of rdsweep; use that version, or a new results folder"
            )
        if (stored := found.field(field.name).type) != field.type:
            raise ResultsError(
                f"{path} has {field.name!r} as {stored}, but the table {table!r} has it "
                f"as {field.type}; use the version of rdsweep that wrote it, or a new results folder"
            )
