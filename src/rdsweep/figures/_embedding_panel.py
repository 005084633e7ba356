"""The panel of an embedding, and the looks of classes."""

from __future__ import annotations

from dataclasses import dataclass

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from rdsweep.drawing import INK
from rdsweep.figures._embedding import Embedding
from rdsweep.figures._labels import label_points
from rdsweep.figures._page import TINY, Box, Page
from rdsweep.figures._stimuli import ANNOTATED, SIDE, Classes

BIN_MARKERS = ("o", "s", "^", "D", "X")
"""Markers of the five bins of x_LC in the 25-way task."""

_MARGIN = 0.12


@dataclass(frozen=True)
class ClassLook:
    """How the points of a class are drawn."""

    color: str
    marker: str


RELEVANCE_LOOKS = (ClassLook("#56b4e9", "o"), ClassLook("#d55e00", "D"))
"""Looks of class 0, rare or irrelevant, and of class 1, frequent or relevant."""


def class_looks(classes: Classes) -> list[ClassLook]:
    """Return a look for each class: color and marker, told apart in gray as well.

    Of the 25 bins, color (dark to light) is the bin of x_UC and marker that of x_LC.
    """
    if classes.names:
        return list(RELEVANCE_LOOKS)
    shades = matplotlib.colormaps["viridis"](np.linspace(0.0, 0.92, len(BIN_MARKERS)))
    colors = [matplotlib.colors.to_hex(shade) for shade in shades]
    return [ClassLook(color, marker) for color in colors for marker in BIN_MARKERS]


def embedding_panel(page: Page, box: Box, embedding: Embedding, classes: Classes) -> None:
    """Draw the positions of an embedding: strong their mean over seeds, faint each seed."""
    axes = page.axes(box)
    looks = class_looks(classes)
    for label, look in enumerate(looks):
        chosen = classes.labels == label
        if len(embedding.by_seed) > 1:
            cloud = embedding.by_seed[:, chosen].reshape(-1, 2)
            axes.scatter(cloud[:, 0], cloud[:, 1], s=3, color=look.color, alpha=0.25, linewidths=0)
        x, y = embedding.points[chosen].T
        axes.scatter(x, y, s=22, color=look.color, marker=look.marker, linewidths=0, zorder=3)
    _frame(axes, embedding, box)
    _annotate(axes, embedding)
    page.note(box, f"n = {len(embedding.by_seed)}, stress {embedding.stress:.2f}")


def _frame(axes: Axes, embedding: Embedding, box: Box) -> None:
    """Show all of the mean embedding at equal scales, with few ticks."""
    low, high = embedding.points.min(axis=0), embedding.points.max(axis=0)
    middle = (low + high) / 2
    # The scale is that of the axis on which the points take more of the room.
    per_point = max(np.max((high - low) / [box.width, box.height]), 1e-9) * (1 + 2 * _MARGIN)
    reach = per_point * np.array([box.width, box.height]) / 2
    axes.set_xlim(middle[0] - reach[0], middle[0] + reach[0])
    axes.set_ylim(middle[1] - reach[1], middle[1] + reach[1])
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    axes.tick_params(labelsize=TINY, pad=2)
    axes.grid(linewidth=0.5)
    axes.spines[:].set_visible(False)


def _annotate(axes: Axes, embedding: Embedding) -> None:
    """Ring and name the paper's positions where there is room for the name."""
    named = [SIDE * upper + lower for upper, lower in ANNOTATED]
    others = np.setdiff1d(np.arange(len(embedding.points)), named)
    points = embedding.points[[*named, *others]]
    labels = [f"{upper},{lower}" for upper, lower in ANNOTATED]
    written = label_points(axes, points, labels, size=TINY)
    x, y = points[written].T
    axes.scatter(x, y, s=34, facecolors="none", edgecolors=INK, linewidths=0.9, zorder=4)
