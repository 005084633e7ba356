"""Products between two grids as single batches: windows are copied into rows. Best on a GPU."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from rdsweep.models._slabs import image_first, row_first
from rdsweep.models._windows import Windows, finished

Tensor = torch.Tensor

OUTER = Windows(size=13, kernel=4, stride=2, padding=1)
MIDDLE = Windows(size=6, kernel=3, stride=2, padding=1)
CORNERS = Windows(size=3, kernel=2, stride=1, padding=0, window_first=True)
TAPS = Windows(size=3, kernel=2, stride=1, padding=0, reverse=True)


@dataclass(frozen=True)
class Tiles:
    """Whole windows; grids are image-first, (n_runs, n_images, rows, columns, channels).

    With ``row_first``, coarse grids are those of `_slabs` instead: so the outermost pair, whose windows of 16
    pixels are too small for slabs, fits to the next.
    """

    weights: Tensor
    geometry: Windows
    row_first: bool = False

    def windows(self, fine: Tensor) -> Tensor:
        """Copy the windows of ``fine`` into rows, which stand as the coarse grid does."""
        side = self.geometry.per_side
        rows = self.geometry.gather(fine).unflatten(2, (side, side))
        return row_first(rows) if self.row_first else rows

    def down(self, windows: Tensor, **finish: Any) -> Tensor:
        """Map the windows of a fine grid to the coarse one."""
        rows = windows.flatten(1, 3) @ self.weights.flatten(1, 3)
        return finished(rows.view(*windows.shape[:-1], -1), **finish)

    def kernel_gradient(self, windows: Tensor, coarse: Tensor) -> Tensor:
        """Return the gradient of the kernel."""
        return (windows.flatten(1, 3).mT @ coarse.flatten(1, 3)).view_as(self.weights)

    def up(self, coarse: Tensor, **finish: Any) -> Tensor:
        """Map a coarse grid to the fine one."""
        tiles = (coarse.flatten(1, 3) @ self.weights.flatten(1, 3).mT).view(*coarse.shape[:-1], -1)
        rows = image_first(tiles) if self.row_first else tiles
        return self.geometry.scatter(rows.flatten(2, 3), **finish)


@dataclass(frozen=True)
class CornerTiles:
    """The taps that fall on the grid, of the pair 3↔2, where these are 16 of 36.

    Each coarse position (a *corner*) sees one 2×2 window of the fine grid through one 2×2 window of the
    kernel: corner (i, j) pairs the window of the grid at (i, j) with that of the kernel at (1 - i, 1 - j).
    Fine grids are image-first, coarse ones (n_runs, 4, n_images, coarse); ``weights`` are the taps by corner,
    (n_runs, 4, 4 · fine, coarse).
    """

    weights: Tensor

    @classmethod
    def of(cls, kernel: Tensor) -> CornerTiles:
        """Copy the taps of a kernel (n_runs, 3, 3, fine, coarse); the windows stand in reversed order."""
        n_runs, _, _, fine, coarse = kernel.shape
        taps = TAPS.gather(kernel.reshape(n_runs, 1, 3, 3, fine * coarse))
        return cls(taps.view(n_runs, CORNERS.n_windows, 4 * fine, coarse))

    def windows(self, fine: Tensor) -> Tensor:
        """Copy the windows of ``fine`` into rows, (n_runs, 4, n_images, 4 · fine)."""
        return CORNERS.gather(fine)

    def down(self, windows: Tensor, **finish: Any) -> Tensor:
        """Map the windows of a fine grid to the coarse one."""
        return finished(windows @ self.weights, **finish)

    def kernel_gradient(self, windows: Tensor, coarse: Tensor) -> Tensor:
        """Return the gradient of the kernel."""
        taps = windows.mT @ coarse
        n_runs, n_windows, height, channels = taps.shape
        kernel = TAPS.scatter(taps.reshape(n_runs, 1, n_windows, -1))
        return kernel.view(n_runs, 3, 3, height // 4, channels)

    def up(self, coarse: Tensor, **finish: Any) -> Tensor:
        """Map a coarse grid to the fine one."""
        return CORNERS.scatter(coarse @ self.weights.mT, **finish)
