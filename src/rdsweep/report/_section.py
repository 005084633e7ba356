"""The parts of a report: sections of sentences, figures and tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rdsweep.drawing import FigureFormat
from rdsweep.report._table import ReportTable

PanelFiles = Mapping[FigureFormat, bytes]
"""Content of the files of a panel, by suffix."""


@dataclass(frozen=True)
class ReportFigure:
    """A figure of one or more panels.

    Attributes
    ----------
    name : str
        Start of the names of its files.
    panels : tuple of mapping
        The files of each, as `rdsweep.report._panel.panel_files` makes them.
    label : str
        What a reader hears who cannot see it.
    caption : str
        What is drawn, from how many runs, and what intervals are.
    wide : bool
        Whether it takes the width of the page.
    """

    name: str
    panels: tuple[PanelFiles, ...]
    label: str
    caption: str
    wide: bool = False

    @property
    def files(self) -> dict[str, PanelFiles]:
        """Name without suffix and files of each panel."""
        if len(self.panels) == 1:
            return {self.name: self.panels[0]}
        return {f"{self.name}-{place}": panel for place, panel in enumerate(self.panels, start=1)}


@dataclass(frozen=True)
class Listing:
    """Many short items that are folded away until asked for."""

    title: str
    items: tuple[str, ...]


@dataclass(frozen=True)
class Section:
    """A part of the page with its own heading.

    Attributes
    ----------
    name : str
        Anchor.
    title : str
    findings : tuple of str
        What it comes to, for the summary at the top of the page.
    sentences : tuple of str
        Prose under the heading. Its numbers all come from the results, as those of the findings do.
    facts : tuple of (str, str)
        Terms and what they stand for.
    figures, tables, listings : tuple
    leads : bool
        Whether it stands before the summary.
    """

    name: str
    title: str
    findings: tuple[str, ...] = ()
    sentences: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    figures: tuple[ReportFigure, ...] = ()
    tables: tuple[ReportTable, ...] = ()
    listings: tuple[Listing, ...] = ()
    leads: bool = False
