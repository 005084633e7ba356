"""Both ways to multiply between two grids are PyTorch's convolutions: one contract for all pairs of grids."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import torch
import torch.nn.functional as F

from rdsweep.models import _slabs as slabs
from rdsweep.models import _tiles as tiles
from rdsweep.models._slabs import image_first, row_first
from rdsweep.models._windows import SLOPE

# float64: sums of up to 576 products of order 1 round to about 1e-14.
EXACT = {"rtol": 0.0, "atol": 1e-11}
N_RUNS, N_IMAGES, FINE, COARSE = 2, 5, 3, 4
Arrange = Callable[[torch.Tensor], torch.Tensor]


def same(grid: torch.Tensor) -> torch.Tensor:
    return grid


def swapped(grid: torch.Tensor) -> torch.Tensor:
    """Between image-first and row-first where rows stand in their order."""
    return grid.transpose(1, 2).contiguous()


def to_corners(grid: torch.Tensor) -> torch.Tensor:
    return grid.flatten(2, 3).transpose(1, 2).contiguous()


def from_corners(coarse: torch.Tensor) -> torch.Tensor:
    return coarse.transpose(1, 2).unflatten(2, (2, 2))


@dataclass(frozen=True)
class Case:
    """A way to multiply, the convolution that it is, and how its grids stand."""

    make: Callable[[torch.Tensor], Any]
    fine_side: int
    kernel: int
    output_padding: int
    to_fine: Arrange = same
    from_fine: Arrange = same
    to_coarse: Arrange = same
    from_coarse: Arrange = same


CASES = {
    "13-6 tiles": Case(lambda k: tiles.Tiles(k, tiles.OUTER), 13, 4, 1),
    "13-6 row-first": Case(
        lambda k: tiles.Tiles(k, tiles.OUTER, row_first=True),
        13, 4, 1, to_coarse=row_first, from_coarse=image_first,
    ),
    "6-3 tiles": Case(lambda k: tiles.Tiles(k, tiles.MIDDLE), 6, 3, 1),
    "6-3 slabs": Case(
        lambda k: slabs.Slabs(k, slabs.MIDDLE), 6, 3, 1, row_first, image_first, swapped, swapped
    ),
    "3-2 tiles": Case(tiles.CornerTiles.of, 3, 3, 0, to_coarse=to_corners, from_coarse=from_corners),
    "3-2 slabs": Case(
        lambda k: slabs.Slabs(k, slabs.CORNERS, positions_first=True),
        3, 3, 0, swapped, swapped, to_corners, from_corners,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Numbers:
    """Random grids, image-first, and a kernel."""

    fine: torch.Tensor
    coarse: torch.Tensor
    kernel: torch.Tensor


@pytest.fixture(params=CASES)
def case(request) -> Case:
    return CASES[request.param]


@pytest.fixture
def numbers(case, rng) -> Numbers:
    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(N_RUNS, *shape, generator=rng, dtype=torch.float64)

    coarse_side = case.fine_side // 2 + case.fine_side % 2 * (case.kernel == 3)
    return Numbers(
        draw(N_IMAGES, case.fine_side, case.fine_side, FINE),
        draw(N_IMAGES, coarse_side, coarse_side, COARSE),
        draw(case.kernel, case.kernel, FINE, COARSE),
    )


def convolved(fine: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
    """Return the convolution of each run, image-first."""
    runs = [
        F.conv2d(grid.movedim(-1, 1), weight.permute(3, 2, 0, 1), stride=2, padding=1).movedim(1, -1)
        for grid, weight in zip(fine, kernel, strict=True)
    ]
    return torch.stack(runs)


def test_down_is_the_convolution(case, numbers):
    products = case.make(numbers.kernel)
    coarse = case.from_coarse(products.down(products.windows(case.to_fine(numbers.fine))))
    torch.testing.assert_close(coarse, convolved(numbers.fine, numbers.kernel), **EXACT)


def test_up_is_the_transposed_convolution(case, numbers):
    fine = case.from_fine(case.make(numbers.kernel).up(case.to_coarse(numbers.coarse)))
    for run in range(N_RUNS):
        expected = F.conv_transpose2d(
            numbers.coarse[run].movedim(-1, 1),
            numbers.kernel[run].permute(3, 2, 0, 1),
            stride=2,
            padding=1,
            output_padding=case.output_padding,
        )
        torch.testing.assert_close(fine[run].movedim(-1, 1), expected, **EXACT)


def test_the_kernels_gradient_is_that_of_the_convolution(case, numbers):
    kernel = numbers.kernel.clone().requires_grad_()
    (convolved(numbers.fine, kernel) * numbers.coarse).sum().backward()
    products = case.make(numbers.kernel)
    found = products.kernel_gradient(
        products.windows(case.to_fine(numbers.fine)), case.to_coarse(numbers.coarse)
    )
    torch.testing.assert_close(found, kernel.grad, **EXACT)


def test_bias_and_leaky_relu_follow_in_either_direction(case, numbers, rng):
    products = case.make(numbers.kernel)
    fine, coarse = case.to_fine(numbers.fine), case.to_coarse(numbers.coarse)
    for method, argument, channels in (
        (products.down, products.windows(fine), COARSE),
        (products.up, coarse, FINE),
    ):
        bias = torch.randn(N_RUNS, channels, generator=rng, dtype=torch.float64)
        plain = method(argument)
        expected = F.leaky_relu(plain + bias.view(N_RUNS, *(1,) * (plain.dim() - 2), channels), SLOPE)
        torch.testing.assert_close(method(argument, bias=bias, activate=True), expected, **EXACT)
        gate = torch.randn(plain.shape, generator=rng, dtype=torch.float64)
        expected = torch.where(gate > 0, plain, SLOPE * plain)
        torch.testing.assert_close(method(argument, gate=gate), expected, **EXACT)


def test_row_first_grids_have_even_rows_first():
    rows = torch.arange(6.0).view(1, 1, 6, 1, 1).expand(1, 2, 6, 6, 1)
    assert row_first(rows)[0, :, 0, 0, 0].tolist() == [0, 2, 4, 1, 3, 5]
    assert torch.equal(image_first(row_first(rows)), rows)
