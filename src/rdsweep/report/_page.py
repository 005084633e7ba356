"""The page: one HTML file that refers to nothing outside itself."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from rdsweep.drawing import inline_svg
from rdsweep.report._report_file import ReportFile
from rdsweep.report._section import ReportFigure, Section


def render_page(
    file: ReportFile, *, sections: Sequence[Section], limits: Sequence[str], date: datetime.date
) -> str:
    """Return the HTML of a report.

    Parameters
    ----------
    file : ReportFile
        Whose title and summary head the page.
    sections : sequence of Section
        In the order of the page.
    limits : sequence of str
        What the results cannot show; stands beside the findings.
    date : date
        The only part of the page that the results do not determine.
    """
    environment = Environment(
        loader=PackageLoader("rdsweep.report", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html.j2").render(
        file=file,
        sections=sections,
        limits=limits,
        date=date.isoformat(),
        style=_part("page.css"),
        script=_part("page.js"),
        drawings=_drawings,
    )


def _part(name: str) -> Markup:
    return Markup(files("rdsweep.report").joinpath(name).read_text(encoding="utf-8"))


def _drawings(figure: ReportFigure) -> list[Markup]:
    many = len(figure.files) > 1
    return [
        inline_svg(
            panel["svg"].decode(),
            name=name,
            label=f"{figure.label}, panel {place}" if many else figure.label,
        )
        for place, (name, panel) in enumerate(figure.files.items(), start=1)
    ]
