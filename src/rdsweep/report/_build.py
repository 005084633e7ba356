"""From a report file and a results folder to a page, its tables and its figures."""

from __future__ import annotations

import datetime
from pathlib import Path

from rdsweep.report._achieved_rate import achieved_rate_section
from rdsweep.report._analysis import Analysis, analyze
from rdsweep.report._bound import theoretical_bound
from rdsweep.report._differences import differences_section
from rdsweep.report._limits import limits
from rdsweep.report._optimality import optimality_section
from rdsweep.report._overview import overview_section
from rdsweep.report._page import render_page
from rdsweep.report._provenance import exclusions_section, provenance_section
from rdsweep.report._rate_distortion import rate_distortion_section
from rdsweep.report._report_file import ReportError, load_report_file
from rdsweep.report._scores import scores_section
from rdsweep.report._section import Listing, Section
from rdsweep.report._study import read_study


def build_report(report_file: str | Path, *, results: str | Path, out: str | Path) -> Path:
    """Write the page, tables and figures of a report.

    Parameters
    ----------
    report_file : path-like
        YAML file in the vocabulary of `ReportFile`.
    results : path-like
        Results folder of a sweep.
    out : path-like
        Folder to write into, made if missing: ``index.html``, ``tables/*.csv`` (unrounded) and
        ``figures/*.svg``. Equal results give equal bytes, but for the date in the page.

    Returns
    -------
    Path
        The page. It refers to nothing outside itself.

    Raises
    ------
    ReportError
        If the report file departs from the vocabulary, or the results hold no completed run that it
        selects, or several for one condition, level and seed.
    rdsweep.store.ResultsError
        If ``results`` is no results folder.

    Examples
    --------
    >>> build_report("reports/quick.yaml", results="results/quick", out="demo-report")  # doctest: +SKIP
    PosixPath('demo-report/index.html')
    """
    report_file, out = Path(report_file), Path(out)
    study = read_study(load_report_file(report_file), Path(results))
    if study.runs.empty:
        causes = "; ".join(f"{row.n_runs} {row.reason}" for row in study.exclusions.itertuples())
        raise ReportError(
            f"results must hold a completed run, but {results} has none of {study.n_stored}"
            + (f": {causes}" if causes else "")
        )
    curve = study.file.curve
    analysis = analyze(study, bound=theoretical_bound(curve) if curve.bound else None)
    sections = _sections(analysis, source=report_file.read_text(encoding="utf-8"))
    page = render_page(
        study.file,
        sections=sections,
        limits=limits(analysis),
        date=datetime.datetime.now(datetime.UTC).date(),
    )
    _write_files(sections, out)
    index = out / "index.html"
    index.write_text(page, encoding="utf-8")
    return index


def _sections(analysis: Analysis, *, source: str) -> list[Section]:
    parts = (
        overview_section(analysis),
        rate_distortion_section(analysis),
        optimality_section(analysis),
        differences_section(analysis),
        achieved_rate_section(analysis),
        scores_section(analysis),
        exclusions_section(analysis),
        provenance_section(analysis, Listing("The report file", tuple(source.rstrip().splitlines()))),
    )
    return [part for part in parts if part is not None]


def _write_files(sections: list[Section], out: Path) -> None:
    tables, figures = out / "tables", out / "figures"
    for folder in (tables, figures):
        folder.mkdir(parents=True, exist_ok=True)
    for section in sections:
        for table in section.tables:
            table.frame.to_csv(tables / f"{table.name}.csv", index=False, lineterminator="\n")
        for figure in section.figures:
            for name, svg in figure.files.items():
                (figures / f"{name}.svg").write_text(svg, encoding="utf-8")
