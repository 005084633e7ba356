"""One run of the reference architecture, trained by ordinary modules and ``torch.optim.Adam``.

Written from the definitions of the objectives, not from the packed code; only constants are shared.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import nn
from torch.distributions import Normal, kl_divergence

from rdsweep import objectives
from rdsweep.config import RunConfig
from rdsweep.models import Head, HeadGroup, ReferenceHybrid, group_heads
from rdsweep.sources import Stream
from rdsweep.tasks import get_task
from rdsweep.training._batches import ImageFeed, TrainingBatch, batch_chunks
from rdsweep.training._initial import initial_head, initial_vae, initial_weights
from rdsweep.training._step import PackStep, StepStats

CPU = torch.device("cpu")


@dataclass(frozen=True)
class ReferenceRun:
    """A trained module, its log β, and by step rate (nats), distortion and task losses (nats)."""

    module: ReferenceHybrid
    log_beta: float
    rates: list[float]
    distortions: list[float]
    task_losses: list[dict[str, float]]


@dataclass(frozen=True)
class TrainedPack:
    """A pack trained by `PackStep`, with the head groups of its runs and the statistics of each step."""

    step: PackStep
    groups: tuple[HeadGroup, ...]
    stats: list[StepStats]


def head_groups(configs: Sequence[RunConfig]) -> tuple[HeadGroup, ...]:
    heads = [Head(run, t.name, t.head, t.weight) for run, config in enumerate(configs) for t in config.tasks]
    return group_heads(heads)


def batches(configs: Sequence[RunConfig], *, dtype: torch.dtype) -> list[TrainingBatch]:
    """Return the inputs of every step, each with a leading run axis."""
    groups, feed = head_groups(configs), ImageFeed(configs, CPU)
    return [
        TrainingBatch(
            chunk.images[i],
            chunk.positions[i],
            chunk.noise[i],
            tuple(None if keep is None else keep[i] for keep in chunk.keep),
            chunk.target[i],
            chunk.task_ramp[i],
            chunk.learning_rate[i],
        )
        for n_steps, chunk in batch_chunks(configs, groups, feed, device=CPU, dtype=dtype)
        for i in range(n_steps)
    ]


def train_packed(configs: Sequence[RunConfig], *, dtype: torch.dtype) -> TrainedPack:
    """Train all runs at once with the code under test."""
    groups = head_groups(configs)
    step = PackStep(configs, groups, initial_weights(configs, groups, device=CPU, dtype=dtype))
    return TrainedPack(step, groups, [step(batch) for batch in batches(configs, dtype=dtype)])


def train_reference(config: RunConfig, *, dtype: torch.dtype) -> ReferenceRun:
    """Train one run alone, one ordinary module after the other."""
    groups = head_groups([config])
    module = _initial_module(config, groups).to(dtype)
    optimizer = torch.optim.Adam(module.parameters(), lr=config.training.learning_rate)
    log_beta = math.log(_initial_beta(config))
    run = ReferenceRun(module, log_beta, [], [], [])
    for batch in batches([config], dtype=dtype):
        rates, distortion, task_losses = _forward(module, config, groups, batch)
        loss = distortion + _price_of_rate(config, rates, float(batch.target), log_beta)
        for task in config.tasks:
            loss = loss + task.weight * float(batch.task_ramp) * task_losses[task.name]
        optimizer.zero_grad()
        loss.backward()
        optimizer.param_groups[0]["lr"] = float(batch.learning_rate)
        optimizer.step()
        rate = rates.mean().item()
        log_beta = _next_log_beta(config, rate, log_beta)
        run.rates.append(rate)
        run.distortions.append(distortion.item())
        run.task_losses.append({name: task_loss.item() for name, task_loss in task_losses.items()})
    return replace(run, log_beta=log_beta)


def _initial_module(config: RunConfig, groups: Sequence[HeadGroup]) -> ReferenceHybrid:
    n_latents = config.training.n_latents
    module = ReferenceHybrid(config.tasks, n_latents)
    module.vae = initial_vae(config.seed, n_latents)
    for group in groups:
        for head in group.heads:
            module.heads[head.task] = initial_head(
                group, head.task, config.seed, n_latents, Stream.HEAD_WEIGHTS
            )
    return module


def _forward(
    module: ReferenceHybrid, config: RunConfig, groups: Sequence[HeadGroup], batch: TrainingBatch
) -> tuple[torch.Tensor, torch.Tensor, dict[str, torch.Tensor]]:
    """Return rates by image (nats), distortion (mean squared error) and task losses (nats)."""
    images = batch.images[0].to(batch.noise.dtype).view(-1, 1, 13, 13)
    mean, log_variance = module.vae.encode(images)
    posterior = Normal(mean, (0.5 * log_variance).exp())
    latents = posterior.mean + posterior.stddev * batch.noise[0]
    prior = Normal(torch.zeros_like(mean), torch.ones_like(mean))
    rates = kl_divergence(posterior, prior).sum(1)
    distortion = F.mse_loss(module.vae.decode(latents), images)
    losses = {}
    for group, keep in zip(groups, batch.keep, strict=True):
        for index, head in enumerate(group.heads):
            kept = None if keep is None else keep[index]
            logits = _head_logits(module.heads[head.task], latents, kept)
            labels = torch.from_numpy(get_task(head.task).label_table())[batch.positions[0]]
            losses[head.task] = _task_loss(logits, labels, double_softmax=config.protocol == "published")
    return rates, distortion, losses


def _head_logits(head: nn.Module, latents: torch.Tensor, keep: torch.Tensor | None) -> torch.Tensor:
    values = latents
    for layer in head.children():
        # The mask stands in for the layer's own, which would draw from the global generator.
        values = values * keep / (1.0 - layer.p) if isinstance(layer, nn.Dropout) else layer(values)
    return values


def _task_loss(logits: torch.Tensor, labels: torch.Tensor, *, double_softmax: bool) -> torch.Tensor:
    if logits.shape[1] == 1:
        return F.binary_cross_entropy(logits.squeeze(1).sigmoid(), labels.to(logits.dtype))
    return F.cross_entropy(logits.softmax(1) if double_softmax else logits, labels)


def _initial_beta(config: RunConfig) -> float:
    if config.objective.kind == "beta":
        return config.objective.beta * config.objective.rate_weight
    return objectives.INITIAL_BETA


def _price_of_rate(config: RunConfig, rates: torch.Tensor, target: float, log_beta: float) -> torch.Tensor:
    kind = config.objective.kind
    if kind == "beta":
        return math.exp(log_beta) * rates.mean()
    if kind == "capacity":
        gaps = [(shard.mean() - target).abs() for shard in rates.chunk(config.training.shards)]
        return config.objective.gamma * config.objective.rate_weight * torch.stack(gaps).mean()
    rate = rates.mean()
    swing = objectives.DAMPING / 2.0 * (rate - target) ** 2 / max(target, objectives.LEAST_SCALE)
    return math.exp(log_beta) * (rate + swing)


def _next_log_beta(config: RunConfig, rate: float, log_beta: float) -> float:
    if config.objective.kind != "constrained":
        return log_beta
    capacity = config.objective.capacity
    violation = (rate - capacity) / max(capacity, objectives.LEAST_SCALE)
    return log_beta + objectives.GAIN * min(max(violation, -1.0), 1.0)
