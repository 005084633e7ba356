"""Colors and markers of figures: safe for color-blind readers, told apart in gray, fit for light and dark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rdsweep.models import MODELS

INK, MUTED, RULE, PAPER = "#1c1e21", "#6b7075", "#dcdfe3", "#ffffff"

# Okabe and Ito's palette in an order that keeps neighbors apart; its yellow is darkened, since the
# original has a contrast of 1.3 on white. The page's style sheet has the shades for dark pages.
_HUES = ("#e69f00", "#56b4e9", "#009e73", "#d55e00", "#0072b2", "#cc79a7", "#a89a00")
_MARKERS = ("s", "^", "D", "v", "P", "X", "p")

CSS_VARIABLES: dict[str, str] = {
    INK: "--ink",
    MUTED: "--muted",
    RULE: "--rule",
    PAPER: "--paper",
    **{hue: f"--series-{position}" for position, hue in enumerate(_HUES, start=1)},
}
"""Custom property of the style sheet that stands for each color in a page."""


@dataclass(frozen=True)
class Look:
    """How a condition is drawn everywhere."""

    color: str
    marker: str

    def point(self, *, filled: bool = True) -> dict[str, Any]:
        """Return the keywords of a marker without a line."""
        return {
            "color": self.color,
            "marker": self.marker,
            "markersize": 6,
            "markerfacecolor": self.color if filled else PAPER,
            "linestyle": "none",
        }


def looks(conditions: Sequence[str], *, baseline: str) -> dict[str, Look]:
    """Return the look of each condition; a model of the catalogue has the same one in every report.

    Examples
    --------
    >>> looks(["baseline", "E2M1"], baseline="baseline")["baseline"].marker
    'o'
    """
    catalogue = [name for name in MODELS if name != baseline]
    others = [name for name in conditions if name not in MODELS and name != baseline]
    known = any(name in catalogue for name in conditions)
    ordered = [*catalogue, *others] if known else others
    places = {name: ordered.index(name) % len(_HUES) for name in conditions if name != baseline}
    shown = {name: Look(_HUES[place], _MARKERS[place]) for name, place in places.items()}
    return {baseline: Look(INK, "o"), **shown}
