"""The page: one HTML file that needs no other, with links to the files of its tables and figures."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from rdsweep.drawing import inline_svg
from rdsweep.report._glossary import Glossary, link_terms
from rdsweep.report._report_file import ReportFile
from rdsweep.report._section import ReportFigure, Section

LONGEST_TABLE = 12  # rows; a longer one folds
_LONGEST_TITLE = 80  # characters


def render_page(
    file: ReportFile,
    *,
    sections: Sequence[Section],
    limits: Sequence[str],
    answer: Sequence[str],
    picture: str,
    suffixes: Mapping[str, Sequence[str]],
    date: datetime.date,
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
    answer : sequence of str
        The sentences that a reader comes for, first thing on the page.
    picture : str
        Name of the figure below them; if the sections lack it, their first figure.
    suffixes : mapping of str to sequence of str
        Those of the files in the folders ``tables`` and ``figures``.
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
        answer=answer,
        picture=_picture(sections, picture),
        suffixes=suffixes,
        date=date.isoformat(),
        style=_part("page.css"),
        script=_part("page.js"),
        drawings=_drawings,
        explain=Glossary().explain,
        link_terms=link_terms,
        short_title=short_title,
        longest_table=LONGEST_TABLE,
    )


def _picture(sections: Sequence[Section], name: str) -> ReportFigure | None:
    figures = [figure for section in sections for figure in section.figures]
    named = (figure for figure in figures if figure.name == name)
    return next(named, figures[0] if figures else None)


def short_title(caption: str) -> str:
    """Return the first sentence of a caption, or as much of a long one as says what a table is.

    Examples
    --------
    >>> short_title("Distortion: condition minus baseline. Paired t test.")
    'Distortion: condition minus baseline'
    >>> short_title("Deviation of the rate from the capacity, in per cent: mean over seeds with intervals.")
    'Deviation of the rate from the capacity, in per cent'
    """
    sentence = caption.partition(". ")[0].rstrip(".")
    if len(sentence) <= _LONGEST_TITLE:
        return sentence
    ends = (sentence.find(mark) for mark in (": ", "; ", ", ", " ("))
    return next((sentence[:end] for end in ends if 0 < end <= _LONGEST_TITLE), sentence)


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
