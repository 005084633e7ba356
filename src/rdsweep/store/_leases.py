"""Leases: how launchers that share a results folder tell each other what they are training.

Each launcher writes one file, ``leases/NAME.json``, and only that one. It names the packs that the launcher
has claimed and counts up with every renewal. A launcher is taken for dead when others have watched its file
for a while without seeing it change: they compare contents over time on their own clocks, so clocks that
differ between machines do no harm.

To claim a pack, a launcher first writes the claim and then reads the files of the others. Of two that claim
the same run at the same time, at least one therefore sees the other and yields. That holds on every storage
on which a file that was written is read at once: local disks, S3, Google Cloud Storage, and NFS unless it is
mounted with ``nocto``. Where it fails, a pack is trained twice, which costs time and no more: both launchers
store the same rows.
"""

from __future__ import annotations

import json
import logging
import os
import re
import secrets
import socket
import threading
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rdsweep.store._errors import ResultsError
from rdsweep.store._storage import Storage

if TYPE_CHECKING:
    from rdsweep.sweeps import Pack

_BEATS_PER_EXPIRY = 5
_YIELDING_SECONDS = 1.0
"""Time for which a launcher waits for another one that has to yield to it."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Lease:
    """A pack that a launcher is training.

    Attributes
    ----------
    holder : str
        Host and process of the launcher.
    pack_id : str
    run_ids : tuple of str
        The runs of the pack.
    since : str
        UTC time at which the launcher claimed it, by its own clock; ISO 8601.
    launched_at : str
        The same for the start of the launcher.
    fraction : float
        How much of it was done when the lease was last renewed, in [0, 1].
    """

    holder: str
    pack_id: str
    run_ids: tuple[str, ...]
    since: str
    launched_at: str
    fraction: float = 0.0


@dataclass(frozen=True)
class _Launcher:
    """What the file of a launcher says; ``machine`` and ``pid`` tell neighbors whether it still runs."""

    host: str
    machine: str
    pid: int
    beat: int = 0
    leases: tuple[Lease, ...] = ()

    def encode(self) -> bytes:
        return json.dumps(asdict(self)).encode()


@dataclass
class _Watched:
    """For how long a file has been seen without a change."""

    content: bytes
    seen_at: float
    silent_for: float = 0.0


@dataclass
class Leases:
    """The leases of one launcher, and its view of those of others; from `Results.leases`.

    As a context manager it shows a sign of life now and then from a thread of its own, and gives all leases
    back at the end. Outside of one it only watches and writes nothing. Methods may be called from any thread.

    Examples
    --------
    >>> import tempfile
    >>> from rdsweep.config import RunConfig
    >>> from rdsweep.store import open_results
    >>> from rdsweep.sweeps import Pack
    >>> pack = Pack((RunConfig(),))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     results = open_results(folder, create=True)
    ...     with results.leases() as mine, results.leases() as theirs:
    ...         print(mine.acquire(pack), theirs.acquire(pack))
    ...         mine.release(pack.pack_id)
    ...         print(theirs.acquire(pack))
    True False
    True
    """

    storage: Storage
    expire_after: float = 60.0
    _own: _Launcher = field(init=False, repr=False)
    _name: str = field(init=False, repr=False)
    _launched_at: str = field(default_factory=lambda: _now(), init=False, repr=False)
    _watched: dict[str, _Watched] = field(default_factory=dict, init=False, repr=False)
    _lock: threading.RLock = field(default_factory=threading.RLock, init=False, repr=False)
    _ended: threading.Event = field(default_factory=threading.Event, init=False, repr=False)
    _heart: threading.Thread | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        if not self.expire_after > 0:
            raise ValueError(f"expire_after must be above 0, but got {self.expire_after!r}")
        host, pid = socket.gethostname(), os.getpid()
        self._own = _Launcher(host, _machine(), pid)
        self._name = f"leases/{re.sub(r'[^A-Za-z0-9.-]', '_', host)}-{pid}-{secrets.token_hex(4)}.json"

    def __enter__(self) -> Self:
        self.storage.make_folder("leases")
        self._write()
        self._heart = threading.Thread(target=self._beat, name="rdsweep-leases", daemon=True)
        self._heart.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        if self._heart is not None:
            self._heart.join()
            self._heart = None
        try:
            self.storage.remove(self._name)
        except ResultsError as problem:  # it expires by itself
            _log.warning("a lease was not given back: %s", problem)

    def acquire(self, pack: Pack) -> bool:
        """Claim a pack, and return whether it may be trained: no live launcher has any of its runs.

        Another launcher may have stored the pack and released it just before, so look again whether its runs
        are missing once this has returned True.
        """
        run_ids = tuple(config.run_id for config in pack.configs)
        with self._lock:
            if self._rivals(run_ids):
                return False
            holder = f"{self._own.host}:{self._own.pid}"
            self._claim(Lease(holder, pack.pack_id, run_ids, _now(), self._launched_at))
            if self._prevails(run_ids):
                return True
            self.release(pack.pack_id)
            return False

    def report(self, pack_id: str, fraction: float) -> None:
        """Take note that ``fraction`` of a leased pack is done; others see it from the next renewal on."""
        with self._lock:
            leases = tuple(
                replace(lease, fraction=fraction) if lease.pack_id == pack_id else lease
                for lease in self._own.leases
            )
            self._own = replace(self._own, leases=leases)

    def renew(self) -> None:
        """Show a sign of life, and look for those of others; the context manager does so by itself."""
        with self._lock:
            self._write()
        self._look()

    def release(self, pack_id: str) -> None:
        """Give a pack back, after it was stored or given up."""
        with self._lock:
            leases = tuple(lease for lease in self._own.leases if lease.pack_id != pack_id)
            self._own = replace(self._own, leases=leases)
            self._write()

    def held_by_others(self) -> tuple[Lease, ...]:
        """Return the leases of all other launchers that are not known to be dead."""
        return tuple(lease for _, launcher in self._look() for lease in launcher.leases)

    def _claim(self, lease: Lease) -> None:
        self._own = replace(self._own, leases=(*self._own.leases, lease))
        self._write()

    def _prevails(self, run_ids: Iterable[str]) -> bool:
        """Whether all others that claim one of ``run_ids`` yield, as those with a later name have to."""
        give_up = time.monotonic() + _YIELDING_SECONDS
        while rivals := self._rivals(run_ids):
            if min(rivals) < self._name or time.monotonic() > give_up:
                return False
            time.sleep(_YIELDING_SECONDS / 10)
        return True

    def _rivals(self, run_ids: Iterable[str]) -> list[str]:
        wanted = set(run_ids)
        return [
            name
            for name, launcher in self._look()
            if any(wanted.intersection(lease.run_ids) for lease in launcher.leases)
        ]

    def _look(self) -> list[tuple[str, _Launcher]]:
        """Return name and content of the files of other launchers that may be alive."""
        living = []
        for name in self.storage.names("leases"):
            content = None if name == self._name else self.storage.find(name)
            launcher = None if content is None else _decoded(content)
            if content is None or launcher is None:
                continue
            if not self._is_dead(name, content, launcher):
                living.append((name, launcher))
            elif self._heart is not None:
                self.storage.remove(name)
        return living

    def _is_dead(self, name: str, content: bytes, launcher: _Launcher) -> bool:
        neighbors = launcher.machine and launcher.machine == self._own.machine
        if neighbors and not Path(f"/proc/{launcher.pid}").exists():
            return True
        now = time.monotonic()
        with self._lock:
            watched = self._watched.get(name)
            if watched is None or watched.content != content:
                watched = self._watched[name] = _Watched(content, now)
            # A long gap tells little: it was the watcher, or the storage, that did not answer.
            watched.silent_for += min(now - watched.seen_at, self._beat_seconds)
            watched.seen_at = now
            return watched.silent_for > self.expire_after

    @property
    def _beat_seconds(self) -> float:
        return self.expire_after / _BEATS_PER_EXPIRY

    def _beat(self) -> None:
        while not self._ended.wait(self._beat_seconds):
            try:
                self.renew()
            except ResultsError as error:
                _log.warning("a lease was not renewed: %s", error)

    def _write(self) -> None:
        self._own = replace(self._own, beat=self._own.beat + 1)
        self.storage.write({self._name: self._own.encode()})


def _decoded(content: bytes) -> _Launcher | None:
    """Return what the file of a launcher says, or None if it is not one of this version."""
    try:
        plain = json.loads(content)
        leases = tuple(Lease(**lease | {"run_ids": tuple(lease["run_ids"])}) for lease in plain["leases"])
        return _Launcher(**plain | {"leases": leases})
    except (ValueError, TypeError, KeyError):
        return None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _machine() -> str:
    """Return what identifies this start of this machine, and the container within it; empty if unknown."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return ""
