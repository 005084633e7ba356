"""The convolutional halves of a pack as batched matrix products with hand-written gradients.

The network has three pairs of grids, 13↔6, 6↔3 and 3↔2: the encoder goes down, the decoder up, and a
transposed convolution is the adjoint of the convolution between the same grids. So each pair has one kernel
layout, (n_runs, kernel, kernel, fine channels, coarse channels) with the fine grid being the larger, and one
way to gather windows and add them up.

`_corners` has the products between the two smallest grids.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F

from rdsweep.models._corners import CORNERS, corner_products
from rdsweep.models._windows import SLOPE, Windows, gated

Tensor = torch.Tensor

OUTER = Windows(size=13, kernel=4, stride=2, padding=1)
MIDDLE = Windows(size=6, kernel=3, stride=2, padding=1)


class EncoderConvolutions(torch.autograd.Function):
    """Three convolutions, each with a leaky ReLU.

    From images (n_runs, n_images, 13, 13, 1) to features (n_runs, 4, n_images, 256), the four positions of
    the 2×2 grid first. There is no gradient with respect to the images.
    """

    @staticmethod
    def forward(
        ctx: Any, images: Tensor, k1: Tensor, b1: Tensor, k2: Tensor, b2: Tensor, k3: Tensor, b3: Tensor
    ) -> Tensor:
        """Return the features."""
        n_runs, n_images = images.shape[:2]
        rows1 = OUTER.gather(images).flatten(1, 2)
        h1 = _activated(rows1 @ k1.flatten(1, 3), b1).view(n_runs, n_images, MIDDLE.size, MIDDLE.size, -1)
        rows2 = MIDDLE.gather(h1).flatten(1, 2)
        h2 = _activated(rows2 @ k2.flatten(1, 3), b2).view(n_runs, n_images, CORNERS.size, CORNERS.size, -1)
        corners = corner_products(k3)
        windows3 = corners.windows(h2)
        h3 = _activated(corners.down(windows3), b3)
        ctx.corners = type(corners)
        ctx.save_for_backward(rows1, h1, rows2, h2, windows3, h3, k2, corners.weights)
        return h3

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        """Return gradients of the kernels and biases."""
        rows1, h1, rows2, h2, windows3, h3, k2, weights3 = ctx.saved_tensors
        corners = ctx.corners(weights3)
        g3 = gated(gradients[0], h3)
        d_k3 = corners.kernel_gradient(windows3, g3)
        g2 = corners.up(g3, gate=h2).flatten(1, 3)
        d_k2 = (rows2.mT @ g2).view_as(k2)
        tiles = (g2 @ k2.flatten(1, 3).mT).unflatten(1, (-1, MIDDLE.n_windows))
        g1 = MIDDLE.scatter(tiles, gate=h1).flatten(1, 3)
        d_k1 = (rows1.mT @ g1).unflatten(1, (OUTER.kernel, OUTER.kernel, -1))
        return None, d_k1, g1.sum(1), d_k2, g2.sum(1), d_k3, g3.sum((1, 2))


class DecoderConvolutions(torch.autograd.Function):
    """Three transposed convolutions, the first two with a leaky ReLU.

    From features (n_runs, 4, n_images, 256) to logits of pixels (n_runs, n_images, 13, 13, 1).
    """

    @staticmethod
    def forward(
        ctx: Any, features: Tensor, k1: Tensor, b1: Tensor, k2: Tensor, b2: Tensor, k3: Tensor, b3: Tensor
    ) -> Tensor:
        """Return the logits."""
        corners = corner_products(k1)
        u1 = corners.up(features, bias=b1, activate=True).flatten(1, 3)
        tiles2 = (u1 @ k2.flatten(1, 3).mT).unflatten(1, (-1, MIDDLE.n_windows))
        u2 = MIDDLE.scatter(tiles2, bias=b2, activate=True).flatten(1, 3)
        tiles3 = (u2 @ k3.flatten(1, 3).mT).unflatten(1, (-1, OUTER.n_windows))
        ctx.corners = type(corners)
        ctx.save_for_backward(features, corners.weights, u1, k2, u2, k3)
        return OUTER.scatter(tiles3, bias=b3)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, ...]:
        """Return gradients of the features, kernels and biases."""
        features, weights1, u1, k2, u2, k3 = ctx.saved_tensors
        corners = ctx.corners(weights1)
        n_runs, n_images = features.shape[0], features.shape[2]
        g3 = gradients[0]
        d_tiles3 = OUTER.gather(g3).flatten(1, 2)
        d_k3 = (d_tiles3.mT @ u2).view_as(k3)
        g2 = gated(d_tiles3 @ k3.flatten(1, 3), u2)
        d_tiles2 = MIDDLE.gather(g2.view(n_runs, n_images, MIDDLE.size, MIDDLE.size, -1)).flatten(1, 2)
        d_k2 = (d_tiles2.mT @ u1).view_as(k2)
        g1 = gated(d_tiles2 @ k2.flatten(1, 3), u1)
        windows1 = corners.windows(g1.view(n_runs, n_images, CORNERS.size, CORNERS.size, -1))
        d_k1 = corners.kernel_gradient(windows1, features)
        return corners.down(windows1), d_k1, g1.sum(1), d_k2, g2.sum(1), d_k3, g3.sum((1, 2, 3))


def _activated(values: Tensor, bias: Tensor) -> Tensor:
    """Add a bias (n_runs, channels) and apply the leaky ReLU, in place."""
    shape = (len(bias), *(1,) * (values.dim() - 2), -1)
    return F.leaky_relu_(values.add_(bias.view(shape)), SLOPE)
