"""Solved arrays on disk, keyed by everything that determines them."""

from __future__ import annotations

import hashlib
import os
import tempfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from rdstats._validate import FloatArray

# Part of every key: raise it when a change to a solver changes what it returns.
_SOLVER_VERSION = 1


def default_cache_dir() -> Path:
    """Return the directory of solved curves: ``$XDG_CACHE_HOME/rdsweep/theory``, or under ``~/.cache``.

    Examples
    --------
    >>> default_cache_dir().name
    'theory'
    """
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "rdsweep" / "theory"


def cached_arrays(
    kind: str,
    content: Sequence[ArrayLike],
    compute: Callable[[], Mapping[str, FloatArray]],
    *,
    cache_dir: str | os.PathLike[str] | None = None,
) -> dict[str, FloatArray]:
    """Return ``compute()``, from disk if the same was computed before.

    Parameters
    ----------
    kind : str
        What is computed; part of the file name.
    content : sequence of array_like
        Everything that determines the result: the rest of the file name is a hash of it.
    compute : callable
        Makes the arrays.
    cache_dir : path, optional
        Directory of the files; `default_cache_dir` if not given.

    Returns
    -------
    dict of ndarray
        The arrays by name.

    Notes
    -----
    A file is written under another name and renamed, so that it is whole or absent. A file that cannot be
    read is computed and written again.
    """
    directory = Path(cache_dir) if cache_dir is not None else default_cache_dir()
    path = directory / f"{kind}-{_key(content)}.npz"
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile):
        arrays = dict(compute())
    _write(path, arrays)
    return arrays


def _key(content: Sequence[ArrayLike]) -> str:
    digest = hashlib.sha256(f"solver {_SOLVER_VERSION}".encode())
    for item in content:
        array = np.asarray(item, dtype=np.float64)
        digest.update(f"{array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()[:24]


def _write(path: Path, arrays: Mapping[str, FloatArray]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".npz")
    try:
        with os.fdopen(handle, "wb") as file:
            np.savez(file, allow_pickle=False, **arrays)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
