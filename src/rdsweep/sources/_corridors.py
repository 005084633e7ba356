"""The Corridors images: 13×13 binary pictures of an upper and a lower corridor (0 = corridor, 1 = wall).

The closed form stands in `rdstats.theory`; here it is sampled from uniform numbers, so that sources that
differ only in their imbalance share the numbers that made their images.
"""

from __future__ import annotations

import torch

from rdstats.theory import mean_images, position_probabilities
from rdsweep.config import SourceConfig

N_POSITIONS = 169
"""Stimulus positions, ordered by 13 * x_UC + x_LC."""

N_PIXELS = 169
"""Pixels of an image, ordered by 13 * row + column."""

_IMAGES_PER_BLOCK = 16_384


def stimulus_distribution(source: SourceConfig) -> torch.Tensor:
    """Return the probability of each stimulus position: float64, shape (169,)."""
    return torch.from_numpy(position_probabilities(source.imbalance, source.ratio))


def draw_positions(source: SourceConfig, n_images: int, *, rng: torch.Generator) -> torch.Tensor:
    """Draw stimulus positions from a source.

    Parameters
    ----------
    source : SourceConfig
    n_images : int
    rng : torch.Generator
        Its device is the device of the result.

    Returns
    -------
    Tensor of int64, shape (n_images,)
        Positions in 0..168.
    """
    upper_edges = stimulus_distribution(source).cumsum(0)[:-1].to(rng.device)
    uniforms = torch.rand(n_images, generator=rng, device=rng.device, dtype=torch.float64)
    return torch.searchsorted(upper_edges, uniforms, right=True)


def draw_images(positions: torch.Tensor, *, rng: torch.Generator) -> torch.Tensor:
    """Draw an image of each position.

    Parameters
    ----------
    positions : Tensor of int64, shape (n_images,)
        Values in 0..168, on the device of ``rng``.
    rng : torch.Generator

    Returns
    -------
    Tensor of uint8, shape (n_images, 169)
        1 for wall, 0 for corridor.
    """
    wall = torch.from_numpy(mean_images()).to(device=rng.device, dtype=torch.float32)
    images = torch.empty(len(positions), N_PIXELS, dtype=torch.uint8, device=rng.device)
    for start in range(0, len(positions), _IMAGES_PER_BLOCK):
        block = slice(start, start + _IMAGES_PER_BLOCK)
        thresholds = wall[positions[block]]
        uniforms = torch.rand(thresholds.shape, generator=rng, device=rng.device)
        images[block] = uniforms < thresholds
    return images


def balanced_positions(n_per_position: int, device: torch.device) -> torch.Tensor:
    """Return every position ``n_per_position`` times in order: int64, shape (169 * n_per_position,)."""
    return torch.arange(N_POSITIONS, device=device).repeat_interleave(n_per_position)
