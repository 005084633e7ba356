"""Initial weights: those of ordinary modules, drawn from per-run streams on the CPU."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import torch
from torch import nn

from rdsweep.config import RunConfig
from rdsweep.models import HeadGroup, ReferenceVAE, pack_heads, pack_vae, reference_head
from rdsweep.sources import Stream, generator
from rdsweep.training._batches import task_address

Tensor = torch.Tensor
_Module = TypeVar("_Module", bound=nn.Module)


def initial_vae(seed: int, n_latents: int) -> ReferenceVAE:
    """Return the model with which a run of ``seed`` starts, in any condition."""
    return _seeded(lambda: ReferenceVAE(n_latents), seed, Stream.WEIGHTS)


def initial_head(group: HeadGroup, task: str, seed: int, n_latents: int, stream: Stream) -> nn.Sequential:
    """Return the head with which a run of ``seed`` starts on ``task``, whatever its other heads."""
    return _seeded(
        lambda: reference_head(group.kind, group.n_logits, n_latents), seed, stream, task_address(task)
    )


def initial_weights(
    configs: Sequence[RunConfig], groups: Sequence[HeadGroup], *, device: torch.device, dtype: torch.dtype
) -> dict[str, Tensor]:
    """Return the packed leaves of all runs and heads before the first step."""
    seeds = list(dict.fromkeys(config.seed for config in configs))
    n_latents = configs[0].training.n_latents
    per_seed = pack_vae([initial_vae(seed, n_latents).state_dict() for seed in seeds])
    of_run = torch.tensor([seeds.index(config.seed) for config in configs])
    weights = {name: leaf[of_run] for name, leaf in per_seed.items()}
    weights |= initial_head_weights(configs, groups, Stream.HEAD_WEIGHTS)
    return {name: leaf.to(device=device, dtype=dtype).contiguous() for name, leaf in weights.items()}


def initial_head_weights(
    configs: Sequence[RunConfig], groups: Sequence[HeadGroup], stream: Stream
) -> dict[str, Tensor]:
    """Return the packed leaves of heads before the first step, on the CPU."""
    weights: dict[str, Tensor] = {}
    for group in groups:
        modules = [
            initial_head(
                group, head.task, configs[head.run].seed, configs[head.run].training.n_latents, stream
            )
            for head in group.heads
        ]
        weights |= pack_heads(group, modules)
    return weights


def _seeded(make: Callable[[], _Module], seed: int, stream: Stream, *block: int) -> _Module:
    # Modules draw their weights from the global generator: fork it, so that ours leaves no trace.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(generator(torch.device("cpu"), seed, stream, *block).initial_seed())
        return make()
