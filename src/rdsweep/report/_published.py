"""The published points of figures 3 and 6, and where they lie among our seeds."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import pandas as pd

from rdstats import place_points
from rdsweep.models import MODELS
from rdsweep.report._format import (
    count,
    counted,
    decimals_for,
    general,
    interval,
    interval_name,
    number,
    percent,
)
from rdsweep.report._readouts import read_scores
from rdsweep.report._report_file import ReportError, ReportFile
from rdsweep.report._section import Section
from rdsweep.report._selection import Selection
from rdsweep.report._table import ReportTable, header, notes, numbers, words
from rdsweep.report._units import column_label

ERROR, SCORE = "distortion_mse_own", "f1_batch"
"""Our measures that compare with the published ones: error on a model's own distribution, F1 by batch."""

PUBLISHED_POINT: dict[str, Any] = {
    "markersize": 8.5,
    "markerfacecolor": "none",
    "markeredgewidth": 1.4,
    "linestyle": "none",
}
"""How figures draw a published point: hollow and larger than a run."""

_TASK_OF = {name: model.tasks[0] for name, model in MODELS.items() if len(model.tasks) == 1}
_KEYS = ["panel", "model", "task", "capacity"]


def published_errors() -> pd.DataFrame:
    """Return the published points of figure 3.

    Returns
    -------
    DataFrame
        One row per model and capacity (nats): ``model, capacity, value`` (mean squared error per pixel).

    Examples
    --------
    >>> published_errors().shape
    (40, 3)
    """
    return _read("figure_3").rename(columns={"val_mse": "value"})


def published_scores() -> pd.DataFrame:
    """Return the published points of figure 6.

    Returns
    -------
    DataFrame
        One row per panel, model whose latents are read, task and capacity (nats): ``panel, model, task,
        capacity, value`` (F1, mean over batches).

    Examples
    --------
    >>> published_scores()["panel"].value_counts(sort=False).to_dict()
    {'A': 20, 'B': 20, 'C': 20, 'D': 60}
    """
    points = _read("figure_6").rename(columns={"representation": "model", "f1": "value"})
    return points.assign(task=points["task"].map(_TASK_OF))[[*_KEYS, "value"]]


def _read(name: str) -> pd.DataFrame:
    text = files("rdsweep.report") / "published" / f"{name}.csv"
    with text.open(encoding="utf-8") as file:
        return pd.read_csv(file, dtype={"capacity": float})


def place_published(selection: Selection) -> pd.DataFrame:
    """Place every published point of a model and capacity that has runs.

    Returns
    -------
    DataFrame
        One row per point: ``figure, panel, model, task, capacity, metric, value`` and the columns of
        `rdstats.place_points`.
    """
    level = selection.file.confidence_level
    errors = place_points(
        selection.runs,
        published_errors(),
        by=["model", "capacity"],
        metric=ERROR,
        confidence_level=level,
    )
    tables = [errors.assign(figure="3", panel=_panels_of_figure_three(errors), task="", metric=ERROR)]
    scores = read_scores(selection.runs, selection.scores)
    if len(scores):
        placed = place_points(scores, published_scores(), by=_KEYS, metric=SCORE, confidence_level=level)
        tables.append(placed.assign(figure="6", metric=SCORE))
    table = pd.concat(tables, ignore_index=True)
    labels = ["figure", *_KEYS, "metric", "value"]
    ordered = table[[*labels, *(column for column in table if column not in labels)]]
    return ordered[ordered["n"] > 0].reset_index(drop=True)


def _panels_of_figure_three(points: pd.DataFrame) -> pd.Series[str]:
    return points["model"].str.startswith("E2").map({True: "B", False: "A"})


def published_section(selection: Selection) -> Section | None:
    """Return the section that compares published points with our seeds, or None without such points.

    Raises
    ------
    ReportError
        If the report compares anything but models by capacity, which is what the points are about.
    """
    file = selection.file
    if not file.published:
        return None
    if (file.condition, file.by) != ("model", "capacity"):
        raise ReportError(
            "published must be false unless condition is model and by is capacity, "
            f"but they are {file.condition} and {file.by}"
        )
    places = place_published(selection)
    if places.empty:
        return None
    return Section(
        name="published",
        title="Beside the published points",
        findings=(_finding(file, places),),
        sentences=(
            "Each published point is one run. The prediction interval is where one more run of ours would "
            "lie; it allows for the spread over seeds and for how few they are. Of points that differ by the "
            f"seed alone, {percent(file.alpha)} lie outside it too; where many more do, they differ by "
            "protocol, or by what their figure measures.",
        ),
        tables=(_table(file, places),) if "published" in file.tables else (),
    )


def _finding(file: ReportFile, places: pd.DataFrame) -> str:
    placed = places.dropna(subset="inside")
    if placed.empty:
        return "No published point could be placed among our seeds; the notes say why."
    parts = [
        f"{count(int(rows['inside'].sum()))} of {counted(len(rows), 'published point')} of the paper’s "
        f"figure {figure}"
        for figure, rows in placed.groupby("figure", sort=False)
    ]
    left = len(places) - len(placed)
    rest = f"; {counted(left, 'more point')} could not be placed, as the notes say" if left else ""
    return (
        f"{' and '.join(parts)} lie within the {interval_name(file.confidence_level).replace('interval', '')}"
        f"prediction interval of our seeds{rest}."
    )


def _table(file: ReportFile, frame: pd.DataFrame) -> ReportTable:
    rows = frame.to_dict("records")
    decimals = [decimals_for([row["sd"]]) if row["sd"] > 0 else 3 for row in rows]
    spans = [(row["low"], row["high"]) for row in rows]
    return ReportTable(
        name="published",
        caption=(
            f"Published points among our seeds. Measures: {column_label(ERROR).lower()} (MSE per pixel) for "
            f"the paper’s figure 3, {column_label(SCORE)} for its figure 6. Prediction: the "
            f"{interval_name(file.confidence_level)} for one more run. z: distance from our mean in standard "
            "deviations over seeds. Below: share of our runs below the point."
        ),
        frame=frame,
        columns=(
            header("Figure of the paper", frame["figure"] + frame["panel"]),
            words("Model", frame["model"]),
            words("Task", frame["task"]),
            numbers("Capacity", map(general, frame["capacity"]), unit="nats"),
            numbers("Published", map(_rounded, frame["value"], decimals)),
            numbers("Mean of ours", map(_rounded, frame["mean"], decimals)),
            numbers(
                "Prediction", (interval(*ends, decimals=n) for ends, n in zip(spans, decimals, strict=True))
            ),
            numbers("z", (number(z, decimals=1, signed=True) for z in frame["z"])),
            numbers("Below", (percent(share / 100, decimals=0) for share in frame["percentile"])),
            words("Within", frame["inside"].map({True: "yes", False: "no"}).fillna("–")),
            numbers("n", map(count, frame["n"])),
            *notes(frame["message"]),
        ),
    )


def _rounded(value: float, decimals: int) -> str:
    return number(value, decimals=decimals)
