"""Gathering and adding up windows on CUDA: one Triton kernel for both directions.

A map of positions is a table: output position p is the sum of at most ``n_terms`` source positions. Channels
are contiguous on both sides, so a block of one image's output reads and writes whole lines of memory, and the
bias, activation or gate that follows costs no further pass.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import torch
import triton
import triton.language as tl

if TYPE_CHECKING:
    from rdsweep.models._windows import Windows

Tensor = torch.Tensor

_BLOCK = 1024


@triton.jit
def _sum_positions(  # type: ignore[no-untyped-def]
    source,
    out,
    bias,
    gate,
    source_offsets,
    out_offsets,
    n_images,
    source_run,
    source_image,
    out_run,
    out_image,
    n_elements,
    channels: tl.constexpr,
    n_terms: tl.constexpr,
    has_bias: tl.constexpr,
    activate: tl.constexpr,
    has_gate: tl.constexpr,
    slope: tl.constexpr,
    block: tl.constexpr,
):
    row = tl.program_id(0).to(tl.int64)
    run, image = row // n_images, row % n_images
    element = tl.program_id(1) * block + tl.arange(0, block)
    inside = element < n_elements
    position, channel = element // channels, element % channels
    start = source + run * source_run + image * source_image
    total = tl.zeros((block,), dtype=tl.float32)
    for term in tl.static_range(n_terms):
        offset = tl.load(source_offsets + position * n_terms + term, mask=inside, other=-1)
        value = tl.load(start + offset + channel, mask=inside & (offset >= 0), other=0.0)
        total += value.to(tl.float32)
    if has_bias:
        total += tl.load(bias + run * channels + channel, mask=inside, other=0.0).to(tl.float32)
    if activate:
        total = tl.where(total > 0, total, total * slope)
    target = run * out_run + image * out_image
    target += tl.load(out_offsets + position, mask=inside, other=0) + channel
    if has_gate:
        output = tl.load(gate + target, mask=inside, other=0.0)
        total = tl.where(output > 0, total, total * slope)
    tl.store(out + target, total.to(out.dtype.element_ty), mask=inside)


@lru_cache(maxsize=64)
def _tables(windows: Windows, channels: int, n_images: int, device: torch.device) -> tuple[Tensor, ...]:
    """Return offsets of rows and of grid positions, and for each grid position the rows that it sums."""
    n, k = windows.per_side, windows.kernel
    number = torch.arange(n * n)[:, None, None]
    window = n * n - 1 - number if windows.reverse else number
    i, j = torch.arange(k)[:, None], torch.arange(k)
    y = window // n * windows.stride + i - windows.padding
    x = window % n * windows.stride + j - windows.padding
    on_grid = (y >= 0) & (x >= 0)
    grid_position = torch.where(on_grid, y * windows.size + x, -1).flatten()
    row_length = k * k * channels
    window_stride = n_images * row_length if windows.window_first else row_length
    row_offset = (number * window_stride + (i * k + j) * channels).flatten()
    sources: list[list[int]] = [[] for _ in range(windows.size**2)]
    for position, offset in zip(grid_position.tolist(), row_offset.tolist(), strict=True):
        if position >= 0:
            sources[position].append(offset)
    n_terms = max(map(len, sources))
    padded = [terms + [-1] * (n_terms - len(terms)) for terms in sources]
    grid_offset = torch.where(grid_position >= 0, grid_position * channels, -1)
    tables = (row_offset, grid_offset, torch.arange(windows.size**2) * channels, torch.tensor(padded))
    return tuple(table.to(device=device, dtype=torch.int32) for table in tables)


def gather(windows: Windows, grid: Tensor) -> Tensor:
    """Copy windows of a grid into rows (`Windows.gather`)."""
    grid = grid.contiguous()
    n_runs, n_images, _, _, channels = grid.shape
    row_offset, grid_offset, _, _ = _tables(windows, channels, n_images, grid.device)
    row = windows.kernel**2 * channels
    inner = (windows.n_windows, n_images) if windows.window_first else (n_images, windows.n_windows)
    rows = grid.new_empty(n_runs, *inner, row)
    _launch(
        windows, grid, rows, (row_offset, grid_offset[:, None]), n_images, channels, rows_are_source=False
    )
    return rows


def scatter(
    windows: Windows, rows: Tensor, *, bias: Tensor | None, activate: bool, gate: Tensor | None
) -> Tensor:
    """Add rows up on the grid (`Windows.scatter`)."""
    rows = rows.contiguous()
    n_runs = rows.shape[0]
    n_images = rows.shape[2 if windows.window_first else 1]
    channels = rows.shape[-1] // windows.kernel**2
    _, _, out_offset, sources = _tables(windows, channels, n_images, rows.device)
    grid = rows.new_empty(n_runs, n_images, windows.size, windows.size, channels)
    _launch(
        windows,
        rows,
        grid,
        (out_offset, sources),
        n_images,
        channels,
        True,
        bias=bias,
        activate=activate,
        gate=gate,
    )
    return grid


def _launch(
    windows: Windows,
    source: Tensor,
    out: Tensor,
    tables: tuple[Tensor, Tensor],
    n_images: int,
    channels: int,
    rows_are_source: bool,
    *,
    bias: Tensor | None = None,
    activate: bool = False,
    gate: Tensor | None = None,
) -> None:
    from rdsweep.models._windows import SLOPE

    out_offsets, source_offsets = tables
    row = windows.kernel**2 * channels
    rows_image = row if windows.window_first else windows.n_windows * row
    grid_image = windows.size**2 * channels
    rows_strides = (n_images * windows.n_windows * row, rows_image)
    grid_strides = (n_images * grid_image, grid_image)
    source_strides, out_strides = (
        (rows_strides, grid_strides) if rows_are_source else (grid_strides, rows_strides)
    )
    n_elements = len(out_offsets) * channels
    _sum_positions[(source.shape[0] * n_images, triton.cdiv(n_elements, _BLOCK))](
        source,
        out,
        source if bias is None else bias.contiguous(),
        source if gate is None else gate.contiguous(),
        source_offsets,
        out_offsets,
        n_images,
        *source_strides,
        *out_strides,
        n_elements,
        channels=channels,
        n_terms=source_offsets.shape[1],
        has_bias=bias is not None,
        activate=activate,
        has_gate=gate is not None,
        slope=SLOPE,
        block=_BLOCK,
    )
