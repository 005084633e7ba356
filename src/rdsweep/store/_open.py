"""Opening a results folder."""

from __future__ import annotations

import os
from pathlib import Path

from rdsweep.store._errors import ResultsError
from rdsweep.store._files import collect_leftovers
from rdsweep.store._results import Results


def open_results(path: str | Path, *, create: bool = False) -> Results:
    """Open the results of a sweep.

    Parameters
    ----------
    path : path-like
        Folder of the results, for example ``results/quick``.
    create : bool
        Whether to make the folder, or what it lacks, and to make sure that it can be written to. Temporary
        files that a dead process left more than a day ago are deleted.

    Returns
    -------
    Results

    Raises
    ------
    ResultsError
        If ``path`` is a file, is no results folder and ``create`` is false, or cannot be written to and
        ``create`` is true.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     open_results(f"{folder}/quick", create=True).read("runs").shape[0]
    0
    """
    results = Results(Path(path).absolute())
    if results.path.exists() and not results.path.is_dir():
        raise ResultsError(f"results must be a folder, but {path} is a file")
    if create:
        _prepare(results)
    elif not results.folder("runs").is_dir():
        raise ResultsError(f"results must be a folder that a sweep was run into, but {path} holds no runs")
    return results


def _prepare(results: Results) -> None:
    for folder in (*results.folders(), results.path):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ResultsError(f"results cannot be made in {results.path}: {error.strerror}") from error
        if not os.access(folder, os.W_OK | os.X_OK):
            raise ResultsError(f"results must be writable, but {folder} is not")
        collect_leftovers(folder)
