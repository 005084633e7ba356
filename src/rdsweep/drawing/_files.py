"""Figures as files: SVG, PDF and PNG whose bytes depend on the drawing alone."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, get_args

from matplotlib.figure import Figure

from rdsweep.drawing._palette import PAPER
from rdsweep.drawing._svg import svg_file

FigureFormat = Literal["svg", "pdf", "png"]

FIGURE_FORMATS: tuple[FigureFormat, ...] = get_args(FigureFormat)

_PNG_DOTS_PER_INCH = 200
# No date, and neither the version of a library nor of a program.
_NO_METADATA: dict[str, dict[str, Any]] = {
    "pdf": dict.fromkeys(("CreationDate", "Creator", "Producer")),
    "png": {"Software": None},
}


def figure_file(figure: Figure, kind: FigureFormat) -> bytes:
    """Return ``figure`` as the bytes of a file.

    An SVG has no background, so that it fits light and dark pages; PDF and PNG are on white.

    Parameters
    ----------
    figure : Figure
        Made and drawn within `drawing`, in which this has to be called too.
    kind : {"svg", "pdf", "png"}

    Raises
    ------
    ValueError
        If ``kind`` is none of these.
    """
    if kind not in FIGURE_FORMATS:
        raise ValueError(f"kind must be one of {', '.join(FIGURE_FORMATS)}, but got {kind!r}")
    if kind == "svg":
        return svg_file(figure).encode()
    buffer = io.BytesIO()
    figure.savefig(buffer, format=kind, dpi=_PNG_DOTS_PER_INCH, facecolor=PAPER, metadata=_NO_METADATA[kind])
    return buffer.getvalue()


def write_figure(
    figure: Figure, stem: Path, *, formats: Sequence[FigureFormat] = FIGURE_FORMATS
) -> tuple[Path, ...]:
    """Write ``figure`` next to ``stem``, once per format, and return the files.

    Parameters
    ----------
    figure : Figure
    stem : Path
        Where to, without a suffix: ``figures/curves`` becomes ``figures/curves.svg`` and so on.
    formats : sequence of {"svg", "pdf", "png"}
    """
    files = {stem.with_name(f"{stem.name}.{kind}"): figure_file(figure, kind) for kind in formats}
    stem.parent.mkdir(parents=True, exist_ok=True)
    for path, content in files.items():
        path.write_bytes(content)
    return tuple(files)
