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

_SHIPPED = Path(__file__).with_name("solved")
"""Solutions that come with the package; its README says which."""


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
    """Return ``compute()``, from disk if the same was computed before or came with the package.

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
    read is computed and written again. A directory that cannot be made or written to is found out before
    anything is computed.
    """
    directory = Path(cache_dir) if cache_dir is not None else default_cache_dir()
    name = f"{kind}-{_key(content)}.npz"
    for path in (directory / name, _SHIPPED / name):
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
                return {key: stored[key] for key in stored.files}
        except (OSError, ValueError, EOFError, zipfile.BadZipFile):
            continue
    return _computed(directory / name, compute)


def _key(content: Sequence[ArrayLike]) -> str:
    digest = hashlib.sha256(f"solver {_SOLVER_VERSION}".encode())
    for item in content:
        array = np.asarray(item, dtype=np.float64)
        digest.update(f"{array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()[:24]


def _computed(path: Path, compute: Callable[[], Mapping[str, FloatArray]]) -> dict[str, FloatArray]:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".npz")
    try:
        with os.fdopen(handle, "wb") as file:
            arrays = dict(compute())
            np.savez(file, allow_pickle=False, **arrays)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return arrays
