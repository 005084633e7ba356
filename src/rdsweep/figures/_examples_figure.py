"""Figure 2: example images where their corridors are."""

from __future__ import annotations

import numpy as np
from matplotlib.colors import ListedColormap

from rdsweep.drawing import INK, PAPER
from rdsweep.figures._page import SMALL, Box, Page
from rdsweep.figures._stimuli import EXAMPLES, SIDE
from rdsweep.geometry import Stimuli

_IMAGE, _STEP = 58.0, 68.0
_LEFT, _TOP = 62.0, 50.0
_COLUMNS = range(0, SIDE, 2)


def examples_figure(stimuli: Stimuli, *, title: str) -> Page:
    """Draw an image of each of the 21 positions, at its place in the plane of x_LC and x_UC."""
    size = _STEP * (len(_COLUMNS) - 1) + _IMAGE
    page = Page.blank(_LEFT + size + 20, _TOP + size + 48)
    page.text(14, 14, title, fontsize=14, fontweight="bold")
    for upper, lower in EXAMPLES:
        left, top = (_STEP * position / 2 for position in (lower, upper))
        image = stimuli.images[np.argmax(stimuli.positions == SIDE * upper + lower)]
        axes = page.axes(Box(_LEFT + left, _TOP + top, _IMAGE, _IMAGE))
        axes.imshow(image, cmap=ListedColormap([PAPER, INK]), vmin=0, vmax=1, interpolation="none")
        axes.set(xticks=[], yticks=[])
        axes.grid(visible=False)
        axes.spines[:].set(visible=True, linewidth=0.6)
    for position in _COLUMNS:
        middle = _STEP * position / 2 + _IMAGE / 2
        page.text(_LEFT + middle, _TOP + size + 5, str(position), ha="center")
        page.text(_LEFT - 8, _TOP + middle, str(position), ha="right", va="center")
    page.text(_LEFT + size / 2, _TOP + size + 22, "lower corridor, $x_{LC}$", fontsize=SMALL + 2, ha="center")
    page.text(
        18,
        _TOP + size / 2,
        "upper corridor, $x_{UC}$",
        fontsize=SMALL + 2,
        rotation=90,
        va="center",
        ha="center",
    )
    return page
