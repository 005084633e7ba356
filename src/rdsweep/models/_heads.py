"""Classifier heads of a pack, grouped by shape so that each group is one batched product."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from rdsweep.config import HeadKind
from rdsweep.models._packed import Weights
from rdsweep.models._reference import DROPOUT, LINEAR_WIDTH, NONLINEAR_SLOPE, NONLINEAR_WIDTH
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
        hidden = torch.baddbmm(b1.unsqueeze(1), latents, w1)
        if self.kind == "nonlinear":
            hidden = F.leaky_relu(hidden, NONLINEAR_SLOPE, inplace=True)
            if keep is not None:
                hidden = hidden * keep / (1.0 - DROPOUT)
        return torch.baddbmm(b2.unsqueeze(1), hidden, w2)


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
