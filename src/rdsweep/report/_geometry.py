"""The section of geometry: the paper's figures of codes, and their indices compared with the baseline's."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path

import pandas as pd

from rdstats import compare_conditions
from rdstats._status import RDStatsWarning
from rdsweep.drawing import FIGURE_FORMATS
from rdsweep.report._format import count, counted, interval_name
from rdsweep.report._section import ReportFigure, Section
from rdsweep.report._selection import Selection
from rdsweep.report._table import ReportTable, TextColumn, estimates_by, header, words
from rdsweep.report._units import column_unit, short_unit
from rdsweep.store import DERIVED_TABLES, Results

_INDICES = {column.name: column for column in DERIVED_TABLES["indices"] if column.name != "run_id"}
_SHOWN = {
    "scatter_ratio": "Scatter within over between positions",
    "silhouette": "Silhouette of positions",
    "effective_positions": "Effective number of positions",
    "frequency_exponent": "Exponent of frequency",
    "angle_order_region": "Angle between order and region",
    "parallelism_corridors": "Parallelism of corridors",
    "generalization_corridors": "Generalization over corridors",
    "participation_ratio": "Participation ratio",
    "active_units": "Active units",
}
"""Indices that the page shows, those that every model has; the files have all of them."""

_RESAMPLING_SEED = 0  # equal results have to give equal tables


def geometry_section(selection: Selection, store: Results) -> Section | None:
    """Return the section, or None for a report that does not ask for it."""
    if not selection.file.geometry:
        return None
    codes = store.read("codes", ["run_id"])
    if not codes["run_id"].isin(selection.runs["run_id"]).any():
        sentence = (
            "This folder has no codes, so nothing can be said about their geometry: train its runs again."
        )
        return Section(name="geometry", title="Geometry of the codes", sentences=(sentence,))
    frame = _comparisons(selection, store)
    shown = "geometry" in selection.file.tables and not frame.empty
    return Section(
        name="geometry",
        title="Geometry of the codes",
        findings=() if frame.empty else (_finding(selection, frame),),
        figures=_figures(selection, store) if "geometry" in selection.file.figures else (),
        tables=(_table(selection, frame),) if shown else (),
    )


def _comparisons(selection: Selection, store: Results) -> pd.DataFrame:
    """Return every index of every condition and level, minus the baseline's; empty without such pairs."""
    from rdsweep.geometry import geometry_table

    if not (selection.has_baseline and selection.hybrids):
        return pd.DataFrame()
    file, table = selection.file, geometry_table(store)
    table = table[table["run_id"].isin(selection.runs["run_id"])]
    with warnings.catch_warnings():
        # What these warnings are about stands in the columns status, message and n_dropped.
        warnings.simplefilter("ignore", RDStatsWarning)
        parts = [
            compare_conditions(
                table,
                baseline=file.baseline,
                metric=index,
                by=file.by,
                condition=file.condition,
                paired=file.comparison.paired,
                method=file.comparison.method,
                confidence_level=file.confidence_level,
                correction=file.comparison.correction,
                rng=_RESAMPLING_SEED,
            ).assign(index=index, unit=column.unit)
            for index, column in _INDICES.items()
        ]
    frame = pd.concat(parts, ignore_index=True)
    return frame[["index", *(name for name in frame if name != "index")]]


def _finding(selection: Selection, frame: pd.DataFrame) -> str:
    tested = frame[frame["p_adjusted"].notna()]
    if tested.empty:
        n = counted(len(frame), "comparison")
        return f"Geometry: none of {n} with {selection.file.baseline} could be tested."
    differing = int((tested["p_adjusted"] <= selection.file.alpha).sum())
    return (
        f"Geometry: {count(differing)} of {counted(len(tested), 'comparison')} of {len(_INDICES)} indices "
        f"with {selection.file.baseline} differ at level {selection.file.alpha:.2g}, "
        "adjusted within each index."
    )


def _table(selection: Selection, frame: pd.DataFrame) -> ReportTable:
    file = selection.file
    rows = pd.Index(selection.hybrids, name=file.condition)
    blocks = [_block(selection, frame[frame["index"] == index], rows) for index in _SHOWN]
    meanings = [f"{label}: {_INDICES[index].meaning}" for index, label in _SHOWN.items()]
    return ReportTable(
        name="geometry",
        caption=(
            f"Indices of the codes, condition minus {file.baseline}, by {file.by} in "
            f"{column_unit(file.by)}: mean difference with its {interval_name(file.confidence_level)} "
            f"(not adjusted). {'. '.join(meanings)}. "
            "The files have further indices, and p-values adjusted within each."
        ),
        frame=frame,
        compared_with=file.baseline,
        columns=(
            header("Index", (label for label in _SHOWN.values() for _ in rows)),
            words("Condition", (name for _ in _SHOWN for name in rows)),
            words("Unit", (short_unit(_INDICES[index].unit) for index in _SHOWN for _ in rows)),
            *(_stacked(columns) for columns in zip(*blocks, strict=True)),
        ),
    )


def _block(selection: Selection, frame: pd.DataFrame, rows: pd.Index) -> tuple[TextColumn, ...]:
    """Return the columns of one index, with decimals of its own."""
    return estimates_by(selection.file.by, selection.levels, frame, rows, signed=True)


def _stacked(columns: tuple[TextColumn, ...]) -> TextColumn:
    cells = tuple(cell for column in columns for cell in column.cells)
    details = tuple(detail for column in columns for detail in column.details)
    return TextColumn(columns[0].label, cells, details=details)


def _figures(selection: Selection, store: Results) -> tuple[ReportFigure, ...]:
    from rdsweep.figures import MODEL_FIGURES, draw_figures

    numbers = [number for number, model in MODEL_FIGURES.items() if model in selection.hybrids]
    with tempfile.TemporaryDirectory() as folder:
        drawn = draw_figures(store, out=Path(folder), figures=[1, *numbers], where=selection.file.where)
        return tuple(
            ReportFigure(
                name=figure.name,
                panels=(
                    {kind: Path(folder, f"{figure.name}.{kind}").read_bytes() for kind in FIGURE_FORMATS},
                ),
                label=figure.title,
                caption=f"The paper’s figure {number}. {figure.caption}",
                wide=True,
            )
            for number, figure in zip([1, *numbers], drawn, strict=True)
        )
