"""Local files that appear whole or not at all, under whatever happens to the process that writes them."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path

LEFTOVER_AGE = 86_400.0
"""Seconds after which a temporary file is taken for the leftover of a dead process."""


def write_files(contents: Mapping[Path, bytes]) -> None:
    """Write files that appear in the order of ``contents``, each whole, and none unless all fit.

    All are first written under hidden names in their own folders, then renamed. A reader therefore never
    sees a part of a file, and two writers of one file do no harm.

    Parameters
    ----------
    contents : Mapping
        Bytes by path; the folders exist.

    Raises
    ------
    OSError
        If a file cannot be written, for example for want of space or permission; its ``filename`` is the
        name under which it would have appeared.
    """
    hidden = {path: path.with_name(hidden_name(path.name)) for path in contents}
    try:
        for path, data in contents.items():
            with hidden[path].open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        for path, temporary in hidden.items():
            temporary.replace(path)
    except OSError as error:
        error.filename = str(path)
        raise
    finally:
        for temporary in hidden.values():
            temporary.unlink(missing_ok=True)


def collect_leftovers(folder: Path, *, older_than: float = LEFTOVER_AGE) -> None:
    """Delete hidden temporary files in ``folder`` that were last written ``older_than`` seconds ago."""
    newest = time.time() - older_than
    for temporary in folder.glob(".*.tmp"):
        try:
            if temporary.stat().st_mtime < newest:
                temporary.unlink()
        except (FileNotFoundError, PermissionError):  # collected or renamed meanwhile, or another user's
            continue


def hidden_name(name: str) -> str:
    """Return a name that no other process uses and that no reader takes for a part.

    Readers of Arrow skip names with a dot in front; DuckDB's and the shell's ``*.parquet`` skip the suffix.
    """
    return f".{name}.{socket.gethostname()}.{os.getpid()}.{time.time_ns()}.tmp"
