"""A flag to stop that the launcher sets and that every worker of the cluster sees."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from ray.experimental import internal_kv

_SECONDS_BETWEEN_LOOKS = 1.0


@dataclass
class StopFlag:
    """A flag in the cluster's own key-value store, which needs no process and outlives any worker node.

    As a context manager of the launcher it leaves nothing behind.

    Attributes
    ----------
    key : str
        Unique to a launch.
    """

    key: str = field(default_factory=lambda: f"rdsweep-stop-{uuid.uuid4().hex}")
    _is_set: bool = False
    _looked_at: float = field(default=0.0, repr=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._is_set:
            internal_kv._internal_kv_del(self.key)

    def set(self) -> None:
        """Set it, once and for good."""
        if not self._is_set:
            self._is_set = True
            internal_kv._internal_kv_put(self.key, b"1")

    def is_set(self) -> bool:
        """Whether it was set by about a second ago."""
        if not self._is_set and time.monotonic() - self._looked_at >= _SECONDS_BETWEEN_LOOKS:
            self._looked_at = time.monotonic()
            self._is_set = internal_kv._internal_kv_exists(self.key)
        return self._is_set
