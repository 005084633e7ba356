"""A bell that the launcher rings and that every worker of the cluster hears."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from ray.experimental import internal_kv

_SECONDS_BETWEEN_LOOKS = 1.0


@dataclass
class Bell:
    """A flag in the cluster's own key-value store, which needs no process and outlives any worker node.

    As a context manager of the launcher it leaves nothing behind.

    Attributes
    ----------
    key : str
        Unique to a launch.
    """

    key: str = field(default_factory=lambda: f"rdsweep-bell-{uuid.uuid4().hex}")
    _rung: bool = False
    _looked_at: float = field(default=0.0, repr=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._rung:
            internal_kv._internal_kv_del(self.key)

    def ring(self) -> None:
        """Ring, once and for good."""
        if not self._rung:
            self._rung = True
            internal_kv._internal_kv_put(self.key, b"1")

    def rung(self) -> bool:
        """Whether it was rung by about a second ago."""
        if not self._rung and time.monotonic() - self._looked_at >= _SECONDS_BETWEEN_LOOKS:
            self._looked_at = time.monotonic()
            self._rung = internal_kv._internal_kv_exists(self.key)
        return self._rung
