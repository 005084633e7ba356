"""Where results lie: a local folder or a prefix of an object store, behind the same few calls."""

from __future__ import annotations

import errno
import os
import posixpath
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
from pyarrow import fs

from rdsweep.store._errors import ResultsError
from rdsweep.store._files import collect_leftovers, hidden_name, write_files
from rdsweep.store._patience import insist
from rdsweep.store._secrets import without_secret

T = TypeVar("T")

_OBJECT_STORES = {"s3", "gcs", "abfs"}
"""Arrow's names of the file systems on which a file appears when the last of it has arrived."""

_GOOGLE_RETRY_SECONDS = 10
"""Time for which Arrow tries a call again; by default 15 minutes in which it is silent and deaf to Ctrl-C."""


@dataclass(frozen=True)
class Storage:
    """Files below one location, by names such as ``runs/0123456789abcdef.parquet``; can be pickled.

    A file appears whole or not at all. While the storage does not answer, each call tries again for a while.

    Attributes
    ----------
    location : str
        The location as messages name it: an absolute path, or a URI without credentials.
    filesystem : pyarrow.fs.FileSystem
    root : str
        The location as ``filesystem`` names it.
    patience : float
        Seconds for which a storage may not answer before a call is given up.
    """

    location: str
    filesystem: fs.FileSystem
    root: str
    patience: float = 120.0

    def read(self, name: str) -> pa.Buffer:
        """Return the content of a file; raise `ResultsError` if there is none."""
        return self._insist("read", name, partial(self._read, name))

    def find(self, name: str) -> bytes | None:
        """Return the content of a file, or None if there is no such file."""

        def call() -> bytes | None:
            try:
                return self._read(name).to_pybytes()  # type: ignore[no-any-return]
            except FileNotFoundError:
                return None

        return self._insist("read", name, call)

    def write(self, contents: Mapping[str, bytes]) -> None:
        """Write files that appear in the order of ``contents``; a reader sees each as it was or as it is."""
        if self.is_local:
            paths = {Path(self._path(name)): data for name, data in contents.items()}
            self._insist("write", next(iter(contents)), partial(write_files, paths))
        else:
            for name, data in contents.items():
                self._insist("write", name, partial(self._put, name, data))

    def remove(self, name: str) -> None:
        """Remove a file if it is there."""

        def call() -> None:
            try:
                self.filesystem.delete_file(self._path(name))
            except FileNotFoundError:
                return

        self._insist("remove", name, call)

    def remove_folder(self, name: str) -> None:
        """Remove a folder with all that is in it, if it is there."""

        def call() -> None:
            try:
                self.filesystem.delete_dir(self._path(name))
            except OSError:  # of which Arrow has no kind of its own for a folder that Google does not have
                if self.filesystem.get_file_info(self._path(name)).type != fs.FileType.NotFound:
                    raise

        self._insist("remove", name, call)

    def move(self, name: str, target: str) -> None:
        """Give a file another name, in a folder that is made if need be."""

        def call() -> None:
            self._create_folder(posixpath.dirname(self._path(target)))
            self.filesystem.move(self._path(name), self._path(target))

        self._insist("move", name, call)

    def names(self, folder: str) -> list[str]:
        """Return the names of the files in ``folder``, sorted, without hidden ones; none if it is missing."""
        selector = fs.FileSelector(self._path(folder), allow_not_found=True)
        found = self._insist("list", folder, partial(self.filesystem.get_file_info, selector))
        names = sorted(info.base_name for info in found if info.type == fs.FileType.File)
        return [f"{folder}/{name}" for name in names if name and not name.startswith(".")]

    def is_folder(self, name: str = "") -> bool:
        """Whether there is a folder of that name; by default, whether the location is one."""
        return bool(self._kind(name) == fs.FileType.Directory)

    def is_file(self, name: str = "") -> bool:
        """Whether there is a file of that name; by default, whether the location is one."""
        return bool(self._kind(name) == fs.FileType.File)

    def make_folder(self, name: str) -> None:
        """Make a folder that can be written to, and rid it of what dead writers left in it."""
        self._insist("make", name, partial(self._make_folder, name))

    @contextmanager
    def local_file(self, name: str) -> Iterator[str]:
        """Lend the path of a file on this machine, which is a passing copy where the storage is remote."""
        if self.is_local:
            yield self._path(name)
            return
        with tempfile.NamedTemporaryFile() as copy:
            copy.write(self.read(name))
            copy.flush()
            yield copy.name

    @property
    def is_local(self) -> bool:
        """Whether the files are those of this machine, or of a folder mounted on it."""
        return isinstance(self.filesystem, fs.LocalFileSystem)

    def _insist(self, verb: str, name: str, call: Callable[[], T]) -> T:
        return insist(verb, posixpath.join(self.location, name), call, patience=self.patience)

    def _path(self, name: str) -> str:
        if posixpath.isabs(name) or ".." in name.split("/"):
            raise ResultsError(f"name must stay within {self.location}, but got {name!r}")
        return posixpath.join(self.root, name) if name else self.root

    def _kind(self, name: str) -> fs.FileType:
        info = self._insist("read", name, partial(self.filesystem.get_file_info, self._path(name)))
        return info.type

    def _read(self, name: str) -> pa.Buffer:
        with self.filesystem.open_input_file(self._path(name)) as file:
            return file.read_buffer()

    def _put(self, name: str, data: bytes) -> None:
        path = self._path(name)
        if self.filesystem.type_name in _OBJECT_STORES:
            self._write_in_place(path, data)
            return
        hidden = posixpath.join(posixpath.dirname(path), hidden_name(posixpath.basename(path)))
        self._write_in_place(hidden, data)
        self.filesystem.move(hidden, path)

    def _write_in_place(self, path: str, data: bytes) -> None:
        with self.filesystem.open_output_stream(path) as stream:
            stream.write(data)

    def _make_folder(self, name: str) -> None:
        path = self._path(name)
        self._create_folder(path)
        if self.is_local:
            if not os.access(path, os.W_OK | os.X_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
            collect_leftovers(Path(path))

    def _create_folder(self, path: str) -> None:
        if self.filesystem.type_name == "gcs":
            if self.filesystem.get_file_info(path).type == fs.FileType.Directory:
                return
            bucket = path.split("/")[0]  # which Arrow would make, and a typo become a bucket
            if self.filesystem.get_file_info(bucket).type == fs.FileType.NotFound:
                raise ResultsError(f"cannot make {self.location}: there is no such bucket")
        self.filesystem.create_dir(path, recursive=True)


@dataclass(frozen=True)
class StoredFile:
    """One file of a storage, in a folder that is made if need be."""

    storage: Storage
    name: str

    def read(self) -> bytes | None:
        """Return the content, or None if there is no such file."""
        return self.storage.find(self.name)

    def write(self, content: bytes) -> None:
        """Replace the content."""
        self.storage.make_folder(posixpath.dirname(self.name))
        self.storage.write({self.name: content})

    def remove(self) -> None:
        """Remove the file if it is there."""
        self.storage.remove(self.name)


def open_storage(location: str | Path) -> Storage:
    """Return the storage at ``location``; nothing is looked up yet.

    Parameters
    ----------
    location : path-like
        A local path, or a URI of a storage that Arrow reaches: ``s3://bucket/sweep``, ``gs://bucket/sweep``.

    Raises
    ------
    ResultsError
        If it is a URI of something else.

    Examples
    --------
    >>> open_storage("/data/quick").location
    '/data/quick'
    """
    # A pathlib.Path folds the two slashes of a URI into one.
    uri = re.sub(r"^([a-z][a-z0-9+.-]+):/(?!/)", r"\1://", str(location))
    if "://" not in uri:
        path = os.path.abspath(location)
        return Storage(path, fs.LocalFileSystem(), path)
    try:
        filesystem, root = fs.FileSystem.from_uri(_with_short_retries(uri))
    except (pa.ArrowException, OSError, ValueError) as error:
        cause = without_secret(" ".join(str(error).split()))
        raise ResultsError(
            f"results must be a path or the URI of a storage, but got {without_secret(uri)!r}: {cause}"
        ) from None
    if isinstance(filesystem, fs.LocalFileSystem):
        return Storage(root, filesystem, root)
    return Storage(f"{uri.split('://')[0]}://{root}", filesystem, root)


def _with_short_retries(uri: str) -> str:
    """Return ``uri`` such that a call to Google's storage ends, and can be interrupted, within seconds."""
    if not uri.startswith(("gs:", "gcs:")) or "retry_limit_seconds=" in uri:
        return uri
    return f"{uri}{'&' if '?' in uri else '?'}retry_limit_seconds={_GOOGLE_RETRY_SECONDS}"
