"""The panel of activation maps: a row for each latent, its mean over seeds and the spread."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.colors import Normalize

from rdsweep.drawing import INK
from rdsweep.figures._activation import ActivationMaps
from rdsweep.figures._page import TINY, Box, Page
from rdsweep.figures._stimuli import SIDE

MEAN_COLORS, SPREAD_COLORS = "viridis", "Greys"
_GAP = 5.0
_SPREAD_REACH = 0.3  # the greatest spread that is told apart; of values that spread evenly it is 0.29


def activation_panel(page: Page, box: Box, maps: ActivationMaps) -> None:
    """Draw the maps of all latents one below the other, beside them their spread where there is one."""
    n_latents = len(maps.mean)
    side = (box.height - (n_latents - 1) * _GAP) / n_latents
    columns = [(maps.mean, MEAN_COLORS, Normalize(0, 1), "mean")]
    if maps.deviation is not None:
        columns.append((maps.deviation, SPREAD_COLORS, Normalize(0, _SPREAD_REACH), "s.d."))
    for place, (values, cmap, norm, title) in enumerate(columns):
        left = box.left + place * (side + _GAP)
        for latent, values_of_latent in enumerate(values):
            axes = page.axes(Box(left, box.top + latent * (side + _GAP), side, side))
            axes.imshow(values_of_latent, cmap=cmap, norm=norm, interpolation="none")
            _position_axes(axes, labeled=(latent == n_latents - 1 and place == 0))
        page.text(left + side / 2, box.top - 4, title, fontsize=TINY, ha="center", va="bottom")
    bar_left = box.left + len(columns) * (side + _GAP) + 2
    half = (box.height - 24) / len(columns)
    for place, (_, cmap, norm, _) in enumerate(columns):
        bar = Box(bar_left, box.top + place * (half + 24), 7, half)
        page.color_bar(bar, norm, cmap)


def _position_axes(axes: Axes, *, labeled: bool) -> None:
    axes.set_xticks([0, 6, SIDE - 1] if labeled else [])
    axes.set_yticks([0, 6, SIDE - 1] if labeled else [])
    axes.tick_params(labelsize=TINY, labelcolor=INK, length=2, pad=1.5)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    if labeled:
        axes.set_xlabel("$x_{LC}$", fontsize=TINY, labelpad=1)
        axes.set_ylabel("$x_{UC}$", fontsize=TINY, labelpad=1)
