"""A checkpointer that ends training when it is asked to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch

from rdsweep.engines._stop import Preempted
from rdsweep.training import Checkpointer


@dataclass
class StoppingCheckpointer(Checkpointer):
    """Saves at once when training is to stop, then ends it.

    It is a `Checkpointer`, because training asks nothing else than that whether to save, and no step is lost
    if training ends just after a save.

    Attributes
    ----------
    should_stop : Callable
        Asked between chunks of training.
    """

    should_stop: Callable[[], bool] = bool

    def due(self) -> bool:
        """Whether to save now."""
        return self.should_stop() or super().due()

    def save(self, identity: str, chunk: int, state: Mapping[str, torch.Tensor]) -> None:
        """Write ``state``.

        Raises
        ------
        Preempted
            If training is to stop.
        """
        super().save(identity, chunk, state)
        if self.should_stop():
            raise Preempted
