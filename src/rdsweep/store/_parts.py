"""Part-files: the rows of one pack in one table, as Parquet.

The part of ``runs``, which is written last, lists the pack's other files with their checksums.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pyarrow.parquet as pq

from rdsweep.store._errors import ResultsError
from rdsweep.store._schema import TABLES, table_schema
from rdsweep.store._storage import Storage

_N_READERS = 16
"""Parts read at a time: an object store answers many requests at once, each after a while."""

_CHECKSUMS = b"rdsweep_checksums"


class PartError(ValueError):
    """What is wrong with a part, as a predicate, and what to do about it."""

    def __init__(self, flaw: str, remedy: str = "rdsweep verify says more") -> None:
        super().__init__(flaw)
        self.remedy = remedy


def part_name(table: str, pack_id: str) -> str:
    """Return the name of a pack's part of ``table``."""
    return f"{table}/{pack_id}.parquet"


def weights_name(pack_id: str) -> str:
    """Return the name of the file with a pack's weights."""
    return f"weights/{pack_id}.safetensors"


def pack_of(name: str) -> str:
    """Return the id of the pack that a file is called after.

    Examples
    --------
    >>> pack_of(part_name("runs", "0123456789abcdef"))
    '0123456789abcdef'
    """
    return posixpath.splitext(posixpath.basename(name))[0]


def part_names(storage: Storage, table: str) -> list[str]:
    """Return the names of all parts of ``table``, sorted."""
    return [name for name in storage.names(table) if name.endswith(".parquet")]


def encode_pack(pack_id: str, tables: Mapping[str, pa.Table], *, weights: bytes | None) -> dict[str, bytes]:
    """Return the files of a pack by name, in the order in which they are to be written."""
    files = {} if weights is None else {weights_name(pack_id): weights}
    for table in TABLES:
        rows = tables[table]
        if table == "runs":
            checksums = json.dumps({name: checksum(content) for name, content in files.items()})
            rows = rows.replace_schema_metadata({_CHECKSUMS: checksums})
        files[part_name(table, pack_id)] = encode_part(rows)
    return files


def checksum(content: bytes | pa.Buffer) -> str:
    """Return the SHA-256 of the content of a file."""
    return hashlib.sha256(content).hexdigest()


def read_parts(
    storage: Storage, names: Sequence[str], *, table: str, columns: Sequence[str]
) -> list[pa.Table]:
    """Return ``columns`` of each of the parts of ``table``.

    Raises
    ------
    ResultsError
        If a file cannot be read, is damaged, or has other columns than the table.
    """
    parts = []
    with ThreadPoolExecutor(_N_READERS) as readers:
        for first in range(0, len(names), _N_READERS):
            batch = names[first : first + _N_READERS]
            for name, content in zip(batch, readers.map(storage.read, batch), strict=True):
                try:
                    parts.append(decode_part(content, table=table, columns=columns))
                except PartError as error:
                    place = posixpath.join(storage.location, name)
                    raise ResultsError(f"{place} {error}; {error.remedy}") from error
    return parts


def decode_part(content: pa.Buffer, *, table: str, columns: Sequence[str]) -> pa.Table:
    """Return ``columns`` of a part of ``table``.

    Raises
    ------
    PartError
        If the content is damaged, or has other columns than the table.
    """
    try:
        with pq.ParquetFile(pa.BufferReader(content), page_checksum_verification=True) as file:
            schema, rows = file.schema_arrow, file.read(columns=list(columns), use_threads=False)
    except (pa.ArrowException, OSError, ValueError) as error:
        remedy = "rdsweep verify --repair puts it aside, so that its runs are trained again"
        raise PartError(f"is damaged ({str(error).splitlines()[0]})", remedy) from error
    _check_schema(schema, table=table)
    return rows.select(list(columns)).replace_schema_metadata(None)


def checksums_of(content: pa.Buffer) -> dict[str, str]:
    """Return the checksums, by name, that a part of ``runs`` lists; those of version 0.1.0 list none."""
    metadata = pq.read_schema(pa.BufferReader(content)).metadata or {}
    checksums: dict[str, str] = json.loads(metadata.get(_CHECKSUMS, b"{}"))
    return checksums


def encode_part(rows: pa.Table) -> bytes:
    """Return ``rows`` as the bytes of a Parquet file."""
    sink = pa.BufferOutputStream()
    pq.write_table(rows, sink, compression="zstd", write_page_checksum=True)
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]


def _check_schema(found: pa.Schema, *, table: str) -> None:
    expected = table_schema(table)
    if found.equals(expected):
        return
    remedy = "use the version of rdsweep that wrote it, or a new results folder"
    for field in expected:
        if field.name not in found.names:
            raise PartError(f"lacks the column {field.name!r} of the table {table!r}", remedy)
        if (stored := found.field(field.name).type) != field.type:
            flaw = f"has {field.name!r} as {stored}, but the table {table!r} has it as {field.type}"
            raise PartError(flaw, remedy)
