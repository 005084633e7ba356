"""Classifier heads of a pack, grouped by shape so that each group is one batched product."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch.autograd.function import once_differentiable

from rdsweep.config import HeadKind
from rdsweep.models._packed import Weights
from rdsweep.models._reference import DROPOUT, LINEAR_WIDTH, NONLINEAR_SLOPE, NONLINEAR_WIDTH
from rdsweep.models._windows import gated
from rdsweep.tasks import get_task

Tensor = torch.Tensor

WIDTH: dict[HeadKind, int] = {"linear": LINEAR_WIDTH, "nonlinear": NONLINEAR_WIDTH}


@dataclass(frozen=True)
class Head:
    """A head in a pack: the run (its index in the pack), the task and the weight λ of its loss."""

    run: int
    task: str
    kind: HeadKind
    weight: float = 1.0


@dataclass(frozen=True)
class HeadGroup:
    """Heads of one kind and output size.

    Attributes
    ----------
    kind : {"linear", "nonlinear"}
    n_logits : int
    heads : tuple of Head
    """

    kind: HeadKind
    n_logits: int
    heads: tuple[Head, ...]

    @property
    def name(self) -> str:
        """Prefix of the group's leaves."""
        return f"{self.kind}{self.n_logits}"

    @property
    def width(self) -> int:
        """Hidden units of each head."""
        return WIDTH[self.kind]

    @property
    def has_dropout(self) -> bool:
        """Whether the group draws dropout masks."""
        return self.kind == "nonlinear"

    def runs(self, device: torch.device) -> Tensor:
        """Return the run index of each head: int64, (n_heads,)."""
        return torch.tensor([head.run for head in self.heads], device=device)

    def label_tables(self, device: torch.device) -> Tensor:
        """Return the class of each position by head: int64, (n_heads, 169)."""
        tables = [torch.from_numpy(get_task(head.task).label_table()) for head in self.heads]
        return torch.stack(tables).to(device)

    def logits(self, weights: Weights, latents: Tensor, keep: Tensor | None = None) -> Tensor:
        """Return logits.

        Parameters
        ----------
        weights : Mapping of tensors
        latents : Tensor, shape (n_heads, n_images, n_latents)
        keep : Tensor of bool, shape (n_heads, n_images, width), optional
            Units that dropout keeps; none are dropped without it.

        Returns
        -------
        Tensor, shape (n_heads, n_images, n_logits)
        """
        w1, b1, w2, b2 = (weights[f"{self.name}.{leaf}"] for leaf in ("w1", "b1", "w2", "b2"))
        if self.kind == "linear":
            # The product of both layers first: their hidden units are many, the latents and logits few.
            bias = torch.baddbmm(b2.unsqueeze(1), b1.unsqueeze(1), w2)
            return torch.baddbmm(bias, latents, w1 @ w2)
        if keep is not None:
            logits: Tensor = _DroppingHead.apply(latents, w1, b1, w2, b2, keep)
            return logits
        hidden = F.leaky_relu(torch.baddbmm(b1.unsqueeze(1), latents, w1), NONLINEAR_SLOPE, inplace=True)
        return torch.baddbmm(b2.unsqueeze(1), hidden, w2)


class _DroppingHead(torch.autograd.Function):
    """A nonlinear head in training: layer, leaky ReLU, dropout, layer.

    Its hidden units are most of what a head reads and writes. So they change in place in both directions, and
    the factor that makes up for dropped units goes to the second layer.
    """

    @staticmethod
    def forward(
        ctx: Any, latents: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor, keep: Tensor
    ) -> Tensor:
        """Return the logits; arguments as for `HeadGroup.logits`."""
        # A CPU converts a factor of another type before it multiplies, a GPU as it reads it.
        mask = keep if keep.is_cuda else keep.to(latents.dtype)
        hidden = torch.baddbmm(b1.unsqueeze(1), latents, w1)
        F.leaky_relu_(hidden, NONLINEAR_SLOPE).mul_(mask)
        scaled = w2 / (1.0 - DROPOUT)
        ctx.save_for_backward(latents, w1, hidden, mask, scaled)
        return torch.baddbmm(b2.unsqueeze(1), hidden, scaled)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradients of all but the mask."""
        latents, w1, hidden, mask, scaled = ctx.saved_tensors
        of_logits = gradients[0]
        of_hidden = of_logits @ scaled.mT
        gated(of_hidden, hidden, slope=NONLINEAR_SLOPE, out=of_hidden).mul_(mask)
        of_latents = of_hidden @ w1.mT if ctx.needs_input_grad[0] else None
        of_w2 = (hidden.mT @ of_logits).div_(1.0 - DROPOUT)
        return of_latents, latents.mT @ of_hidden, of_hidden.sum(1), of_w2, of_logits.sum(1), None


def group_heads(heads: Sequence[Head]) -> tuple[HeadGroup, ...]:
    """Group heads by kind and output size, in the order of their first appearance."""
    groups: dict[tuple[HeadKind, int], list[Head]] = {}
    for head in heads:
        groups.setdefault((head.kind, get_task(head.task).n_logits), []).append(head)
    return tuple(HeadGroup(kind, n_logits, tuple(members)) for (kind, n_logits), members in groups.items())


def cross_entropy(logits: Tensor, labels: Tensor, *, double_softmax: bool = False) -> Tensor:
    """Return the cross-entropy of each answer in nats.

    Parameters
    ----------
    logits : Tensor, shape (n_heads, n_images, n_logits)
    labels : Tensor of int64, shape (n_heads, n_images)
    double_softmax : bool, default False
        Take the softmax as logits, as the paper's code does for more than two classes.

    Returns
    -------
    Tensor, shape (n_heads, n_images)
    """
    if logits.shape[-1] == 1:
        return F.binary_cross_entropy_with_logits(
            logits.squeeze(-1), labels.to(logits.dtype), reduction="none"
        )
    if double_softmax:
        logits = logits.softmax(-1)
    return F.cross_entropy(logits.movedim(-1, 1), labels, reduction="none")


def answers(logits: Tensor) -> Tensor:
    """Return the class with the highest probability: int64, (n_heads, n_images)."""
    return (logits.squeeze(-1) >= 0).long() if logits.shape[-1] == 1 else logits.argmax(-1)
