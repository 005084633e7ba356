"""Figures 4, 5 and 7 to 11: a model beside the baseline, at a high and at a low capacity."""

from __future__ import annotations

from functools import partial

from matplotlib.colors import Normalize

from rdsweep.figures._activation_panel import activation_panel
from rdsweep.figures._embedding_panel import embedding_panel
from rdsweep.figures._figure_data import LackingError, in_nats
from rdsweep.figures._legend import BIN_NAMES, draw_legend
from rdsweep.figures._matrices import Distortion
from rdsweep.figures._matrix_panel import distortion_range, matrix_panel
from rdsweep.figures._model_contents import BASELINE, ModelContents
from rdsweep.figures._page import Box, Page

_WIDTH, _HEIGHT = 1204.0, 1070.0
_TOPS, _PANEL = (100.0, 420.0), 250.0  # rows of the high and of the low capacity
_EMBEDDING_LEFTS, _EMBEDDING_WIDTH = (70.0, 490.0), 225.0
_MAPS_LEFTS, _MAPS_WIDTH = (326.0, 746.0), 130.0
_CLASSES_LEFT, _CLASSES_WIDTH = 926.0, 270.0
_CHANGES_TOP, _CHANGES = 746.0, 280.0

_POSITION_BLOCKS = [str(place) for place in range(13)]


def model_figure(contents: ModelContents, *, title: str) -> Page:
    """Draw the twelve panels of a model's figure."""
    page = Page.blank(_WIDTH, _HEIGHT)
    page.text(14, 14, title, fontsize=14, fontweight="bold")
    _headings(page, contents)
    _code_panels(page, contents)
    _class_panels(page, contents)
    _change_panels(page, contents)
    draw_legend(page, Box(_CLASSES_LEFT, _CHANGES_TOP, _CLASSES_WIDTH, _CHANGES), contents)
    return page


def _headings(page: Page, contents: ModelContents) -> None:
    columns = {_EMBEDDING_LEFTS[0]: BASELINE, _EMBEDDING_LEFTS[1]: contents.model}
    columns[_CLASSES_LEFT] = f"{contents.model} against {BASELINE}"
    for left, text in columns.items():
        page.text(left, 54, text, fontsize=12, fontweight="bold")
    rows = [
        (_TOPS[0] + _PANEL / 2, f"high capacity: {in_nats(contents.high)}"),
        (_TOPS[1] + _PANEL / 2, f"low capacity: {in_nats(contents.low)}"),
        (_CHANGES_TOP + _CHANGES / 2, "low against high capacity"),
    ]
    for middle, text in rows:
        page.text(14, middle, text, fontsize=11, rotation=90, va="center", ha="center")


def _code_panels(page: Page, contents: ModelContents) -> None:
    letters, panels = iter("ABCDFGHI"), iter(contents.codes)
    for top in _TOPS:
        for embedding_left, maps_left in zip(_EMBEDDING_LEFTS, _MAPS_LEFTS, strict=True):
            content, draw = next(panels), partial(embedding_panel, classes=contents.classes)
            box = Box(embedding_left, top, _EMBEDDING_WIDTH, _PANEL)
            page.panel(next(letters), box, content.embedding, draw)
            box = Box(maps_left, top, _MAPS_WIDTH, _PANEL)
            page.panel(next(letters), box, content.maps, activation_panel)


def _class_panels(page: Page, contents: ModelContents) -> None:
    names, label = (
        (("0", "1"), "class")
        if contents.classes.names
        else (BIN_NAMES, "bin of $x_{UC}$, and of $x_{LC}$ within")
    )
    draw = partial(matrix_panel, norm=_common_range(contents.against_baseline), names=names, label=label)
    for letter, top, matrix in zip("EJ", _TOPS, contents.against_baseline, strict=True):
        page.panel(letter, Box(_CLASSES_LEFT, top, _CLASSES_WIDTH, _PANEL), matrix, draw)


def _change_panels(page: Page, contents: ModelContents) -> None:
    norm = _common_range(contents.changes)
    draw = partial(matrix_panel, norm=norm, names=_POSITION_BLOCKS, label="$x_{UC}$, and $x_{LC}$ within")
    for letter, left, matrix in zip("KL", _EMBEDDING_LEFTS, contents.changes, strict=True):
        page.panel(letter, Box(left, _CHANGES_TOP, _CHANGES + 40, _CHANGES), matrix, draw)


def _common_range(matrices: tuple[Distortion | LackingError, ...]) -> Normalize:
    return distortion_range([matrix.mean for matrix in matrices if isinstance(matrix, Distortion)])
