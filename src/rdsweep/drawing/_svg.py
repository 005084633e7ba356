"""Figures as SVG: repeatable files, and the same drawing as a part of a page."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib
from markupsafe import Markup, escape
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from rdsweep.drawing._palette import CSS_VARIABLES, INK, MUTED, RULE

_UNITS_PER_INCH = 72  # an SVG unit is a point, so sizes below are in the units of the view box

_STYLE: dict[Any, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": MUTED,
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.labelsize": 11,
    "axes.linewidth": 0.8,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.titlesize": 12,
    "axes.titleweight": "bold",
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "font.family": "DejaVu Sans",  # ships with Matplotlib, so that layout is the same everywhere
    "font.size": 11,
    "grid.color": RULE,
    "grid.linewidth": 0.7,
    "lines.linewidth": 1.8,
    "pdf.fonttype": 42,  # text that stays text, as journals ask
    "svg.fonttype": "none",
    "text.color": INK,
    "xtick.color": MUTED,
    "xtick.labelcolor": INK,
    "xtick.major.size": 0,
    "ytick.color": MUTED,
    "ytick.labelcolor": INK,
    "ytick.major.size": 0,
}


@contextmanager
def drawing(name: str) -> Iterator[None]:
    """Set the style of figures, and identifiers that depend on ``name`` alone."""
    with matplotlib.rc_context({**_STYLE, "svg.hashsalt": name}):
        yield


def blank_figure(width: float, height: float, *, room_right: float) -> Figure:
    """Return an empty figure of a size in SVG units that leaves a share of its width free at the right."""
    layout = ConstrainedLayoutEngine(rect=(0, 0, 1 - room_right, 1))
    return Figure(figsize=(width / _UNITS_PER_INCH, height / _UNITS_PER_INCH), layout=layout)


def svg_file(figure: Figure) -> str:
    """Return ``figure`` as the text of an SVG file without dates or versions."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    return buffer.getvalue()


def inline_svg(svg: str, *, name: str, label: str) -> Markup:
    """Return the SVG of a file as an element of a page.

    Colors become custom properties of the page, so that the drawing follows light and dark; identifiers
    that nothing refers to are dropped and the others made unique by ``name``.

    Parameters
    ----------
    svg : str
        Text of the file.
    name : str
        Unique in the page.
    label : str
        What a reader hears who cannot see the drawing.
    """
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r' (width|height)="[^"]*pt"', "", svg, count=2)
    used = set(re.findall(r'(?:url\(|href=")#([^")]+)', svg))

    def identifier(match: re.Match[str]) -> str:
        return f' id="{name}-{match[1]}"' if match[1] in used else ""

    svg = re.sub(r' id="([^"]+)"', identifier, svg)
    svg = re.sub(r'(url\(|href=")#', rf"\g<1>#{name}-", svg)
    for color, variable in CSS_VARIABLES.items():
        svg = svg.replace(color, f"var({variable})")
    opening = f'<svg role="img" aria-label="{escape(label)}"'
    return Markup(svg.replace("<svg", opening, 1))
