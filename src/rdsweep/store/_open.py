"""Opening a results folder."""

from __future__ import annotations

from pathlib import Path

from rdsweep.store._errors import ResultsError
from rdsweep.store._results import Results
from rdsweep.store._schema import TABLES
from rdsweep.store._storage import open_storage


def has_results(path: str | Path) -> bool:
    """Return whether there is a folder of results at ``path``, or a file in its place, which is a mistake.

    Examples
    --------
    >>> has_results("/nowhere")
    False
    """
    storage = open_storage(path)
    return storage.is_folder() or storage.is_file()


def open_results(path: str | Path, *, create: bool = False) -> Results:
    """Open the results of a sweep.

    Parameters
    ----------
    path : path-like
        Folder of the results, for example ``results/quick``, or the URI of a place in an object store, for
        example ``s3://bucket/quick``.
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
    storage = open_storage(path)
    if storage.is_file():
        raise ResultsError(f"results must be a folder, but {path} is a file")
    if create:
        for folder in (*TABLES, "weights"):
            storage.make_folder(folder)
    elif not storage.is_folder("runs"):
        raise ResultsError(f"results must be a folder that a sweep was run into, but {path} holds no runs")
    return Results(storage)
