"""Products between two grids on a CPU: parts of the grid are multiplied where they lie, and add up in place.

Copying windows into rows, or adding rows up, takes a core as long as the products. But a row of a window is
one stretch of memory where grids are *row-first*, (n_runs, rows, n_images, columns, channels), and so is the
row of the kernel that it meets. A *slab* is that row of the window at one column, for all images and for all
coarse rows that meet the same row of the kernel: a matrix without copying. Of windows that reach over the
edge of the grid, only what lies on it is multiplied.

The coarse rows of a stride of 2 meet every other fine row. Those of the 6×6 grid therefore stand even rows
first, so that they are neighbors; those of the 3×3 grid, which is coarse to one pair and fine to the other,
stand in their order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch

from rdsweep.models._windows import finished

Tensor = torch.Tensor


@dataclass(frozen=True)
class RowPairs:
    """Which rows of two grids meet in which row of the kernel.

    Attributes
    ----------
    coarse_side, fine_side : int
    pairs : tuple of (int, int, int, int)
        First fine row as it is stored, first coarse row, number of either, and the kernel's row.
    """

    coarse_side: int
    fine_side: int
    pairs: tuple[tuple[int, int, int, int], ...]


MIDDLE = RowPairs(3, 6, ((0, 0, 3, 1), (3, 0, 3, 2), (3, 1, 2, 0)))
CORNERS = RowPairs(2, 3, ((0, 0, 1, 1), (1, 0, 1, 2), (1, 1, 1, 0), (2, 1, 1, 1)))


class Slab(NamedTuple):
    """Views of both grids and the kernel, such that ``fine @ kernel`` adds to ``coarse``.

    Attributes
    ----------
    fine, kernel, coarse : Tensor
        Batches of matrices, one for each run.
    new : bool
        Whether no slab before reached these coarse rows.
    """

    fine: Tensor
    kernel: Tensor
    coarse: Tensor
    new: bool


@dataclass(frozen=True)
class Slabs:
    """Products with a 3×3 kernel at a stride of 2, with one row and column of zeros before the grid.

    Fine grids are row-first. Coarse grids are too, or (n_runs, positions, n_images, coarse) with
    ``positions_first``.
    """

    weights: Tensor
    rows: RowPairs
    positions_first: bool = False

    def windows(self, fine: Tensor) -> Tensor:
        """Return ``fine`` itself."""
        return fine

    def down(self, windows: Tensor, **finish: Any) -> Tensor:
        """Map a fine grid to the coarse one."""
        n_runs, _, n_images, _, _ = windows.shape
        side = self.rows.coarse_side
        shape = (side * side, n_images) if self.positions_first else (side, n_images, side)
        coarse = windows.new_empty(n_runs, *shape, self.weights.shape[-1])
        for slab in self._slabs(windows, self.weights, coarse):
            slab.coarse.baddbmm_(slab.fine, slab.kernel, beta=0 if slab.new else 1)
        return finished(coarse, **finish)

    def kernel_gradient(self, windows: Tensor, coarse: Tensor) -> Tensor:
        """Return the gradient of the kernel."""
        gradient = torch.zeros_like(self.weights)
        for slab in self._slabs(windows, gradient, coarse):
            slab.kernel.baddbmm_(slab.fine.mT, slab.coarse)
        return gradient

    def up(self, coarse: Tensor, *, bias: Tensor | None = None, **finish: Any) -> Tensor:
        """Map a coarse grid to the fine one."""
        side, n_images = self.rows.fine_side, coarse.shape[2]
        fine = _filled(coarse, bias, len(coarse), side, n_images, side, self.weights.shape[-2])
        for slab in self._slabs(fine, self.weights, coarse):
            slab.fine.baddbmm_(slab.coarse, slab.kernel.mT)
        return finished(fine, **finish)

    def _slabs(self, fine: Tensor, kernel: Tensor, coarse: Tensor) -> Iterator[Slab]:
        """Yield the slabs of two grids and what they meet in the kernel."""
        side = self.rows.coarse_side
        if self.positions_first:
            coarse = coarse.unflatten(1, (side, side)).transpose(2, 3)
        n_reached = 0
        for first_fine, first_coarse, n, tap in self.rows.pairs:
            new = first_coarse >= n_reached
            n_reached = max(n_reached, first_coarse + n)
            for column in range(side):
                on_grid = slice(max(0, 2 * column - 1), 2 * column + 2)
                of_fine = fine[:, first_fine : first_fine + n, :, on_grid].flatten(3).flatten(1, 2)
                of_kernel = kernel[:, tap, 0 if column else 1 :].flatten(1, 2)[:, : of_fine.shape[2]]
                of_coarse = coarse[:, first_coarse : first_coarse + n, :, column].flatten(1, 2)
                yield Slab(of_fine, of_kernel, of_coarse, new)


def row_first(grid: Tensor) -> Tensor:
    """Return an image-first grid row-first, even rows before odd ones."""
    return torch.cat((grid[:, :, ::2], grid[:, :, 1::2]), 2).transpose(1, 2).contiguous()


def image_first(grid: Tensor) -> Tensor:
    """Return a row-first grid image-first, rows in their order."""
    halves: Tensor = grid.unflatten(1, (2, -1))
    return halves.permute(0, 3, 2, 1, 4, 5).flatten(2, 3)


def _filled(like: Tensor, bias: Tensor | None, *shape: int) -> Tensor:
    """Return a new grid that holds the bias of each run, (n_runs, channels), or zeros."""
    if bias is None:
        return like.new_zeros(shape)
    return like.new_empty(shape).copy_(bias.view(len(bias), *(1,) * (len(shape) - 2), -1))
