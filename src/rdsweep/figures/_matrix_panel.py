"""The panel of a distortion matrix: colors that gray keeps in order, and noise told apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from rdsweep.drawing import INK, PAPER, RULE
from rdsweep.figures._figure_data import FloatArray
from rdsweep.figures._matrices import Distortion
from rdsweep.figures._page import SMALL, TINY, Box, Page

DISTORTION_COLORS = "cividis"
NOISE_LOOK: dict[str, Any] = {"facecolor": "none", "edgecolor": "none", "hatch": "////", "hatchcolor": PAPER}
"""How a cell is marked that is not told from noise, in matrices of two classes."""

# Of text on a color, which stays as it is in a dark page; unlike ink and paper.
_DARK, _LIGHT = "#000001", "#fffffe"
_CENTRAL_SHARE = 98  # per cent of the cells within the range of colors; the ratio has a heavy tail
_BAR_GAP, _BAR_WIDTH, _BAR_ROOM = 8.0, 8.0, 50.0


def distortion_range(matrices: Sequence[FloatArray]) -> Normalize:
    """Return a range of colors that holds zero and the central 98 % of the cells of ``matrices``."""
    cells = np.concatenate([[0.0], *(matrix[np.isfinite(matrix)] for matrix in matrices)])
    tail = (100 - _CENTRAL_SHARE) / 2
    low, high = np.percentile(cells, [tail, 100 - tail]) if len(cells) > 100 else (cells.min(), cells.max())
    return Normalize(min(low, 0.0), max(high, 0.0, low + 1e-9))


def matrix_panel(
    page: Page, box: Box, matrix: Distortion, norm: Normalize, *, names: Sequence[str], label: str
) -> None:
    """Draw a matrix with its color bar in a square at the left of ``box``.

    Parameters
    ----------
    page : Page
    box : Box
    matrix : Distortion
    norm : Normalize
    names : sequence of str
        Of the classes, or of equal blocks of classes.
    label : str
        What rows and columns are.
    """
    side = min(box.height, box.width - _BAR_ROOM)
    axes = page.axes(Box(box.left, box.top, side, side))
    shown = matplotlib.colormaps[DISTORTION_COLORS](norm(matrix.mean))
    n_classes = len(matrix.mean)
    noise = np.zeros(matrix.mean.shape, dtype=bool) if matrix.noise is None else matrix.noise
    axes.imshow(shown if n_classes == 2 else _blanked(shown, noise), interpolation="none")
    if n_classes == 2:
        _write_cells(axes, matrix, norm)
        _hatch(axes, noise)
    page.note(box, _note(matrix))
    _block_axes(axes, n_classes, names)
    axes.set_xlabel(label, fontsize=SMALL, labelpad=3)
    bar = Box(box.left + side + _BAR_GAP, box.top, _BAR_WIDTH, side)
    page.color_bar(bar, norm, DISTORTION_COLORS, label="ratio of distances, minus its mean")


def _note(matrix: Distortion) -> str:
    if matrix.noise is None:
        return f"n = {matrix.n_seeds}"
    distinct = ~matrix.noise[np.triu_indices(len(matrix.noise))]
    return f"n = {matrix.n_seeds}, {distinct.mean():.0%} of cells differ from noise"


def _write_cells(axes: Axes, matrix: Distortion, norm: Normalize) -> None:
    for row, column in np.ndindex(matrix.mean.shape):
        value = matrix.mean[row, column]
        text = f"{value:+.2f}".replace("-", "−") if np.isfinite(value) else "–"
        if matrix.deviation is not None and np.isfinite(value):
            text += f"\n± {matrix.deviation[row, column]:.2f}"
        cell = matplotlib.colormaps[DISTORTION_COLORS](norm(value))
        color = _DARK if norm(value) > 0.5 else _LIGHT
        axes.text(
            column, row, text, ha="center", va="center", fontsize=SMALL + 1, color=color, zorder=4,
            bbox={"facecolor": cell, "edgecolor": "none", "pad": 1.5},
        )  # fmt: skip


def _block_axes(axes: Axes, n_classes: int, names: Sequence[str]) -> None:
    """Name blocks of classes at their middles, and part blocks by thin lines."""
    block = n_classes / len(names)
    middles = block * (np.arange(len(names)) + 0.5) - 0.5
    axes.set_xticks(middles, names)
    axes.set_yticks(middles, names)
    axes.tick_params(labelsize=TINY, labelcolor=INK, length=0, pad=2)
    axes.grid(visible=False)
    axes.spines[:].set(visible=True, color=RULE)
    for edge in block * np.arange(1, len(names)) - 0.5:
        axes.axhline(edge, color=RULE, linewidth=0.5)
        axes.axvline(edge, color=RULE, linewidth=0.5)


def _blanked(colors: NDArray[np.float64], noise: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the colors of cells, with noise below the diagonal left out: above it is all there already."""
    shown = colors.copy()
    shown[np.tril(noise, -1)] = 0.0
    return shown


def _hatch(axes: Axes, noise: NDArray[np.bool_]) -> None:
    for row, column in np.argwhere(noise):
        axes.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, **NOISE_LOOK))
