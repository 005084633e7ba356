"""Scores of answers against labels, for many heads at once."""

from __future__ import annotations

import torch

Tensor = torch.Tensor


def f1_scores(answers: Tensor, labels: Tensor, n_classes: int) -> Tensor:
    """Return F1 by head.

    For two classes the F1 of class 1; for more the mean of the F1 of every class that occurs among labels or
    answers (macro F1). An undefined F1 counts as 0.

    Parameters
    ----------
    answers, labels : Tensor of integers, shape (n_heads, n_images)
        Classes in 0..n_classes-1.
    n_classes : int

    Returns
    -------
    Tensor of float64, shape (n_heads,)
    """
    hits = _counts(labels, n_classes, answers == labels)
    occurrences = _counts(labels, n_classes) + _counts(answers, n_classes)
    f1 = 2.0 * hits / occurrences.clamp(min=1)
    return f1[:, 1] if n_classes == 2 else f1.sum(1) / (occurrences > 0).sum(1)


def batch_f1_scores(answers: Tensor, labels: Tensor, n_classes: int, *, batch_size: int) -> Tensor:
    """Return by head the mean over batches of consecutive images of the batch's F1, as the paper reports it.

    Parameters are those of `f1_scores`; ``n_images`` must be a multiple of ``batch_size``.
    """
    n_heads = len(answers)
    split = [tensor.reshape(-1, batch_size) for tensor in (answers, labels)]
    return f1_scores(split[0], split[1], n_classes).view(n_heads, -1).mean(1)


def constant_scores(labels: Tensor, n_classes: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return F1, accuracy and cross-entropy (nats) of the best constant answer, by head.

    Parameters are those of `f1_scores`. Each score has its own best constant; that of the cross-entropy is
    the vector of class frequencies.
    """
    frequencies = _counts(labels, n_classes) / labels.shape[1]
    constants = torch.arange(n_classes, device=labels.device)
    f1 = torch.stack([f1_scores(torch.full_like(labels, c), labels, n_classes) for c in constants])
    entropy = -torch.special.xlogy(frequencies, frequencies).sum(1)
    return f1.amax(0), frequencies.amax(1), entropy


def _counts(classes: Tensor, n_classes: int, where: Tensor | None = None) -> Tensor:
    """Count classes by head, (n_heads, n_classes) of float64; only images in ``where`` if given."""
    n_heads = len(classes)
    cells = classes.long() + n_classes * torch.arange(n_heads, device=classes.device)[:, None]
    counted = cells.flatten() if where is None else cells[where]
    return torch.bincount(counted, minlength=n_heads * n_classes).view(n_heads, n_classes).double()
