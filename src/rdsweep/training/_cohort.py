"""The runs of a pack that are still in training, with all that their steps need."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import torch

from rdsweep.config import RunConfig
from rdsweep.models import Head, HeadGroup, group_heads
from rdsweep.training._batches import ImageFeed, TrainingBatch, batch_chunks
from rdsweep.training._driver import Driver, make_driver
from rdsweep.training._initial import initial_weights
from rdsweep.training._precision import Arithmetic
from rdsweep.training._step import PackStep, StepStats

Tensor = torch.Tensor


@dataclass(frozen=True)
class Cohort:
    """Runs that train together.

    Attributes
    ----------
    runs : Tensor of int64, shape (n_runs,)
        Their places in the pack, on the CPU.
    configs : tuple of RunConfig
    groups : tuple of HeadGroup
        Their heads; a head's run is its place in the cohort.
    feed : ImageFeed
    step : PackStep
    driver : Driver
    """

    runs: Tensor
    configs: tuple[RunConfig, ...]
    groups: tuple[HeadGroup, ...]
    feed: ImageFeed
    step: PackStep
    driver: Driver[TrainingBatch, StepStats]

    @classmethod
    def start(cls, configs: Sequence[RunConfig], device: torch.device, arithmetic: Arithmetic) -> Cohort:
        """Return all runs of a pack before their first step."""
        groups = _group(configs)
        weights = initial_weights(configs, groups, device=device, dtype=arithmetic.dtype)
        step = PackStep(configs, groups, weights, product_dtype=arithmetic.product_dtype)
        feed = ImageFeed(configs, device)
        return cls(torch.arange(len(configs)), tuple(configs), groups, feed, step, make_driver(step, device))

    def chunk(self, index: int) -> tuple[int, TrainingBatch]:
        """Return the number of steps and the inputs of a chunk."""
        device, dtype = self.step.device, self.step.dtype
        chunks = batch_chunks(
            self.configs, self.groups, self.feed, device=device, dtype=dtype, first_chunk=index
        )
        return next(chunks)

    def head_places(self, group: HeadGroup, of_pack: HeadGroup) -> Tensor:
        """Return the places of ``group``'s heads among those of the same group of the whole pack."""
        places = {(head.run, head.task): place for place, head in enumerate(of_pack.heads)}
        runs = self.runs.tolist()
        return torch.tensor([places[runs[head.run], head.task] for head in group.heads])

    def without(self, stopped: Collection[int]) -> Cohort:
        """Return the cohort without some runs of the pack, in the state that it is in."""
        kept = [place for place, run in enumerate(self.runs.tolist()) if run not in stopped]
        configs = tuple(self.configs[place] for place in kept)
        state = _select_rows(self.step.state(), self.groups, kept)
        weights = {
            name.removeprefix("weights."): leaf for name, leaf in state.items() if name.startswith("weights.")
        }
        groups = _group(configs)
        step = PackStep(configs, groups, weights, product_dtype=self.step.product_dtype)
        step.load_state(state)
        feed, driver = self.feed.select(kept), make_driver(step, step.device)
        return Cohort(self.runs[kept], configs, groups, feed, step, driver)


def _group(configs: Sequence[RunConfig]) -> tuple[HeadGroup, ...]:
    return group_heads([Head(i, t.name, t.head, t.weight) for i, c in enumerate(configs) for t in c.tasks])


def _select_rows(
    state: Mapping[str, Tensor], groups: Sequence[HeadGroup], kept: list[int]
) -> dict[str, Tensor]:
    """Return what a state holds of the kept runs and their heads; leaves without any are left out."""
    heads = {g.name: [row for row, head in enumerate(g.heads) if head.run in kept] for g in groups}
    rows = {name: heads.get(name.split(".")[1] if "." in name else "", kept) for name in state}
    return {
        name: value.detach()[rows[name]].contiguous() if value.dim() else value.clone()
        for name, value in state.items()
        if value.dim() == 0 or rows[name]
    }
