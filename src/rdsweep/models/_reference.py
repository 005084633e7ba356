"""The reference architecture as ordinary modules: what a pack's runs are, one at a time."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from rdsweep.config import HeadKind, TaskConfig
from rdsweep.tasks import get_task

LINEAR_WIDTH = 1024
NONLINEAR_WIDTH = 1500
NONLINEAR_SLOPE = 0.2
DROPOUT = 0.25


class ReferenceVAE(nn.Module):
    """The β-VAE of the paper: three convolutions, ``n_latents`` Gaussian latents, three transposed ones.

    Parameters
    ----------
    n_latents : int, default 5
    """

    def __init__(self, n_latents: int = 5) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 32, 4, stride=2, padding=1),
            nn.LeakyReLU(),
            nn.Conv2d(32, 64, 3, stride=2, padding=1),
            nn.LeakyReLU(),
            nn.Conv2d(64, 256, 3, stride=2, padding=1),
            nn.LeakyReLU(),
        )
        self.fc_mu = nn.Linear(1024, n_latents)
        self.fc_var = nn.Linear(1024, n_latents)
        self.decoder_input = nn.Linear(n_latents, 1024)
        self.decoder = nn.Sequential(
            nn.ConvTranspose2d(256, 64, 3, stride=2, padding=1),
            nn.LeakyReLU(),
            nn.ConvTranspose2d(64, 32, 3, stride=2, padding=1, output_padding=1),
            nn.LeakyReLU(),
            nn.ConvTranspose2d(32, 1, 4, stride=2, padding=1, output_padding=1),
            nn.Sigmoid(),
        )

    def encode(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return latent means and log variances, (n, n_latents) each, of images (n, 1, 13, 13)."""
        features = self.encoder(images).flatten(1)
        return self.fc_mu(features), self.fc_var(features)

    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        """Return wall probabilities (n, 1, 13, 13) for latents (n, n_latents)."""
        reconstruction: torch.Tensor = self.decoder(self.decoder_input(latents).view(-1, 256, 2, 2))
        return reconstruction


def reference_head(kind: HeadKind, n_logits: int, n_latents: int = 5) -> nn.Sequential:
    """Return a classifier head as an ordinary module that maps latents to logits."""
    if kind == "linear":
        return nn.Sequential(nn.Linear(n_latents, LINEAR_WIDTH), nn.Linear(LINEAR_WIDTH, n_logits))
    return nn.Sequential(
        nn.Linear(n_latents, NONLINEAR_WIDTH),
        nn.LeakyReLU(NONLINEAR_SLOPE),
        nn.Dropout(DROPOUT),
        nn.Linear(NONLINEAR_WIDTH, n_logits),
    )


class ReferenceHybrid(nn.Module):
    """A `ReferenceVAE` with classifier heads, as state dicts of runs are laid out.

    Parameters
    ----------
    tasks : sequence of TaskConfig
    n_latents : int, default 5
    """

    def __init__(self, tasks: Sequence[TaskConfig] = (), n_latents: int = 5) -> None:
        super().__init__()
        self.vae = ReferenceVAE(n_latents)
        self.heads = nn.ModuleDict(
            {task.name: reference_head(task.head, get_task(task.name).n_logits, n_latents) for task in tasks}
        )
