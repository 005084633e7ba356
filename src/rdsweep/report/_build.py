"""From a report file and a results folder to a page, its tables and its figures."""

from __future__ import annotations

import datetime
import tempfile
from collections.abc import Collection, Sequence
from pathlib import Path

from rdsweep.drawing import FIGURE_FORMATS
from rdsweep.report._achieved_rate import achieved_rate_section
from rdsweep.report._analysis import Analysis, analyze
from rdsweep.report._answer import answers
from rdsweep.report._bound import theoretical_bound
from rdsweep.report._checklist import checklist_section
from rdsweep.report._claims import claim_tests_section, claims_section
from rdsweep.report._claims_verdicts import judge_claims
from rdsweep.report._differences import differences_section
from rdsweep.report._figure_six import figure_six_section
from rdsweep.report._figure_three import figure_three_section
from rdsweep.report._geometry import geometry_section
from rdsweep.report._learning import learning_section
from rdsweep.report._limits import limits
from rdsweep.report._methods import methods_section
from rdsweep.report._optimality import optimality_section
from rdsweep.report._overview import overview_section
from rdsweep.report._page import render_page
from rdsweep.report._protocols import protocols_section
from rdsweep.report._provenance import exclusions_section, provenance_section
from rdsweep.report._published import published_section
from rdsweep.report._rate_distortion import rate_distortion_section
from rdsweep.report._report_file import ReportError, ReportFile, load_report_file
from rdsweep.report._scores import scores_section
from rdsweep.report._section import Listing, Section
from rdsweep.report._selection import Selection, read_selection
from rdsweep.report._table_files import TABLE_FORMATS, table_files
from rdsweep.report._trace import trace_row
from rdsweep.store import Results, open_results, write_files

FILE_FORMATS: tuple[str, ...] = (*TABLE_FORMATS, *FIGURE_FORMATS)
"""Suffixes of the files of tables and figures."""


def build_report(
    report_file: str | Path,
    *,
    results: str | Path,
    out: str | Path,
    formats: Collection[str] = FILE_FORMATS,
) -> Path:
    """Write the page, tables and figures of a report.

    Parameters
    ----------
    report_file : path-like
        YAML file in the vocabulary of `ReportFile`.
    results : path-like
        Results folder of a sweep, or the URI of one in an object store.
    out : path-like
        Folder to write into, made if missing: ``index.html``, ``tables`` (each as CSV and
        Parquet, unrounded, and as Markdown and LaTeX, rounded) and ``figures`` (each as SVG, PDF and
        PNG). Equal results give equal bytes, but for the date in the page.
    formats : collection of str
        Suffixes of the files of tables and figures to write, of `FILE_FORMATS`; all by default.

    Returns
    -------
    Path
        The page. It needs no other file; links in it lead to the files of its tables and figures.

    Raises
    ------
    ValueError
        If ``formats`` has an unknown suffix.
    ReportError
        If the report file departs from the vocabulary, or the results hold no completed run that it
        selects, or several for one condition, level and seed.
    rdsweep.store.ResultsError
        If ``results`` is no results folder.
    OSError
        If ``out`` cannot be written to; whatever was there is then as it was.

    Examples
    --------
    >>> build_report("reports/quick.yaml", results="results/quick", out="demo-report")  # doctest: +SKIP
    PosixPath('demo-report/index.html')
    """
    _check_formats(formats)
    report_file, out = Path(report_file), Path(out)
    file, store = load_report_file(report_file), open_results(results)
    selection = _read(file, store)
    _check_writable(out)
    analysis = _analyze(selection)
    source = Listing("The report file", tuple(report_file.read_text(encoding="utf-8").rstrip().splitlines()))
    sections = _sections(analysis, store, source)
    return write_page(
        file,
        sections=sections,
        limits=limits(analysis),
        answer=answers(analysis),
        picture="rate-distortion",
        out=out,
        formats=formats,
    )


def write_page(
    file: ReportFile,
    *,
    sections: Sequence[Section],
    limits: Sequence[str],
    answer: Sequence[str],
    picture: str,
    out: Path,
    formats: Collection[str] = FILE_FORMATS,
) -> Path:
    """Write a page of ``sections``, their tables and their figures into ``out``, and return the page.

    Files appear whole, the page last, and none unless all fit on the disk.

    Parameters
    ----------
    file : ReportFile
        Whose title and summary head the page.
    sections : sequence of Section
    limits : sequence of str
        What the results cannot show.
    answer : sequence of str
        The sentences that a reader comes for, first thing on the page.
    picture : str
        Name of the figure below them; if the sections lack it, their first figure.
    out : Path
    formats : collection of str
        As for `build_report`.
    """
    page = render_page(
        file,
        sections=sections,
        limits=limits,
        answer=answer,
        picture=picture,
        suffixes={
            "tables": [suffix for suffix in TABLE_FORMATS if suffix in formats],
            "figures": [suffix for suffix in FIGURE_FORMATS if suffix in formats],
        },
        date=datetime.datetime.now(datetime.UTC).date(),
    )
    index = out / "index.html"
    files = {path: data for path, data in _contents(sections, out).items() if path.suffix[1:] in formats}
    contents = files | {index: page.encode()}
    for folder in (out / "tables", out / "figures"):
        folder.mkdir(parents=True, exist_ok=True)
    write_files(contents)
    return index


def trace_report(report_file: str | Path, *, results: str | Path, row: str) -> tuple[str, ...]:
    """Return the ids of the runs behind a row of a table of a report.

    Parameters
    ----------
    report_file, results : path-like
        As for `build_report`.
    row : str
        ``TABLE:ROW``: name of a table's file without suffix, and number of the row below its heading, from 1.

    Raises
    ------
    ReportError
        As for `build_report`, and if there is no such table or row.
    rdsweep.store.ResultsError
        If ``results`` is no results folder.

    Examples
    --------
    >>> trace_report("reports/quick.yaml", results="results/quick", row="coverage:1")  # doctest: +SKIP
    ('02ab64c9d1f03e77', '5be90a1c2d4f6688', 'c41f7d20a9b35e12')
    """
    file = load_report_file(Path(report_file)).model_copy(update={"figures": ()})  # none has to be drawn
    store = open_results(results)
    selection = _read(file, store)
    return trace_row(_sections(_analyze(selection), store, Listing("", ())), selection, row)


def _read(file: ReportFile, store: Results) -> Selection:
    selection = read_selection(file, store)
    if selection.runs.empty:
        causes = "; ".join(f"{row.n_runs} {row.reason}" for row in selection.exclusions.itertuples())
        raise ReportError(
            f"results must hold a completed run, but {store.location} has none of {selection.n_stored}"
            + (f": {causes}" if causes else "")
        )
    return selection


def _check_formats(formats: Collection[str]) -> None:
    if unknown := sorted(set(formats) - set(FILE_FORMATS)):
        raise ValueError(f"formats must be of {', '.join(FILE_FORMATS)}, but got {', '.join(unknown)}")


def _check_writable(out: Path) -> None:
    """Refuse a folder at once that could not be written to after minutes of analysis."""
    place = next(folder for folder in (out, *out.absolute().parents) if folder.exists())
    try:
        tempfile.TemporaryFile(dir=place).close()
    except OSError as error:
        error.filename = str(out)
        raise


def _analyze(selection: Selection) -> Analysis:
    curve = selection.file.curve
    return analyze(selection, bound=theoretical_bound(curve) if curve.bound else None)


def _sections(analysis: Analysis, store: Results, source: Listing) -> list[Section]:
    selection = analysis.selection
    verdicts = judge_claims(selection, store) if selection.file.claims else None
    parts = (
        claims_section(selection.file, verdicts),
        overview_section(analysis),
        figure_three_section(analysis),
        figure_six_section(analysis),
        published_section(selection),
        rate_distortion_section(analysis),
        optimality_section(analysis),
        differences_section(analysis),
        achieved_rate_section(analysis),
        scores_section(analysis),
        learning_section(selection, store),
        geometry_section(selection, store),
        claim_tests_section(selection.file, verdicts),
        protocols_section(selection, store, verdicts),
        methods_section(analysis),
        checklist_section(analysis, verdicts),
        exclusions_section(analysis),
        provenance_section(analysis, source),
    )
    return [part for part in parts if part is not None]


def _contents(sections: Sequence[Section], out: Path) -> dict[Path, bytes]:
    contents: dict[Path, bytes] = {}
    for section in sections:
        for table in section.tables:
            files = table_files(table)
            contents |= {out / "tables" / f"{table.name}.{suffix}": data for suffix, data in files.items()}
        for figure in section.figures:
            for name, panel in figure.files.items():
                contents |= {out / "figures" / f"{name}.{suffix}": data for suffix, data in panel.items()}
    return contents
