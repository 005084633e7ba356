"""The packed β-VAE: many runs of the reference architecture with a leading run axis everywhere.

Weights are a dictionary of stacked leaves, ``(n_runs, ...)`` each, laid out for matrix products; `_convert`
maps them to and from the reference's state dicts. The functions are plain: weights and data
in, activations out.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch

from rdsweep.models._convolutions import N_CORNERS, DecoderConvolutions, EncoderConvolutions

Tensor = torch.Tensor
Weights = Mapping[str, Tensor]

IMAGE_SIDE = 13

_ENCODER = [f"enc{layer}.{part}" for layer in (1, 2, 3) for part in ("kernel", "bias")]
_DECODER = [f"dec{layer}.{part}" for layer in (1, 2, 3) for part in ("kernel", "bias")]


def encode(weights: Weights, images: Tensor, *, dtype: torch.dtype | None = None) -> tuple[Tensor, Tensor]:
    """Return the latent means and log variances of images.

    Parameters
    ----------
    weights : Mapping of tensors
    images : Tensor, shape (n_runs, n_images, 169)
        Of any type; 1 for wall.
    dtype : torch.dtype, optional
        Type of the convolutions' products; that of the weights by default.

    Returns
    -------
    mean, log_variance : Tensor, shape (n_runs, n_images, n_latents)
        Of the weights' type.
    """
    own = weights["code.weight"].dtype
    grid = images.to(dtype or own).unflatten(2, (IMAGE_SIDE, IMAGE_SIDE, 1))
    features = EncoderConvolutions.apply(grid, *_as(weights, _ENCODER, dtype or own)).to(own)
    matrix = weights["code.weight"].unflatten(1, (N_CORNERS, -1))
    code = (features @ matrix).sum(1) + weights["code.bias"].unsqueeze(1)
    mean, log_variance = code.chunk(2, dim=2)
    return mean, log_variance


def decode(weights: Weights, latents: Tensor, *, dtype: torch.dtype | None = None) -> Tensor:
    """Return the wall probability of each pixel.

    Parameters
    ----------
    weights : Mapping of tensors
    latents : Tensor, shape (n_runs, n_images, n_latents)
    dtype : torch.dtype, optional
        As for `encode`.

    Returns
    -------
    Tensor, shape (n_runs, n_images, 169)
        Of the weights' type.
    """
    own = weights["expand.weight"].dtype
    features = latents.unsqueeze(1) @ weights["expand.weight"] + weights["expand.bias"].unsqueeze(2)
    logits = DecoderConvolutions.apply(features.to(dtype or own), *_as(weights, _DECODER, dtype or own))
    return torch.sigmoid(logits.to(own)).flatten(2)


def _as(weights: Weights, names: list[str], dtype: torch.dtype) -> list[Tensor]:
    return [weights[name].to(dtype) for name in names]


def sample_latents(mean: Tensor, log_variance: Tensor, noise: Tensor) -> Tensor:
    """Return latents drawn from the encoder's Gaussians by standard-normal ``noise`` of the same shape."""
    return torch.addcmul(mean, torch.exp(0.5 * log_variance), noise)


def latent_rates(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Return KL(q(z|x) ‖ N(0, I)) by image and latent, in nats; same shape as ``mean``."""
    return 0.5 * (mean.square() + log_variance.exp() - 1.0 - log_variance)
