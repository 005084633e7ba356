"""The section that says what was run, and which cells of the grid have runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pandas as pd

from rdsweep.report._analysis import Analysis
from rdsweep.report._format import count, counted, duration, enumeration, general
from rdsweep.report._section import Section
from rdsweep.report._selection import Selection, in_order
from rdsweep.report._table import ReportTable, header, numbers
from rdsweep.report._units import column_label, column_unit, with_unit


def overview_section(analysis: Analysis) -> Section:
    """Return the section with the facts of the study and the table of its grid."""
    selection = analysis.selection
    return Section(
        name="overview",
        title="What was run",
        findings=(_finding(selection),),
        facts=tuple((term, text) for term, text in _facts(selection).items() if text),
        tables=(_coverage_table(selection),) if "coverage" in selection.file.tables else (),
    )


def coverage(selection: Selection) -> pd.DataFrame:
    """Count the completed runs of each cell of the grid against the seeds that were started anywhere.

    Returns
    -------
    DataFrame
        One row per condition and level of the crossed grid: ``n_completed``, ``n_unfinished`` and
        ``n_expected``, the number of seeds in the study.
    """
    file = selection.file
    keys = [file.condition, file.by]
    started = in_order(pd.concat([selection.runs, selection.unfinished.dropna(subset=keys)]), file)
    grid = pd.MultiIndex.from_product(
        [started[file.condition].unique(), sorted(started[file.by].unique())], names=keys
    )

    def cells(runs: pd.DataFrame) -> pd.Series[int]:
        return runs.groupby(keys).size().reindex(grid, fill_value=0)

    return pd.DataFrame(
        {
            "n_completed": cells(selection.runs),
            "n_unfinished": cells(selection.unfinished),
            "n_expected": started["seed"].nunique(),
        }
    ).reset_index()


def _finding(selection: Selection) -> str:
    levels = "capacity" if selection.file.by == "capacity" else "level"
    plural = "capacities" if selection.file.by == "capacity" else "levels"
    return (
        f"{counted(len(selection.runs), 'completed run')}: "
        f"{counted(len(selection.conditions), 'condition')}, "
        f"{counted(len(selection.levels), levels, plural)}, {counted(len(selection.seeds), 'seed')}."
    )


def _facts(selection: Selection) -> dict[str, str]:
    runs = selection.runs
    sources = runs[["imbalance", "ratio"]].drop_duplicates().to_numpy()
    budgets = runs[["n_train", "epochs", "batch_size"]].drop_duplicates().to_numpy()
    return {
        "Conditions": enumeration(selection.conditions),
        column_label(selection.file.by): with_unit(selection.file.by, *selection.levels),
        "Seeds": f"{count(len(selection.seeds))} ({enumeration(_ranges(selection.seeds))})",
        "Protocol": _distinct(runs["protocol"]),
        "Objective": _distinct(runs["objective"]),
        "Imbalance": _distinct(_source(*source) for source in sources),
        "Task weight λ": _distinct(map(general, runs.loc[runs["tasks"] != "", "task_weight"])),
        "Data budget": _distinct(_budget(*budget) for budget in budgets),
        "Latent dimensions": _distinct(map(general, runs["n_latents"])),
        "Compute": f"{duration(runs['wall_seconds'].sum())} on {_distinct(runs['device'])}",
    }


def _source(imbalance: str, ratio: float) -> str:
    return "none" if imbalance == "none" else f"{imbalance.replace('_', ' ')} × {general(ratio)}"


def _budget(n_train: int, epochs: int, batch_size: int) -> str:
    return f"{count(n_train)} images × {counted(epochs, 'epoch')}, batches of {count(batch_size)}"


def _distinct(values: Iterable[str]) -> str:
    return enumeration(list(dict.fromkeys(values)))


def _ranges(seeds: list[int]) -> list[str]:
    """Return runs of successive seeds as ``first–last``."""
    series = pd.Series(seeds)
    groups = series.groupby((series.diff() != 1).cumsum())
    return [
        str(block.iloc[0]) if len(block) == 1 else f"{block.iloc[0]}–{block.iloc[-1]}" for _, block in groups
    ]


def _coverage_table(selection: Selection) -> ReportTable:
    file, frame = selection.file, coverage(selection)
    conditions = list(frame[file.condition].unique())
    return ReportTable(
        name="coverage",
        caption=(
            f"Completed runs by condition and {file.by}, out of "
            f"{counted(int(frame['n_expected'].max()), 'seed')} that the results hold."
        ),
        frame=frame,
        columns=(
            header("Condition", conditions),
            *(
                numbers(general(level), _cells(frame[frame[file.by] == level]), unit=column_unit(file.by))
                for level in sorted(frame[file.by].unique())
            ),
        ),
    )


def _cells(frame: pd.DataFrame) -> Iterator[str]:
    for completed, expected in zip(frame["n_completed"], frame["n_expected"], strict=True):
        yield count(completed) if completed == expected else f"{count(completed)} of {count(expected)}"
