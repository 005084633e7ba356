"""What a point of a figure says when it is pointed at: a run with its numbers and its identifier."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import pandas as pd
from markupsafe import escape

from rdsweep.report._format import number
from rdsweep.report._report_file import ReportFile
from rdsweep.report._units import column_label, column_unit, with_unit


def run_tips(runs: pd.DataFrame, columns: Sequence[str], file: ReportFile) -> list[str]:
    """Return some lines on each run: condition, level and seed, the values of ``columns``, its identifier."""
    return [
        "\n".join(
            (
                f"{run[file.condition]}, seed {run['seed']}",
                f"{column_label(file.by)} {with_unit(file.by, run[file.by])}",
                *(_measure(column, run[column]) for column in columns),
                f"run {run['run_id']}",
            )
        )
        for run in runs.to_dict("records")
    ]


def _measure(column: str, value: float) -> str:
    return f"{column_label(column)} {number(value, decimals=4)} {column_unit(column)}".rstrip()


def with_tips(svg: str, tips: Mapping[str, Sequence[str]]) -> str:
    """Return an SVG in which every point of some lines has a title, which browsers show as a tooltip.

    Parameters
    ----------
    svg : str
        As Matplotlib writes it.
    tips : mapping of str to sequence of str
        By ``gid`` of a line of markers, one text per point in the order of drawing.

    Raises
    ------
    ValueError
        If a line has not as many points as texts: some were not drawn, so that texts would be misplaced.

    Examples
    --------
    >>> with_tips('<g id="runs"><use x="1"/></g>', {"runs": ["a < b"]})
    '<g id="runs"><use x="1"><title>a &lt; b</title></use></g>'
    """
    for name, texts in tips.items():
        start = svg.index(f'<g id="{name}">')
        end = svg.index("</g>", start)
        before, *points = re.split(r"(?=<use )", svg[start:end])
        if len(points) != len(texts):
            raise ValueError(
                f"tips must hold a text per point of {name!r}, but got {len(texts)} for {len(points)} points"
            )
        titled = (
            point.replace("/>", f"><title>{escape(text)}</title></use>", 1)
            for point, text in zip(points, texts, strict=True)
        )
        svg = "".join([svg[:start], before, *titled, svg[end:]])
    return svg
