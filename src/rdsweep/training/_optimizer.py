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
        self._mean = {name: torch.zeros_like(leaf) for name, leaf in weights.items()}
        self._square = {name: torch.zeros_like(leaf) for name, leaf in weights.items()}
        self._views: list[tuple[int, slice, Tensor]] = []
        moments: dict[Tensor, dict[str, Tensor]] = {}
        members: dict[int, list[Tensor]] = {}
        for index, (name, leaf) in enumerate(weights.items()):
            of_row = of_heads.get(name.partition(".")[0], range(len(configs)))
            for run, span in _spans([settings.index(settings[run]) for run in of_row]):
                view = leaf.detach()[span]
                self._views.append((index, span, view))
                members.setdefault(run, []).append(view)
                moments[view] = {
                    "step": torch.zeros((), device=device),
                    "exp_avg": self._mean[name][span],
                    "exp_avg_sq": self._square[name][span],
                }
        self._run_of_group = list(members)
        self._adam = torch.optim.Adam(
            [{"params": views, "lr": torch.zeros((), device=device)} for views in members.values()],
            fused=True,
            capturable=device.type == "cuda",
        )
        # Moments are stacked like the leaves, so that a state can be cut and saved without regard to spans.
        self._adam.state.update(moments)

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
        """Return the moments, stacked like the leaves, and the number of steps; tensors are not copied."""
        steps = self._adam.state[self._views[0][2]]["step"]
        return {
            **{f"mean.{name}": moment for name, moment in self._mean.items()},
            **{f"square.{name}": moment for name, moment in self._square.items()},
            "step_count": steps,
        }

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Take moments and the number of steps that `state` gave."""
        for name in self._mean:
            self._mean[name].copy_(state[f"mean.{name}"])
            self._square[name].copy_(state[f"square.{name}"])
        for _, _, view in self._views:
            self._adam.state[view]["step"].copy_(state["step_count"])


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
