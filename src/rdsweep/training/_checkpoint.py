"""Checkpoints of a pack: one safetensors file, written whole and then renamed.

Random streams are addressed by chunk, so weights, moments, prices and the history so far are the whole state.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file

Tensor = torch.Tensor


@dataclass
class Checkpointer:
    """Saves a pack's state now and then.

    Attributes
    ----------
    path : Path
        Where the checkpoint lies; removed when the pack is done.
    seconds : float
        Least time between two saves; above 0.
    """

    path: Path
    seconds: float = 60.0
    _saved_at: float = field(default_factory=time.monotonic, repr=False)

    def __post_init__(self) -> None:
        if not self.seconds > 0:
            raise ValueError(f"seconds must be above 0, but got {self.seconds!r}")

    def due(self) -> bool:
        """Whether enough time has passed since the last save."""
        return time.monotonic() - self._saved_at >= self.seconds

    def save(self, identity: str, chunk: int, state: Mapping[str, Tensor]) -> None:
        """Write ``state`` as the state of the pack ``identity`` before ``chunk``."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        tensors = {name: tensor.detach().contiguous().cpu() for name, tensor in state.items()}
        try:
            save_file(tensors, partial, metadata={"pack": identity, "chunk": str(chunk)})
            partial.replace(self.path)
        finally:
            partial.unlink(missing_ok=True)
        self._saved_at = time.monotonic()

    def load(self, identity: str, device: torch.device) -> tuple[int, dict[str, Tensor]] | None:
        """Return chunk and state that were saved for the pack ``identity``, or None."""
        if not self.path.exists():
            return None
        with safe_open(self.path, "pt", device=str(device)) as file:
            metadata = file.metadata()
            if metadata.get("pack") != identity:
                return None
            return int(metadata["chunk"]), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118

    def remove(self) -> None:
        """Remove the file of a finished pack."""
        self.path.unlink(missing_ok=True)
