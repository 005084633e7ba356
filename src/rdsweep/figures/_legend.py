"""The legend of a model's figure: classes, seeds, and cells that are noise."""

from __future__ import annotations

from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from rdsweep.drawing import INK, MUTED
from rdsweep.figures._embedding_panel import BIN_MARKERS, class_looks
from rdsweep.figures._matrix_panel import NOISE_LOOK
from rdsweep.figures._model_contents import ModelContents
from rdsweep.figures._page import SMALL, Box, Page

_LINE = 15.0  # height of an entry, points
BIN_NAMES = ("0–1", "2–4", "5–7", "8–10", "11–12")


def draw_legend(page: Page, box: Box, contents: ModelContents) -> None:
    """Explain the marks of the panels, within ``box``."""
    axes = page.axes(box)
    axes.axis("off")
    bins = not contents.classes.names
    classes = _bin_handles(contents) if bins else _class_handles(contents)
    axes.add_artist(_legend(axes, classes, top=1.0, n_columns=2 if bins else 1))
    handles = [_point(INK, "o", "position, named $x_{UC},x_{LC}$", markerfacecolor="none")]
    if len(contents.seeds) > 1:
        handles += [_point(MUTED, ".", "position in one seed", alpha=0.5), *_noise_handles(contents)]
    _legend(axes, handles, top=1.0 - _LINE * (6.2 if bins else 2.6) / box.height)


def _legend(axes: Axes, handles: list[Artist], *, top: float, n_columns: int = 1) -> Legend:
    return axes.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(-0.02, top), frameon=False, fontsize=SMALL,
        labelspacing=0.55, borderaxespad=0.0, ncols=n_columns, handlelength=1.6, alignment="left",
    )  # fmt: skip


def _noise_handles(contents: ModelContents) -> list[Artist]:
    """Return how cells look that do not differ from the seed-to-seed noise."""
    blank = Patch(
        facecolor="none",
        edgecolor=MUTED,
        linewidth=0.6,
        label="blank below the diagonal: no different from noise",
    )
    if not contents.classes.names:
        return [blank]
    return [Patch(**NOISE_LOOK | {"facecolor": MUTED}, label="hatched: no different from noise"), blank]


def _class_handles(contents: ModelContents) -> list[Artist]:
    looks = class_looks(contents.classes)
    return [
        _point(look.color, look.marker, f"class {label}, {name}")
        for label, (look, name) in enumerate(zip(looks, contents.classes.names, strict=True))
    ]


def _bin_handles(contents: ModelContents) -> list[Artist]:
    shades = [look.color for look in class_looks(contents.classes)[:: len(BIN_MARKERS)]]
    return [
        *(_point(shade, "o", f"$x_{{UC}}$ {name}") for shade, name in zip(shades, BIN_NAMES, strict=True)),
        *(
            _point(MUTED, mark, f"$x_{{LC}}$ {name}")
            for mark, name in zip(BIN_MARKERS, BIN_NAMES, strict=True)
        ),
    ]


def _point(color: str, marker: str, label: str, **style: Any) -> Artist:
    return Line2D([], [], color=color, marker=marker, markersize=5.5, linestyle="none", label=label, **style)
