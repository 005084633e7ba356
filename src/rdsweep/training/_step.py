"""One step of a pack: loss, gradients, Adam, dual ascent. The same code runs eagerly and in a CUDA graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from rdsweep.config import RunConfig
from rdsweep.models import HeadGroup, decode, encode, latent_rates, sample_latents
from rdsweep.models._heads import answers, cross_entropy
from rdsweep.objectives import Prices, dual_step, rate_losses
from rdsweep.training._batches import TrainingBatch
from rdsweep.training._optimizer import PackAdam

Tensor = torch.Tensor


@dataclass(frozen=True)
class StepStats:
    """What a step measured on its batch.

    Attributes
    ----------
    rate, distortion, log_beta : Tensor, shape (n_runs,)
        Nats per image, mean squared error per pixel, and log β after the step.
    cross_entropy : tuple of Tensor, shape (n_heads,)
        Nats, for each head group.
    answers : tuple of Tensor of uint8, shape (n_heads, batch_size)
        Classes answered, for each head group.
    """

    rate: Tensor
    distortion: Tensor
    log_beta: Tensor
    cross_entropy: tuple[Tensor, ...]
    answers: tuple[Tensor, ...]


@dataclass(frozen=True)
class GroupTargets:
    """A head group with what its losses need on the device."""

    group: HeadGroup
    runs: Tensor
    labels: Tensor
    weights: Tensor

    @classmethod
    def of(cls, group: HeadGroup, *, device: torch.device, dtype: torch.dtype) -> GroupTargets:
        """Move a group's run indices, label tables and weights to the device."""
        weights = torch.tensor([head.weight for head in group.heads], device=device, dtype=dtype)
        return cls(group, group.runs(device), group.label_tables(device), weights)

    def batch_labels(self, positions: Tensor) -> Tensor:
        """Return the class of each image by head, (n_heads, batch_size), for positions by run."""
        return self.labels.gather(1, positions[self.runs])

    def chunk_labels(self, positions: Tensor) -> Tensor:
        """Return the classes of a chunk, (n_steps, n_heads, batch_size), for positions by step and run."""
        return torch.stack([self.batch_labels(of_step) for of_step in positions])


class PackStep:
    """The training step of a pack.

    Parameters
    ----------
    configs : sequence of RunConfig
    groups : sequence of HeadGroup
    weights : Mapping of tensors
        Packed leaves, trained in place.
    product_dtype : torch.dtype, optional
        Type of the convolutions' products; that of the weights by default.
    """

    def __init__(
        self,
        configs: Sequence[RunConfig],
        groups: Sequence[HeadGroup],
        weights: Mapping[str, Tensor],
        *,
        product_dtype: torch.dtype | None = None,
    ) -> None:
        leaf = next(iter(weights.values()))
        self.device, self.dtype = leaf.device, leaf.dtype
        self.weights = {name: tensor.requires_grad_() for name, tensor in weights.items()}
        self.targets = [GroupTargets.of(g, device=self.device, dtype=self.dtype) for g in groups]
        self.prices = Prices.start(tuple(configs), device=self.device, dtype=self.dtype)
        self.optimizer = PackAdam(configs, groups, self.weights)
        self._n_shards = configs[0].training.shards
        self._double_softmax = configs[0].protocol == "published"
        self.product_dtype = product_dtype

    def __call__(self, batch: TrainingBatch) -> StepStats:
        """Train on a batch and return what was measured on it."""
        total, stats = self.losses(batch)
        gradients = torch.autograd.grad(total, list(self.weights.values()))
        self.optimizer.step(gradients, batch.learning_rate)
        self.prices.log_beta.copy_(dual_step(self.prices, stats.rate, batch.target))
        return stats

    def state(self) -> dict[str, Tensor]:
        """Return all that training changes, stacked by run or head; tensors are not copied."""
        leaves = {f"weights.{name}": leaf for name, leaf in self.weights.items()}
        return {**leaves, **self.optimizer.state(), "log_beta": self.prices.log_beta}

    @torch.no_grad()
    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Take what `state` gave."""
        for name, leaf in self.weights.items():
            leaf.copy_(state[f"weights.{name}"])
        self.optimizer.load_state(state)
        self.prices.log_beta.copy_(state["log_beta"])

    def losses(self, batch: TrainingBatch) -> tuple[Tensor, StepStats]:
        """Return the sum of all runs' objectives and what was measured."""
        mean, log_variance = encode(self.weights, batch.images, dtype=self.product_dtype)
        latents = sample_latents(mean, log_variance, batch.noise)
        reconstruction = decode(self.weights, latents, dtype=self.product_dtype)
        distortion = (reconstruction - batch.images).square().mean((1, 2))
        rates = latent_rates(mean, log_variance).sum(2)
        shard_rates = rates.unflatten(1, (self._n_shards, -1)).mean(2)
        total = (distortion + rate_losses(shard_rates, batch.target, self.prices)).sum()
        entropies, chosen = [], []
        for target, keep in zip(self.targets, batch.keep, strict=True):
            scores = target.group.logits(self.weights, latents[target.runs], keep)
            labels = target.batch_labels(batch.positions)
            entropy = cross_entropy(scores, labels, double_softmax=self._double_softmax).mean(1)
            total = total + (target.weights * batch.task_ramp[target.runs] * entropy).sum()
            entropies.append(entropy.detach())
            chosen.append(answers(scores.detach()).to(torch.uint8))
        stats = StepStats(
            rates.detach().mean(1),
            distortion.detach(),
            self.prices.log_beta,
            tuple(entropies),
            tuple(chosen),
        )
        return total, stats
