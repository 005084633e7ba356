"""Which processes are at work on a study: each holds a lock that its death releases, however it dies."""

from __future__ import annotations

import fcntl
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Workers:
    """The processes at work on a study.

    Attributes
    ----------
    folder : Path
        Where their lock files lie; on a file system that all of them share.
    """

    folder: Path

    @contextmanager
    def enter(self) -> Iterator[str]:
        """Be at work for the ``with`` block; gives the name under which others see this process."""
        self.folder.mkdir(parents=True, exist_ok=True)
        name = uuid.uuid4().hex[:12]
        path = self._path(name)
        try:
            with path.open("xb") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                yield name
        finally:
            path.unlink(missing_ok=True)

    def is_alive(self, name: str) -> bool:
        """Whether the process called ``name`` is still at work.

        Examples
        --------
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     workers = Workers(Path(folder))
        ...     with workers.enter() as name:
        ...         alive = workers.is_alive(name)
        ...     alive, workers.is_alive(name)
        (True, False)
        """
        try:
            with self._path(name).open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        self._path(name).unlink(missing_ok=True)
        return False

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.lock"
