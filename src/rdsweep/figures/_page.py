"""A page: a figure of fixed size whose panels are placed in points, lettered, and may be missing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from textwrap import fill
from typing import Any, TypeVar

import matplotlib
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from rdsweep.drawing import INK, MUTED
from rdsweep.figures._figure_data import LackingError

_T = TypeVar("_T")

_POINTS_PER_INCH = 72
_GLYPH_WIDTH = 6.0  # of small text, points
SMALL, TINY = 9.0, 7.5  # sizes of text, points


@dataclass(frozen=True)
class Box:
    """A place on the page: its left and upper edge and its size, in points from the page's upper left."""

    left: float
    top: float
    width: float
    height: float


@dataclass(eq=False)
class Page:
    """A figure in the making.

    Attributes
    ----------
    figure : Figure
    lacking : list of str
        What panels lack, as "panel: reason".
    """

    figure: Figure
    lacking: list[str] = field(default_factory=list)

    @classmethod
    def blank(cls, width: float, height: float) -> Page:
        """Return a page of a size in points."""
        return cls(Figure(figsize=(width / _POINTS_PER_INCH, height / _POINTS_PER_INCH)))

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in points."""
        width, height = self.figure.get_size_inches() * _POINTS_PER_INCH
        return float(width), float(height)

    def axes(self, box: Box) -> Axes:
        """Return new axes that fill ``box``."""
        width, height = self.size
        bottom = height - box.top - box.height
        return self.figure.add_axes(
            (box.left / width, bottom / height, box.width / width, box.height / height)
        )

    def text(self, left: float, top: float, text: str, **style: Any) -> None:
        """Write ``text`` with its upper left corner at a place in points."""
        width, height = self.size
        defaults: dict[str, Any] = {"fontsize": SMALL, "va": "top", "ha": "left"}
        self.figure.text(left / width, 1 - top / height, text, **defaults | style)

    def note(self, box: Box, text: str) -> None:
        """Write a short remark in gray above a panel."""
        self.text(box.left, box.top - 5, text, fontsize=TINY, color=MUTED, va="bottom")

    def letter(self, box: Box, letter: str) -> None:
        """Put a panel's letter above its upper left corner."""
        self.text(box.left - 16, box.top - 16, letter, fontsize=13, fontweight="bold")

    def panel(
        self,
        letter: str,
        box: Box,
        content: _T | LackingError,
        draw: Callable[[Page, Box, _T], None],
        *,
        lettered: bool = True,
    ) -> None:
        """Draw the content of a panel, or say in one line what it lacks."""
        if lettered:
            self.letter(box, letter)
        if not isinstance(content, LackingError):
            draw(self, box, content)
            return
        self.lacking.append(f"{letter}: {content}")
        axes = self.axes(box)
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set(visible=True, linestyle=(0, (4, 3)), color=MUTED)
        line = fill(str(content), width=max(int(box.width / _GLYPH_WIDTH), 12))
        axes.text(0.5, 0.5, line, ha="center", va="center", fontsize=SMALL, color=MUTED)

    def color_bar(self, box: Box, norm: Normalize, cmap: str, *, label: str = "") -> Axes:
        """Draw a color bar that fills ``box``."""
        axes = self.axes(box)
        bar = self.figure.colorbar(ScalarMappable(norm, matplotlib.colormaps[cmap]), cax=axes)
        bar.outline.set_visible(False)
        axes.tick_params(labelsize=TINY, labelcolor=INK, length=2)
        axes.set_ylabel(label, fontsize=TINY)
        return axes
