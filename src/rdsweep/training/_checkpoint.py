"""Checkpoints of a pack: the state of training as the bytes of one safetensors file.

Random streams are addressed by chunk, so weights, moments, prices and the history so far are the whole state.
"""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

Tensor = torch.Tensor


class CheckpointWarning(UserWarning):
    """A checkpoint that could not be saved or read; training goes on, from its start in the latter case."""


class CheckpointFile(Protocol):
    """A file that is replaced whole or not at all, wherever it lies."""

    def read(self) -> bytes | None:
        """Return the content, or None if there is no such file."""

    def write(self, content: bytes) -> None:
        """Replace the content; raises `OSError` if that fails."""

    def remove(self) -> None:
        """Remove the file if it is there."""


@dataclass
class Checkpointer:
    """Saves a pack's state now and then.

    Attributes
    ----------
    file : CheckpointFile
        Where the checkpoint lies; removed when the pack is done.
    seconds : float
        Least time between two saves; above 0.
    """

    file: CheckpointFile
    seconds: float = 60.0
    _saved_at: float = field(default_factory=time.monotonic, repr=False)

    def __post_init__(self) -> None:
        if not self.seconds > 0:
            raise ValueError(f"seconds must be above 0, but got {self.seconds!r}")

    def due(self) -> bool:
        """Whether enough time has passed since the last save."""
        return time.monotonic() - self._saved_at >= self.seconds

    def save(self, identity: str, chunk: int, state: Mapping[str, Tensor]) -> None:
        """Write ``state`` as the state of the pack ``identity`` before ``chunk``.

        Warns
        -----
        CheckpointWarning
            If it cannot be written. Nothing is lost as long as training goes on.
        """
        tensors = {name: tensor.detach().contiguous().cpu() for name, tensor in state.items()}
        content = save(tensors, metadata={"pack": identity, "chunk": str(chunk)})
        try:
            self.file.write(content)
        except OSError as error:
            warnings.warn(f"no checkpoint was saved: {error}; training goes on", CheckpointWarning)
        self._saved_at = time.monotonic()

    def load(self, identity: str, device: torch.device) -> tuple[int, dict[str, Tensor]] | None:
        """Return chunk and state that were saved for the pack ``identity``, or None.

        Warns
        -----
        CheckpointWarning
            If the file is damaged, which is as if there were none.
        """
        content = self.file.read()
        if content is None:
            return None
        try:
            metadata = _metadata(content)
            if metadata.get("pack") != identity:
                return None
            return int(metadata["chunk"]), {name: leaf.to(device) for name, leaf in load(content).items()}
        except (SafetensorError, ValueError, KeyError) as error:
            warnings.warn(f"a damaged checkpoint is left out: {error}", CheckpointWarning)
            return None

    def remove(self) -> None:
        """Remove the file of a finished pack."""
        self.file.remove()


def _metadata(content: bytes) -> dict[str, str]:
    """Return the metadata of a safetensors file, which `safetensors.torch.load` leaves out.

    The file starts with the length of a JSON header as a little-endian integer of 8 bytes.
    """
    n_bytes = int.from_bytes(content[:8], "little")
    metadata: dict[str, str] = json.loads(content[8 : 8 + n_bytes])["__metadata__"]
    return metadata
