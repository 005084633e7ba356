"""What the results cannot tell, said before anyone reads a number into them."""

from __future__ import annotations

import math

from rdsweep.report._analysis import MISSED, Analysis
from rdsweep.report._crowd import with_crowd
from rdsweep.report._format import counted, enumeration, p_value, percent
from rdsweep.report._overview import coverage
from rdsweep.report._units import column_label


def limits(analysis: Analysis) -> tuple[str, ...]:
    """Return one sentence for each thing that the results of ``analysis`` cannot show."""
    return (
        *_of_the_grid(analysis),
        *_of_the_rates(analysis),
        *_of_the_curves(analysis),
        *_of_the_tests(analysis),
        *_of_the_figures(analysis),
    )


def _of_the_grid(analysis: Analysis) -> list[str]:
    selection, sentences = analysis.selection, []
    cells = coverage(selection)
    missing = int((cells["n_expected"] - cells["n_completed"]).sum())
    if missing:
        n_cells = int((cells["n_completed"] < cells["n_expected"]).sum())
        sentences.append(
            f"{counted(missing, 'run')} of the crossed grid {'is' if missing == 1 else 'are'} missing, in "
            f"{n_cells} of {counted(len(cells), 'cell')}: conditions are not all seen at the same levels and "
            "seeds."
        )
    if len(selection.seeds) == 1:
        sentences.append(
            "With one seed there are no intervals and no tests: add seeds to separate effect from chance."
        )
    if len(selection.conditions) == 1:
        sentences.append(
            f"With {selection.conditions[0]} alone nothing can be said about differences between conditions."
        )
    elif not selection.has_baseline:
        sentences.append(
            f"Without a completed run of {selection.file.baseline} no difference from it can be estimated."
        )
    if selection.absent:
        sentences.append(
            f"The report file names {enumeration(selection.absent)}, of which no run is completed here."
        )
    return sentences


def _of_the_rates(analysis: Analysis) -> list[str]:
    if analysis.achieved.empty or not analysis.achieved["n_missed"].any():
        return []
    return [
        f"Where runs missed their capacity by more than {percent(MISSED, decimals=0)}, conditions at equal "
        "capacity are not conditions at equal rate."
    ]


def _of_the_figures(analysis: Analysis) -> list[str]:
    note = with_crowd("", analysis.selection)
    return [note] if note else []


def _of_the_curves(analysis: Analysis) -> list[str]:
    condition = analysis.selection.file.condition
    doubtful = analysis.curves[analysis.curves["status"] != "ok"]
    return [
        f"Curve of {enumeration(list(rows[condition].unique()))}: {message}."
        for message, rows in doubtful.groupby("message", sort=False)
    ]


def _of_the_tests(analysis: Analysis) -> list[str]:
    alpha, sentences = analysis.selection.file.alpha, list[str]()
    if len(analysis.selection.seeds) == 1:
        return sentences
    for metric, table in analysis.differences.items():
        if table.empty:
            continue
        undefined = table[table["p_value"].isna()]
        if len(undefined):
            sentences.append(
                f"{column_label(metric)}: {len(undefined)} of {counted(len(table), 'comparison')} could not "
                "be tested."
            )
        floor = table["smallest_p"].max()
        if not math.isnan(floor) and floor > alpha:
            sentences.append(
                f"{column_label(metric)}: the smallest p-value these seeds can give is {p_value(floor)}, so "
                f"the test cannot reach {alpha:.2g} whatever the data: add seeds or choose another test."
            )
    return sentences
