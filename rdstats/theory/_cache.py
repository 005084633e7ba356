"""Solved arrays on disk, found by what was asked for: names and numbers as a caller writes them.

Nothing that was computed enters a key. Its last digits differ between processors, so that what one machine
solved another would not find.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from rdstats._validate import FloatArray

Asked = Mapping[str, str | int | float | Sequence[float]]

# Part of every key: raise it when a change to the source, a solver or its grid of slopes changes a result.
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
    asked: Asked,
    compute: Callable[[], Mapping[str, FloatArray]],
    *,
    fits: Callable[[Mapping[str, FloatArray]], bool],
    cache_dir: str | os.PathLike[str] | None = None,
) -> dict[str, FloatArray]:
    """Return ``compute()``, from disk if the same was computed before or came with the package.

    Parameters
    ----------
    kind : str
        The kind of problem; part of the file name.
    asked : mapping of str to text, number or sequence of numbers
        What was asked for, as it was declared and not as it was computed: the rest of the file name is a
        hash of it.
    compute : callable
        Makes the arrays.
    fits : callable
        Whether arrays that were read belong to the problem that was asked.
    cache_dir : path, optional
        Directory of the files; `default_cache_dir` if not given.

    Returns
    -------
    dict of ndarray
        The arrays by name.

    Raises
    ------
    TypeError
        If ``asked`` holds an array.

    Notes
    -----
    A file is written under another name and renamed, so that it is whole or absent. A file that cannot be
    read, or does not fit, is computed and written again. A directory that cannot be made or written to is
    found out before anything is computed.
    """
    directory = Path(cache_dir) if cache_dir is not None else default_cache_dir()
    name = f"{kind}-{_key(asked)}.npz"
    for path in (directory / name, _SHIPPED / name):
        arrays = _read(path)
        if arrays is not None and fits(arrays):
            return arrays
    return _computed(directory / name, compute)


def _key(asked: Asked) -> str:
    text = json.dumps({"solver": _SOLVER_VERSION, **asked}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _read(path: Path) -> dict[str, FloatArray] | None:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            return {key: stored[key] for key in stored.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile):
        return None


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
