"""What the panels of all figures share: a size that suits phones, places of levels, and labels at lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.optimize import isotonic_regression

from rdsweep.drawing import FIGURE_FORMATS, MUTED, Look, blank_figure, figure_file
from rdsweep.report._format import general
from rdsweep.report._hover import with_tips
from rdsweep.report._section import PanelFiles

WIDTH, HEIGHT = 420, 330
LABEL_WIDTH = 0.2  # share of the width right of the axes
_LINE_SPACING = 0.062  # between labels, as a share of the height of the axes
_LABEL_HEIGHT, _FRAME_HEIGHT = 16, 80  # of a label, and of all that is above and below the axes
DODGE = 0.11  # between conditions at one level, in steps between levels


@dataclass(frozen=True)
class Mark:
    """A line's label, where the line ends, and how it looks."""

    label: str
    end: tuple[float, float]
    look: Look
    filled: bool = True


def labeled_panel(
    title: str, *, height: float = HEIGHT, label_width: float = LABEL_WIDTH, n_labels: int = 0
) -> tuple[Figure, Axes]:
    """Return a figure with one axes that leaves room for labels at its right, higher for many of them."""
    height = max(height, _LABEL_HEIGHT * n_labels + _FRAME_HEIGHT)
    figure = blank_figure(WIDTH, height, room_right=label_width)
    axes = figure.add_subplot()
    axes.grid(visible=False, axis="x")
    axes.set_title(title, pad=10)
    return figure, axes


def panel_files(figure: Figure, *, tips: Mapping[str, Sequence[str]] | None = None) -> PanelFiles:
    """Return the finished panel in every format; ``tips`` of points, as for `with_tips`, go into the SVG."""
    files = {kind: figure_file(figure, kind) for kind in FIGURE_FORMATS}
    return files | {"svg": with_tips(files["svg"].decode(), tips or {}).encode()}


def level_axis(axes: Axes, levels: Sequence[float], label: str) -> None:
    """Set levels side by side at equal steps, whatever their values."""
    axes.set_xticks(range(len(levels)), [general(level) for level in levels])
    axes.set_xlim(-0.5, len(levels) - 0.5)
    axes.set_xlabel(label)


def dodged(levels: Sequence[float], values: Any, place: int, n_places: int, *, step: float = DODGE) -> Any:
    """Return the positions of levels, shifted so that conditions at one level stand side by side."""
    step = min(step, 0.8 / n_places)
    return np.searchsorted(levels, values) + (place - (n_places - 1) / 2) * step


def draw_runs(axes: Axes, x: Any, y: Any, *, look: Look, name: str) -> None:
    """Draw runs as small points that `panel_files` can give tips, under ``name``."""
    axes.plot(x, y, **look.point() | {"markersize": 4}, alpha=0.65, gid=name)


def zero_line(axes: Axes) -> None:
    """Draw the line of no difference."""
    axes.axhline(0, color=MUTED, linewidth=1, zorder=1)


def label_lines(axes: Axes, marks: Sequence[Mark]) -> None:
    """Name each line at the right of the axes, with a hair line to its end; limits have to be final."""
    if not marks:
        return
    axes.autoscale_view()  # which Matplotlib puts off until it draws
    to_axes = axes.transScale + axes.transLimits
    ends = to_axes.transform([mark.end for mark in marks])
    order = np.argsort(ends[:, 1], kind="stable")
    heights = spread(ends[order, 1], gap=min(_LINE_SPACING, 1 / len(marks)))
    outside: dict[str, Any] = {"transform": axes.transAxes, "clip_on": False, "in_layout": False}
    for index, height in zip(order, heights, strict=True):
        mark, (x, y) = marks[index], ends[index]
        axes.plot([x, 1.03], [y, height], color=MUTED, linewidth=0.6, alpha=0.45, zorder=1, **outside)
        axes.plot([1.05], [height], **mark.look.point(filled=mark.filled), **outside)
        axes.text(1.08, height, mark.label, va="center_baseline", fontsize=10.5, **outside)


def spread(positions: np.ndarray, *, gap: float) -> np.ndarray:
    """Move sorted positions in [0, 1] apart, as little as can be, until neighbors are ``gap`` apart.

    Examples
    --------
    >>> spread(np.array([0.1, 0.1, 0.9]), gap=0.2).round(2)
    array([0. , 0.2, 0.9])
    """
    steps = gap * np.arange(len(positions))
    level = isotonic_regression(positions - steps).x
    return np.asarray(np.clip(level, 0, max(1 - steps[-1], 0)) + steps)
