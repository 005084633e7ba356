"""Figure 1, A, D and E: the trade-off, the stimuli that pay for it, and the pairs that collapse."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from rdstats.theory import Frontier
from rdsweep.drawing import MUTED, PAPER, looks
from rdsweep.figures._embedding_panel import RELEVANCE_LOOKS
from rdsweep.figures._figure_data import FloatArray, LackingError
from rdsweep.figures._model_contents import BASELINE
from rdsweep.figures._page import SMALL, TINY, Box, Page
from rdsweep.figures._tradeoff_contents import ByRelevance
from rdsweep.models import MODELS

_WIDTH, _HEIGHT = 1204.0, 960.0
_TRADEOFF = Box(76, 74, 470, 300)
_LEFT, _PANEL_WIDTH, _PANEL_HEIGHT, _GAP = 76.0, 146.0, 190.0, 14.0
_TOPS = 450.0, 716.0
_SHOWN_SHARE = 99.5  # per cent of the items within the scale
_SIDE_STEP, _DASH = 0.17, 0.11  # of stimuli beside the place of their rate, and half their length
_KINDS_LEGEND = Box(800, 74, 390, 120)


def tradeoff_figure(
    runs: pd.DataFrame,
    bound: Frontier,
    errors: Mapping[str, ByRelevance | LackingError],
    distances: Mapping[str, ByRelevance | LackingError],
    *,
    title: str,
) -> Page:
    """Draw the three panels.

    Parameters
    ----------
    runs : DataFrame
        Columns ``model, capacity, rate, distortion_mse``.
    bound : Frontier
        The least distortion of any code.
    errors, distances : mapping of model to ByRelevance or LackingError
        Distortions of stimuli, and relative distances of pairs.
    title : str
    """
    page = Page.blank(_WIDTH, _HEIGHT)
    page.text(14, 14, title, fontsize=14, fontweight="bold")
    content = LackingError("no completed run with a capacity") if runs.empty else runs
    page.panel("A", _TRADEOFF, content, partial(_draw_tradeoff, bound=bound))
    _row(page, "D", _TOPS[0], errors, "distortion of a stimulus\n(MSE per pixel)")
    _row(page, "E", _TOPS[1], distances, "distance of neighbors,\nshare of that at the highest rate")
    _kinds_legend(page)
    return page


def models_of(runs: pd.DataFrame) -> list[str]:
    """Return the models of ``runs`` as panel A lists them: the baseline, the paper's, others by name."""
    present = sorted(runs["model"].unique())
    return [name for name in MODELS if name in present] + [name for name in present if name not in MODELS]


def _draw_tradeoff(page: Page, box: Box, runs: pd.DataFrame, *, bound: Frontier) -> None:
    axes = page.axes(box)
    handles: list[Artist] = []
    for name, look in looks(models_of(runs), baseline=BASELINE).items():
        rows = runs[runs["model"] == name]
        means = rows.groupby("capacity")[["rate", "distortion_mse"]].mean()
        axes.plot(rows["rate"], rows["distortion_mse"], **look.point() | {"markersize": 3}, alpha=0.45)
        mean: dict[str, Any] = {"color": look.color, "marker": look.marker, "markersize": 5, "label": name}
        mean |= {"linestyle": look.line, "linewidth": 1.4}
        handles += axes.plot(means["rate"], means["distortion_mse"], **mean)
    rate = np.linspace(0, 1.02 * runs["rate"].max(), 200)
    dashed: dict[str, Any] = {"color": MUTED, "linestyle": (0, (4, 2)), "linewidth": 1.3}
    axes.plot(rate, bound.distortion_mse(rate), **dashed)
    handles.append(Line2D([], [], label="bound: no code is below", **dashed))
    axes.set_xlim(left=0)
    axes.set_xlabel("rate (nats per image)", fontsize=SMALL + 1)
    axes.set_ylabel("distortion (MSE per pixel)", fontsize=SMALL + 1)
    axes.tick_params(labelsize=SMALL)
    axes.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(1.04, 1.0), frameon=False, fontsize=SMALL + 1
    )


def _row(
    page: Page, letter: str, top: float, contents: Mapping[str, ByRelevance | LackingError], label: str
) -> None:
    """Draw a panel per model, side by side on one scale."""
    drawn = [content for content in contents.values() if isinstance(content, ByRelevance)]
    high = 1.04 * max((np.percentile(content.of_items, _SHOWN_SHARE) for content in drawn), default=1.0)
    for place, (model, content) in enumerate(contents.items()):
        box = Box(_LEFT + place * (_PANEL_WIDTH + _GAP), top, _PANEL_WIDTH, _PANEL_HEIGHT)
        page.text(box.left, top - 6, model, fontsize=SMALL + 1, fontweight="bold", va="bottom")
        draw = partial(_draw_items, high=high, label="" if place else label)
        page.panel(letter, box, content, draw, lettered=place == 0)


def _draw_items(page: Page, box: Box, items: ByRelevance, *, high: float, label: str) -> None:
    """Draw a dash for each item, and mean and spread of those that matter and of those that do not."""
    axes = page.axes(box)
    places = np.arange(len(items.rate))
    for kind, (look, side) in enumerate(zip(RELEVANCE_LOOKS, (-1, 1), strict=True)):
        beside = places + side * _SIDE_STEP
        _dashes(axes, beside, items.of_items[:, items.relevant == kind], look.color)
        axes.errorbar(
            beside, items.means[kind], yerr=items.deviations[kind], color=look.color, marker=look.marker,
            markersize=5, markeredgecolor=PAPER, markeredgewidth=0.6, linewidth=1.2, zorder=3,
        )  # fmt: skip
    axes.set_xticks(places, [f"{rate:.2g}" for rate in items.rate])
    axes.set_xlim(-0.5, len(places) - 0.5)
    axes.set_ylim(0, high)
    axes.grid(visible=False, axis="x")
    axes.tick_params(labelsize=TINY, labelleft=bool(label))
    axes.set_xlabel("rate (nats)", fontsize=SMALL)
    axes.set_ylabel(label, fontsize=SMALL)


def _dashes(axes: Axes, places: NDArray[np.floating], values: FloatArray, color: str) -> None:
    """Draw a short dash at each value, (n_places, n_items), as one line with gaps."""
    x = np.repeat(places[:, None], values.shape[1], axis=1).ravel()
    ends = np.stack([x - _DASH, x + _DASH, np.full_like(x, np.nan)], axis=1).ravel()
    axes.plot(ends, np.repeat(values.ravel(), 3), color=color, linewidth=0.5, alpha=0.35, zorder=2)


def _kinds_legend(page: Page) -> None:
    axes = page.axes(_KINDS_LEGEND)
    axes.axis("off")
    names = ("rare, or all neighbors give the same answer", "frequent, or a neighbor gives another answer")
    handles = [
        Line2D([], [], color=look.color, marker=look.marker, markersize=5, label=name)
        for look, name in zip(RELEVANCE_LOOKS, names, strict=True)
    ]
    handles.append(
        Line2D([], [], color=MUTED, linewidth=0.8, label="one stimulus (D), one pair (E), mean over seeds")
    )
    axes.legend(
        handles=handles, loc="upper left", frameon=False, fontsize=SMALL + 1, title="Panels D and E",
        title_fontsize=SMALL + 1, alignment="left", borderaxespad=0.0,
    )  # fmt: skip
