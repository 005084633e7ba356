"""Labels beside points, placed so that none covers another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.transforms import Bbox
from numpy.typing import NDArray

from rdsweep.drawing import PAPER

_GLYPH_WIDTH, _GLYPH_HEIGHT = 0.62, 0.78  # of digits, as shares of the size of the text
_GAPS = (4.5, 8.0, 13.0)  # from the middle of a point to its label, points
_RING = 3.0  # radius of the ring around a labeled point, points
_DIRECTIONS = np.deg2rad([0, 180, 90, 270, 45, 315, 135, 225])


def label_points(axes: Axes, points: NDArray[np.float64], labels: Sequence[str], *, size: float) -> list[int]:
    """Write labels beside the first points of a cloud where there is room; limits have to be final.

    Parameters
    ----------
    axes : Axes
    points : ndarray, shape (n_points, 2)
        In data units; the first ``len(labels)`` are those to be labeled, the others are avoided where they
        can be.
    labels : sequence of str
        Those that come first are placed first.
    size : float
        Of the text, in points.

    Returns
    -------
    list of int
        Which labels were written: those without room are left out.
    """
    to_points = 72.0 / axes.figure.dpi
    places = axes.transData.transform(points) * to_points
    room = Bbox(axes.bbox.get_points() * to_points)
    taken: list[Bbox] = []
    written = []
    for index, label in enumerate(labels):
        free = [
            box
            for box in _candidates(places[index], label, size)
            if _inside(box, room)
            and not any(box.overlaps(other) for other in taken)
            and not _n_within(box.padded(_RING), np.delete(places[: len(labels)], index, axis=0))
        ]
        if free:
            best = min(free, key=lambda box: _n_within(box, places))
            taken.append(best)
            written.append(index)
            x, y = axes.transData.inverted().transform(np.mean(best.get_points(), axis=0) / to_points)
            axes.text(
                x, y, label, ha="center", va="center_baseline", fontsize=size, zorder=5,
                bbox={"facecolor": PAPER, "edgecolor": "none", "alpha": 0.75, "pad": 0.3},
            )  # fmt: skip
    return written


def _candidates(place: NDArray[np.float64], label: str, size: float) -> list[Bbox]:
    """Return boxes around a place, the nearest first."""
    half = np.array([_GLYPH_WIDTH * size * len(label), _GLYPH_HEIGHT * size]) / 2
    boxes = []
    for gap in _GAPS:
        for angle in _DIRECTIONS:
            way = np.array([np.cos(angle), np.sin(angle)])
            middle = place + way * (gap + half)
            boxes.append(Bbox([middle - half, middle + half]))
    return boxes


def _inside(box: Bbox, room: Bbox) -> bool:
    return bool(box.x0 >= room.x0 and box.x1 <= room.x1 and box.y0 >= room.y0 and box.y1 <= room.y1)


def _n_within(box: Bbox, places: NDArray[np.float64]) -> int:
    (left, bottom), (right, top) = box.get_points()
    x, y = places.T
    return int(((x > left) & (x < right) & (y > bottom) & (y < top)).sum())
