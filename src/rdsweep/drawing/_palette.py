"""Colors and markers of figures: safe for color-blind readers, told apart in gray, fit for light and dark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rdsweep.models import MODELS

LineStyle = str | tuple[float, tuple[float, ...]]

INK, MUTED, RULE, PAPER = "#1c1e21", "#6b7075", "#dcdfe3", "#ffffff"

# Okabe and Ito's palette in an order that keeps neighbors apart; its yellow is darkened, since the
# original has a contrast of 1.3 on white. The page's style sheet has the shades for dark pages.
_HUES = ("#e69f00", "#56b4e9", "#009e73", "#d55e00", "#0072b2", "#cc79a7", "#a89a00")
_MARKERS = ("s", "^", "D", "v", "P", "X", "p")
_LINES: tuple[LineStyle, ...] = ("-", (0, (5, 2)), (0, (1, 1.4)), (0, (6, 2, 1, 2)))
_PLACES = [
    # The next line style goes with the same colors, each with a marker two further: any two places differ
    # in at least two of color, marker and line.
    (hue, _MARKERS[(index + 2 * turn) % len(_MARKERS)], line)
    for turn, line in enumerate(_LINES)
    for index, hue in enumerate(_HUES)
]
N_LOOKS = 1 + len(_PLACES)
"""Number of conditions that can be told apart in a figure, the baseline among them."""

CSS_VARIABLES: dict[str, str] = {
    INK: "--ink",
    MUTED: "--muted",
    RULE: "--rule",
    PAPER: "--paper",
    **{hue: f"--series-{position}" for position, hue in enumerate(_HUES, start=1)},
}
"""Custom property of the style sheet that stands for each color in a page."""

_CATALOGUE = [name for name in MODELS if name != "baseline"]


@dataclass(frozen=True)
class Look:
    """How a condition is drawn everywhere; its line where a line stands for nothing else."""

    color: str
    marker: str
    line: LineStyle = "-"

    def point(self, *, filled: bool = True) -> dict[str, Any]:
        """Return the keywords of a marker without a line."""
        return {
            "color": self.color,
            "marker": self.marker,
            "markersize": 6,
            "markerfacecolor": self.color if filled else PAPER,
            "linestyle": "none",
        }


_CROWD = Look(MUTED, "x")


def looks(conditions: Sequence[str], *, baseline: str) -> dict[str, Look]:
    """Return the look of each condition; a model of the catalogue has the same one in every report.

    Up to `N_LOOKS` conditions get looks of their own, any two of which differ in at least two of color,
    marker and line. Those beyond are gray crosses, all alike: see `crowd_note`.

    Parameters
    ----------
    conditions : sequence of str
        Those in front are served first.
    baseline : str
        The condition that gets the look of the baseline, whether among ``conditions`` or not.

    Examples
    --------
    >>> looks(["baseline", "E2M1"], baseline="baseline")["baseline"].marker
    'o'
    """
    distinct = list(dict.fromkeys(name for name in conditions if name != baseline))
    known = [name for name in distinct if name in _CATALOGUE]
    others = [name for name in distinct if name not in _CATALOGUE]
    taken = {name: _CATALOGUE.index(name) for name in known}
    # Beside models of the catalogue, others take places that no model has, as long as there are any.
    first = len(_CATALOGUE) if known else 0
    free = [place for place in (*range(first, len(_PLACES)), *range(first)) if place not in taken.values()]
    taken |= dict(zip(others, free, strict=False))
    shown = {name: Look(*_PLACES[place]) for name, place in taken.items()}
    return {baseline: Look(INK, "o")} | {name: shown.get(name, _CROWD) for name in distinct}


def crowd_note(conditions: Sequence[str], *, baseline: str) -> str:
    """Return a sentence about the conditions that `looks` cannot tell apart, empty where it tells all.

    Examples
    --------
    >>> crowd_note(["baseline", "E2M1"], baseline="baseline")
    ''
    """
    gray = [name for name, look in looks(conditions, baseline=baseline).items() if look == _CROWD]
    if not gray:
        return ""
    return (
        f"Figures tell {N_LOOKS} conditions apart: the other {len(gray)}, from {gray[0]} to {gray[-1]}, are "
        "gray crosses alike, and only labels and tables tell which is which."
    )
