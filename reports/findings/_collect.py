"""From results folders to the committed study: tables that are kept, reports without their duplicates."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from rdsweep.report import build_report

from ._ablations import CHANGES
from ._fewer_seeds import TABLE, judge_with_fewer_seeds
from ._paper_results import GEOMETRY, IMBALANCE, MATCHED, PUBLISHED

KEPT_TABLES = {
    MATCHED: ("runs", "scores", "history", "score_history", "maps"),
    PUBLISHED: ("runs", "scores"),
    IMBALANCE: ("runs", "maps"),
    GEOMETRY: ("runs", "scores", "indices"),
    **{f"ablations/{name}": ("runs", "scores") for name in CHANGES},
}
"""Tables of each sweep that are committed; runs first, so that no pack in training is copied in part."""

REPORTED = frozenset({MATCHED, PUBLISHED, GEOMETRY})
"""Sweeps that a report is built from."""

_NEEDED_BY_REPORTS = {GEOMETRY: ("codes", "maps")}
"""Tables that are too large to commit and go when the report of the sweep is built."""

_KEPT_FORMATS = ("svg", "csv", "tex")
"""One format of each figure and the two of each table that others need."""


def collect_sweep(name: str, results: Path, study: Path) -> None:
    """Copy tables of a results folder into ``study``, in the place of what was there.

    Parameters
    ----------
    name : str
        A key of `KEPT_TABLES`; or ``ablations``, for a folder of results folders called after `CHANGES`.
    results : Path
        Folder that a sweep was run into; it is only read.
    study : Path
        The committed study.

    Raises
    ------
    ValueError
        If ``name`` is neither, or ``results`` holds no runs or is the study's own folder.
    """
    if name == "ablations":
        for folder in sorted(path.parent for path in results.glob("*/runs")):
            collect_sweep(f"ablations/{folder.name}", folder, study)
        return
    if name not in KEPT_TABLES:
        raise ValueError(f"name must be one of {', '.join(KEPT_TABLES)}, but got {name!r}")
    if not any(results.glob("runs/*.parquet")):
        raise ValueError(f"results must be a folder that a sweep was run into, but {results} holds no runs")
    target = study / "data" / name
    if target.resolve() == results.resolve():
        raise ValueError(f"results must be outside the study, but {results} is its own folder")
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    shutil.copy2(results / "sweep.yaml", target)
    for table in (*KEPT_TABLES[name], *_NEEDED_BY_REPORTS.get(name, ())):
        if (results / table).is_dir():
            shutil.copytree(results / table, target / table, ignore=shutil.ignore_patterns(".*"))


def build_reports(report_file: Path, study: Path) -> None:
    """Build the report of the matched runs and, where their codes have just been collected, of the geometry.

    Parameters
    ----------
    report_file : Path
        Report file of the matched runs; that of the geometry lies in ``study``.
    study : Path
        The committed study.
    """
    with tempfile.TemporaryDirectory() as folder:  # reports store what they derive beside the runs
        data = Path(shutil.copytree(study / "data", folder, dirs_exist_ok=True))
        _build(report_file, data / MATCHED, study / "report")
        by_seeds = judge_with_fewer_seeds(report_file, data / MATCHED)
        by_seeds.to_csv(study / "report" / "tables" / f"{TABLE}.csv", index=False)
        if (data / GEOMETRY / "codes").is_dir():
            _build_geometry(data / GEOMETRY, study)


def _build_geometry(results: Path, study: Path) -> None:
    _build(study / "geometry.yaml", results, study / "geometry")
    (study / "geometry" / "index.html").unlink()  # as large as all of its figures, which are kept
    kept = study / "data" / GEOMETRY
    shutil.copytree(results / "indices", kept / "indices", dirs_exist_ok=True)
    for table in _NEEDED_BY_REPORTS[GEOMETRY]:
        shutil.rmtree(kept / table)


def _build(report_file: Path, results: Path, out: Path) -> None:
    """Build a report in the place of what was there, in the formats that are kept."""
    shutil.rmtree(out, ignore_errors=True)
    build_report(report_file, results=results, out=out, formats=_KEPT_FORMATS)
