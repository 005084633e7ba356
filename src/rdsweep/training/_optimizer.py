"""Adam over stacked leaves, with a learning rate for each run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

import torch

from rdsweep.config import RunConfig
from rdsweep.models import HeadGroup

Tensor = torch.Tensor


class PackAdam:
    """PyTorch's fused Adam over a pack.

    Adam works element by element, so stacking changes nothing; only the learning rate is per run. Runs of
    equal rates stand together in a pack, and each such span is one parameter group of views into the leaves.

    Parameters
    ----------
    configs : sequence of RunConfig
        Runs, those with equal learning rate and decay next to each other.
    groups : sequence of HeadGroup
    weights : Mapping of tensors
        Leaves (n_runs, ...), those of a head group (n_heads, ...).
    """

    def __init__(
        self, configs: Sequence[RunConfig], groups: Sequence[HeadGroup], weights: Mapping[str, Tensor]
    ) -> None:
        settings = [learning_rate_settings(config) for config in configs]
        device = next(iter(weights.values())).device
        of_heads = {group.name: [head.run for head in group.heads] for group in groups}
        spans: dict[int, list[tuple[int, slice, Tensor]]] = {}
        for index, (name, leaf) in enumerate(weights.items()):
            of_row = of_heads.get(name.partition(".")[0], range(len(configs)))
            for run, span in _spans([settings.index(settings[run]) for run in of_row]):
                spans.setdefault(run, []).append((index, span, leaf.detach()[span]))
        self._views = [view for members in spans.values() for view in members]
        self._run_of_group = list(spans)
        self._adam = torch.optim.Adam(
            [
                {"params": [view for _, _, view in members], "lr": torch.zeros((), device=device)}
                for members in spans.values()
            ],
            fused=True,
            capturable=device.type == "cuda",
        )

    def step(self, gradients: Sequence[Tensor], rates: Tensor) -> None:
        """Update the leaves in place.

        Parameters
        ----------
        gradients : sequence of Tensor
            One for each leaf, in the order of the leaves.
        rates : Tensor, shape (n_runs,)
            Learning rates.
        """
        for index, span, view in self._views:
            # The fused kernel takes memory as it lies: a gradient must be laid out like its leaf.
            view.grad = gradients[index][span].contiguous()
        for run, group in zip(self._run_of_group, self._adam.param_groups, strict=True):
            group["lr"].copy_(rates[run])
        self._adam.step()

    def state(self) -> dict[str, Tensor]:
        """Return moments and step counts by name; tensors are not copied."""
        return {
            f"adam.{index}.{name}": tensor
            for index, (_, _, view) in enumerate(self._views)
            for name, tensor in self._adam.state[view].items()
        }

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Take moments and step counts that `state` gave."""
        for index, (_, _, view) in enumerate(self._views):
            prefix = f"adam.{index}."
            found = {
                key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)
            }
            self._adam.state[view] = {key: value.clone() for key, value in found.items()}


def learning_rate_settings(config: RunConfig) -> tuple[float, float, float]:
    """Return what sets a run's learning rates; runs that agree in it share a parameter group."""
    training = config.training
    return training.learning_rate, training.learning_rate_decay, training.cooldown


def _spans(keys: Sequence[int]) -> list[tuple[int, slice]]:
    """Return each stretch of equal keys as its key and slice."""
    spans, start = [], 0
    for key, members in groupby(keys):
        stop = start + len(list(members))
        spans.append((key, slice(start, stop)))
        start = stop
    return spans
