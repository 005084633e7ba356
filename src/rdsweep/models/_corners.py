"""Products between the 3×3 and the 2×2 grid, where most of the network's weights are.

The kernel is 3×3, but each coarse position (a *corner*) sees one 2×2 window of the fine grid through one 2×2
window of the kernel: 16 of the 36 position–tap pairs fall on the grid, and only those are multiplied. Corner
(i, j) pairs the window of the grid at (i, j) with the window of the kernel at (1 - i, 1 - j).

There are two ways. *Slabs* multiply half a window at a time, which lies in memory as one matrix of 2 · fine
rows, and let products add up in place: nothing is copied, which is best where a core does one product after
the other. *Taps* copy each corner's window of the kernel, so that all products are one batch: best on a GPU.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import torch

from rdsweep.models._windows import Windows, finished

Tensor = torch.Tensor

CORNERS = Windows(size=3, kernel=2, stride=1, padding=0, window_first=True)
TAPS = Windows(size=3, kernel=2, stride=1, padding=0, reverse=True)
N_CORNERS = CORNERS.n_windows


class CornerProducts(Protocol):
    """The linear maps between fine grids and coarse rows that one kernel defines, and its gradient.

    Fine grids are (n_runs, n_images, 3, 3, fine), coarse rows (n_runs, 4, n_images, coarse).
    """

    @property
    def weights(self) -> Tensor:
        """What the products need of the kernel."""

    def windows(self, grid: Tensor) -> Tensor:
        """Return ``grid`` as the two methods below want it."""

    def down(self, windows: Tensor) -> Tensor:
        """Map the windows of a fine grid to coarse rows: the convolution."""

    def kernel_gradient(self, windows: Tensor, rows: Tensor) -> Tensor:
        """Return the gradient of the kernel from a fine grid and coarse rows, one of them a gradient."""

    def up(self, rows: Tensor, **finish: Any) -> Tensor:
        """Map coarse rows to a fine grid: the transposed convolution; ``finish`` as for `finished`."""


@dataclass(frozen=True)
class Slabs:
    """Half windows whose products add up in place; ``weights`` is the kernel itself."""

    weights: Tensor

    def windows(self, grid: Tensor) -> Tensor:
        """Return ``grid`` itself."""
        return grid

    def down(self, windows: Tensor) -> Tensor:
        """Map the windows of a fine grid to coarse rows."""
        n_runs, n_images = windows.shape[:2]
        rows = windows.new_empty(n_runs, N_CORNERS, n_images, self.weights.shape[-1])
        for corner, half, grid_half, kernel_half in _halves(windows, self.weights):
            rows[:, corner].baddbmm_(grid_half, kernel_half, beta=half)
        return rows

    def kernel_gradient(self, windows: Tensor, rows: Tensor) -> Tensor:
        """Return the gradient of the kernel."""
        gradient = torch.zeros_like(self.weights)
        for corner, _, grid_half, gradient_half in _halves(windows, gradient):
            gradient_half.baddbmm_(grid_half.mT, rows[:, corner])
        return gradient

    def up(self, rows: Tensor, **finish: Any) -> Tensor:
        """Map coarse rows to a fine grid."""
        n_runs, _, n_images, _ = rows.shape
        grid = rows.new_zeros(n_runs, n_images, CORNERS.size, CORNERS.size, self.weights.shape[-2])
        for corner, _, grid_half, kernel_half in _halves(grid, self.weights):
            grid_half.baddbmm_(rows[:, corner], kernel_half.mT)
        return finished(grid, **finish)


@dataclass(frozen=True)
class Taps:
    """Whole windows in one batch; ``weights`` are the taps by corner, (n_runs, 4, 4 · fine, coarse)."""

    weights: Tensor

    @classmethod
    def of(cls, kernel: Tensor) -> Taps:
        """Copy the taps of a kernel (n_runs, 3, 3, fine, coarse); the windows stand in reversed order."""
        n_runs, _, _, fine, coarse = kernel.shape
        taps = TAPS.gather(kernel.reshape(n_runs, 1, 3, 3, fine * coarse))
        return cls(taps.view(n_runs, N_CORNERS, 4 * fine, coarse))

    def windows(self, grid: Tensor) -> Tensor:
        """Copy the windows of ``grid`` into rows, (n_runs, 4, n_images, 4 · fine)."""
        return CORNERS.gather(grid)

    def down(self, windows: Tensor) -> Tensor:
        """Map the windows of a fine grid to coarse rows."""
        return windows @ self.weights

    def kernel_gradient(self, windows: Tensor, rows: Tensor) -> Tensor:
        """Return the gradient of the kernel."""
        taps = windows.mT @ rows
        n_runs, _, height, coarse = taps.shape
        kernel = TAPS.scatter(taps.reshape(n_runs, 1, N_CORNERS, -1))
        return kernel.view(n_runs, 3, 3, height // 4, coarse)

    def up(self, rows: Tensor, **finish: Any) -> Tensor:
        """Map coarse rows to a fine grid."""
        return CORNERS.scatter(rows @ self.weights.mT, **finish)


def corner_products(kernel: Tensor) -> CornerProducts:
    """Return the faster products for a kernel (n_runs, 3, 3, fine, coarse), by its device and type."""
    in_place = kernel.device.type == "cpu" and kernel.dtype != torch.bfloat16
    return Slabs(kernel) if in_place else Taps.of(kernel)


def _halves(grid: Tensor, kernel: Tensor) -> Iterator[tuple[int, int, Tensor, Tensor]]:
    """Yield corner, half, and the half windows of grid and kernel as matrices of 2 · fine rows or columns."""
    for corner, half in itertools.product(range(N_CORNERS), range(2)):
        i, j = divmod(corner, CORNERS.per_side)
        of_grid = grid[:, :, i + half, j : j + 2]
        of_kernel = kernel[:, 1 - i + half, 1 - j : 3 - j]
        yield corner, half, of_grid.flatten(2), of_kernel.flatten(1, 2)
