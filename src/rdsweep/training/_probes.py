"""Probes: classifiers trained on the frozen latents of a pack's runs, packed like the runs themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch

from rdsweep.config import RunConfig
from rdsweep.models import Head, HeadGroup, encode, group_heads, sample_latents
from rdsweep.models._heads import answers, cross_entropy
from rdsweep.models._packed import Weights
from rdsweep.sources import Stream, generator
from rdsweep.training._batches import (
    CHUNK_STEPS,
    ImageFeed,
    dropout_masks,
    learning_rates,
    padded,
    seed_noise,
)
from rdsweep.training._driver import make_driver
from rdsweep.training._history import PackHistory
from rdsweep.training._initial import initial_head_weights
from rdsweep.training._optimizer import PackAdam
from rdsweep.training._step import GroupTargets

Tensor = torch.Tensor

_IMAGES_PER_BLOCK = 1024


@dataclass(frozen=True)
class ProbeBatch:
    """Inputs of one probe step, or with a leading step axis those of a chunk.

    Attributes
    ----------
    latents : Tensor, shape (n_runs, batch_size, n_latents)
        Sampled from the frozen encoders.
    positions : Tensor of int64, shape (n_runs, batch_size)
    keep : tuple of (Tensor of bool or None)
        For each head group the units that dropout keeps.
    learning_rate : Tensor, shape (n_runs,)
    """

    latents: Tensor
    positions: Tensor
    keep: tuple[Tensor | None, ...]
    learning_rate: Tensor


@dataclass(frozen=True)
class ProbeStats:
    """What a probe step measured, for each head group: nats (n_heads,) and answers (n_heads, batch_size)."""

    cross_entropy: tuple[Tensor, ...]
    answers: tuple[Tensor, ...]


class ProbeStep:
    """The training step of all probes of a pack."""

    def __init__(
        self, configs: Sequence[RunConfig], groups: Sequence[HeadGroup], weights: Mapping[str, Tensor]
    ) -> None:
        leaf = next(iter(weights.values()))
        self.weights = {name: tensor.requires_grad_() for name, tensor in weights.items()}
        self.targets = [GroupTargets.of(g, device=leaf.device, dtype=leaf.dtype) for g in groups]
        self.optimizer = PackAdam(configs, groups, self.weights)
        self._double_softmax = configs[0].protocol == "published"

    def __call__(self, batch: ProbeBatch) -> ProbeStats:
        """Train on a batch and return what was measured on it."""
        entropies, chosen = [], []
        for target, keep in zip(self.targets, batch.keep, strict=True):
            logits = target.group.logits(self.weights, batch.latents[target.runs], keep)
            labels = target.batch_labels(batch.positions)
            entropies.append(cross_entropy(logits, labels, double_softmax=self._double_softmax).mean(1))
            chosen.append(answers(logits.detach()).to(torch.uint8))
        total = torch.stack([entropy.sum() for entropy in entropies]).sum()
        gradients = torch.autograd.grad(total, list(self.weights.values()))
        self.optimizer.step(gradients, batch.learning_rate)
        return ProbeStats(tuple(entropy.detach() for entropy in entropies), tuple(chosen))


@dataclass(frozen=True)
class TrainedProbes:
    """Probes after training: their groups, leaves and history."""

    groups: tuple[HeadGroup, ...]
    weights: Weights
    history: PackHistory


def train_probes(configs: Sequence[RunConfig], weights: Weights, feed: ImageFeed) -> TrainedProbes | None:
    """Train the probes of all runs on the latents of their training sets; None where no run has any.

    Under the matched protocol every step draws the latents anew, under the published one each image has one
    fixed sample. Data order, epochs, batch size and learning rate are those of the run.
    """
    heads = [Head(i, p.name, p.head) for i, config in enumerate(configs) for p in config.probes]
    if not heads:
        return None
    groups = group_heads(heads)
    leaf = weights["code.bias"]
    start = initial_head_weights(configs, groups, Stream.PROBE_WEIGHTS)
    step = ProbeStep(
        configs, groups, {n: t.to(leaf.device, leaf.dtype).contiguous() for n, t in start.items()}
    )
    driver = make_driver(step, leaf.device)
    history = PackHistory(configs, groups)
    for first, n_steps, chunk in _probe_chunks(configs, groups, weights, feed):
        stats = driver(chunk, n_steps)
        history.add_step(first + n_steps)
        for target, entropy, chosen in zip(step.targets, stats.cross_entropy, stats.answers, strict=True):
            labels = target.chunk_labels(chunk.positions[:n_steps])
            history.add_heads(target.group, entropy, chosen, labels)
    return TrainedProbes(groups, step.weights, history)


def _probe_chunks(
    configs: Sequence[RunConfig], groups: Sequence[HeadGroup], weights: Weights, feed: ImageFeed
) -> Iterator[tuple[int, int, ProbeBatch]]:
    training, device = configs[0].training, weights["code.bias"].device
    mean, log_variance = _frozen_codes(weights, feed)
    dtype = mean.dtype
    if configs[0].protocol == "published":
        mean = sample_latents(mean, log_variance, _image_noise(configs, mean))
    runs = torch.arange(len(configs), device=device)[:, None]
    positions = feed.training_sets()[1][feed.set_of_run]
    for first in range(0, training.n_steps, CHUNK_STEPS):
        n_steps = min(CHUNK_STEPS, training.n_steps - first)
        rows = feed.rows(first, n_steps)
        latents = mean[runs, rows]
        chunk = first // CHUNK_STEPS
        if configs[0].protocol == "matched":
            noise = seed_noise(configs, Stream.PROBE_NOISE, chunk, device=device, dtype=dtype)[:n_steps]
            latents = sample_latents(latents, log_variance[runs, rows], noise)
        keep = tuple(dropout_masks(configs, g, Stream.PROBE_DROPOUT, chunk, device=device) for g in groups)
        rates = learning_rates(configs, first, device=device)
        yield first, n_steps, ProbeBatch(padded(latents), padded(positions[runs, rows]), keep, rates)


@torch.no_grad()
def _frozen_codes(weights: Weights, feed: ImageFeed) -> tuple[Tensor, Tensor]:
    """Encode each run's training set: two tensors (n_runs, n_train, n_latents)."""
    images, _ = feed.training_sets()
    dtype = weights["code.bias"].dtype
    blocks = [
        encode(weights, block[feed.set_of_run].to(dtype)) for block in images.split(_IMAGES_PER_BLOCK, dim=1)
    ]
    mean, log_variance = zip(*blocks, strict=True)
    return torch.cat(mean, 1), torch.cat(log_variance, 1)


def _image_noise(configs: Sequence[RunConfig], like: Tensor) -> Tensor:
    device, shape = like.device, like.shape[1:]
    drawn = {
        seed: torch.randn(shape, generator=generator(device, seed, Stream.PROBE_NOISE), device=device)
        for seed in {config.seed for config in configs}
    }
    return torch.stack([drawn[config.seed] for config in configs]).to(like.dtype)
