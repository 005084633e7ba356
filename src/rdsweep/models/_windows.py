"""Square windows that slide over a grid: gathered into rows for matrix products, and added up again.

Both directions are linear maps of positions that leave channels alone. On the CPU they are strided copies; on
CUDA one kernel does either, together with the bias, activation or gate that follows (`_windows_cuda`).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F

Tensor = torch.Tensor

SLOPE = 0.01
"""Slope of the leaky ReLU below zero."""


@dataclass(frozen=True)
class Windows:
    """Windows of a square grid.

    Grids are (n_runs, n_images, size, size, channels). Rows are (n_runs, n_images, n_windows, row) with
    row = kernel² · channels, or (n_runs, n_windows, n_images, row) with ``window_first``.

    Attributes
    ----------
    size : int
        Side of the grid.
    kernel, stride, padding : int
        Side of a window, its step, and rows and columns of zeros before the grid.
    window_first : bool
        Whether rows of one window stand together for all images, as products with a matrix per window need.
    reverse : bool
        Whether windows are numbered from the last to the first.
    """

    size: int
    kernel: int
    stride: int
    padding: int
    window_first: bool = False
    reverse: bool = False

    @property
    def per_side(self) -> int:
        """Number of windows along a side, for grids whose last window ends inside the grid."""
        return (self.size + self.padding - self.kernel) // self.stride + 1

    @property
    def n_windows(self) -> int:
        """Number of windows."""
        return self.per_side**2

    def _sum(self, rows: Tensor) -> Tensor:
        """Add up rows (n_runs, n_images, n_windows, row) on the grid."""
        n, k, s = self.per_side, self.kernel, self.stride
        side, span = self.padding + self.size, (n - 1) * s + 1
        tiles = rows.unflatten(3, (k, k, -1))
        grid = rows.new_zeros(*rows.shape[:2], side, side, tiles.shape[-1])
        if self.reverse:
            for number, (y, x) in enumerate(self._slices()):
                grid[:, :, y, x] += tiles[:, :, number]
            return grid
        tiles = tiles.unflatten(2, (n, n))
        for i in range(k):
            for j in range(k):
                grid[:, :, i : i + span : s, j : j + span : s] += tiles[:, :, :, :, i, j]
        return grid[:, :, self.padding :, self.padding :]

    def _slices(self) -> list[tuple[slice, slice]]:
        """Return where each window lies on a grid without padding, in the order of their numbers."""
        starts = [self.stride * index for index in range(self.per_side)]
        sides = [slice(start, start + self.kernel) for start in starts]
        slices = [(y, x) for y in sides for x in sides]
        return slices[::-1] if self.reverse else slices

    @property
    def _window_axis(self) -> int:
        return 1 if self.window_first else 2

    def gather(self, grid: Tensor) -> Tensor:
        """Copy the windows of ``grid`` into rows."""
        if grid.is_cuda:
            from rdsweep.models._windows_cuda import gather

            return gather(self, grid)
        if self.reverse:
            rows = [grid[:, :, y, x].flatten(2) for y, x in self._slices()]
            return torch.stack(rows, self._window_axis)
        if self.padding:
            grid = F.pad(grid, (0, 0, self.padding, 0, self.padding, 0))
        run, image, row, column, channel = grid.stride()
        n, k, s = self.per_side, self.kernel, self.stride
        shape = (*grid.shape[:2], n, n, k, k, grid.shape[-1])
        tiles = grid.as_strided(shape, (run, image, row * s, column * s, row, column, channel))
        if self.window_first:
            tiles = tiles.permute(0, 2, 3, 1, 4, 5, 6)
            return tiles.reshape(grid.shape[0], n * n, grid.shape[1], -1)
        return tiles.reshape(*grid.shape[:2], n * n, -1)

    def scatter(
        self, rows: Tensor, *, bias: Tensor | None = None, activate: bool = False, gate: Tensor | None = None
    ) -> Tensor:
        """Add rows up on the grid: the adjoint of `gather`, with what follows it.

        Parameters
        ----------
        rows : Tensor
        bias : Tensor, shape (n_runs, channels), optional
            Added to every position.
        activate : bool, default False
            Whether a leaky ReLU follows.
        gate : Tensor, optional
            Output of a leaky ReLU, of the grid's shape: the sum is multiplied by that unit's derivative.
        """
        if rows.is_cuda:
            from rdsweep.models._windows_cuda import scatter

            return scatter(self, rows, bias=bias, activate=activate, gate=gate)
        grid = self._sum(rows.transpose(1, 2) if self.window_first else rows).contiguous()
        return finished(grid, bias=bias, activate=activate, gate=gate)


def finished(
    values: Tensor, *, bias: Tensor | None = None, activate: bool = False, gate: Tensor | None = None
) -> Tensor:
    """Do in place what follows a product or a sum of windows; arguments as for `Windows.scatter`.

    Runs are the first axis of ``values``, channels the last.
    """
    if bias is not None:
        values.add_(bias.view(len(bias), *(1,) * (values.dim() - 2), -1))
    if activate:
        F.leaky_relu_(values, SLOPE)
    return values if gate is None else gated(values, gate, out=values)


def gated(gradient: Tensor, output: Tensor, *, slope: float = SLOPE, out: Tensor | None = None) -> Tensor:
    """Multiply a gradient by the derivative of the leaky ReLU that gave ``output``, into ``out`` if given."""
    product = torch.empty_like(gradient) if out is None else out
    torch.ops.aten.leaky_relu_backward.grad_input(gradient, output, slope, True, grad_input=product)
    return product
