"""The convolutional halves of a pack as batched matrix products with hand-written gradients.

The network has three pairs of grids, 13↔6, 6↔3 and 3↔2: the encoder goes down, the decoder up, and a
transposed convolution is the adjoint of the convolution between the same grids. So each pair has one kernel
layout, (n_runs, kernel, kernel, fine channels, coarse channels) with the fine grid being the larger, and one
set of products: `_slabs` on a CPU, `_tiles` on a GPU.
"""

from __future__ import annotations

from typing import Any, Protocol

import torch

from rdsweep.models import _slabs as slabs
from rdsweep.models import _tiles as tiles
from rdsweep.models._windows import gated

Tensor = torch.Tensor

N_CORNERS = tiles.CORNERS.n_windows
"""Positions of the smallest grid."""


class Products(Protocol):
    """The linear maps between a fine and a coarse grid that one kernel defines, and the kernel's gradient."""

    def windows(self, fine: Tensor) -> Tensor:
        """Return a fine grid as the two methods below want it."""

    def down(self, windows: Tensor, **finish: Any) -> Tensor:
        """Map the windows of a fine grid to the coarse one: the convolution; ``finish`` as for `finished`."""

    def kernel_gradient(self, windows: Tensor, coarse: Tensor) -> Tensor:
        """Return the gradient of the kernel from both grids, one of them a gradient."""

    def up(self, coarse: Tensor, **finish: Any) -> Tensor:
        """Map a coarse grid to the fine one: the transposed convolution; ``finish`` as for `finished`."""


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
        outer, middle, corners = ctx.products = _products(k1, k2, k3)
        windows1 = outer.windows(images)
        h1 = outer.down(windows1, bias=b1, activate=True)
        windows2 = middle.windows(h1)
        h2 = middle.down(windows2, bias=b2, activate=True)
        windows3 = corners.windows(h2)
        h3 = corners.down(windows3, bias=b3, activate=True)
        ctx.save_for_backward(windows1, h1, windows2, h2, windows3, h3)
        return h3

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        """Return gradients of the kernels and biases."""
        outer, middle, corners = ctx.products
        windows1, h1, windows2, h2, windows3, h3 = ctx.saved_tensors
        g3 = gated(gradients[0], h3)
        g2 = corners.up(g3, gate=h2)
        g1 = middle.up(g2, gate=h1)
        d_k1 = outer.kernel_gradient(windows1, g1)
        d_k2 = middle.kernel_gradient(windows2, g2)
        d_k3 = corners.kernel_gradient(windows3, g3)
        return None, d_k1, _bias_gradient(g1), d_k2, _bias_gradient(g2), d_k3, _bias_gradient(g3)


class DecoderConvolutions(torch.autograd.Function):
    """Three transposed convolutions, the first two with a leaky ReLU.

    From features (n_runs, 4, n_images, 256) to logits of pixels (n_runs, n_images, 13, 13, 1).
    """

    @staticmethod
    def forward(
        ctx: Any, features: Tensor, k1: Tensor, b1: Tensor, k2: Tensor, b2: Tensor, k3: Tensor, b3: Tensor
    ) -> Tensor:
        """Return the logits."""
        outer, middle, corners = ctx.products = _products(k3, k2, k1)
        u1 = corners.up(features, bias=b1, activate=True)
        u2 = middle.up(u1, bias=b2, activate=True)
        ctx.save_for_backward(features, u1, u2)
        return outer.up(u2, bias=b3)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, ...]:
        """Return gradients of the features, kernels and biases."""
        outer, middle, corners = ctx.products
        features, u1, u2 = ctx.saved_tensors
        g3 = gradients[0]
        windows3 = outer.windows(g3)
        g2 = outer.down(windows3, gate=u2)
        windows2 = middle.windows(g2)
        g1 = middle.down(windows2, gate=u1)
        windows1 = corners.windows(g1)
        d_k1 = corners.kernel_gradient(windows1, features)
        d_k2 = middle.kernel_gradient(windows2, u1)
        d_k3 = outer.kernel_gradient(windows3, u2)
        d_features = corners.down(windows1)
        return d_features, d_k1, _bias_gradient(g1), d_k2, _bias_gradient(g2), d_k3, _bias_gradient(g3)


def _products(outer: Tensor, middle: Tensor, corners: Tensor) -> tuple[Products, Products, Products]:
    """Return the faster products for the kernels of the three pairs, by their device."""
    if outer.is_cuda:
        pairs = tiles.Tiles(outer, tiles.OUTER), tiles.Tiles(middle, tiles.MIDDLE)
        return *pairs, tiles.CornerTiles.of(corners)
    return (
        tiles.Tiles(outer, tiles.OUTER, row_first=True),
        slabs.Slabs(middle, slabs.MIDDLE),
        slabs.Slabs(corners, slabs.CORNERS, positions_first=True),
    )


def _bias_gradient(grid: Tensor) -> Tensor:
    """Sum a gradient over positions and images; (n_runs, channels)."""
    return grid.flatten(1, -2).sum(1)
