"""``rdsweep figures``: the paper's figures of a results folder, and what they lack."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import cast

import typer

from rdsweep.cli._activity import Activity
from rdsweep.drawing import FigureFormat
from rdsweep.figures import FIGURES, DrawnFigure, draw_figures
from rdsweep.store import open_results


def deliver_figures(
    results: str,
    *,
    out: Path,
    figures: str,
    per_seed: bool,
    formats: str,
    where: Sequence[str],
    activity: Activity,
) -> None:
    """Draw figures, print each file as soon as it is written, and end with a list of what panels lack.

    Raises
    ------
    ValueError
        If ``figures``, ``formats`` or ``where`` cannot be read; see `draw_figures` for others.
    """
    drawn = draw_figures(
        open_results(results),
        out=out,
        figures=parse_numbers(figures),
        per_seed=per_seed,
        formats=cast(list[FigureFormat], [name.strip() for name in formats.split(",")]),
        where=parse_choices(where),
        on_figure=partial(_print_files, activity),
    )
    lines = [f"{figure.name}, {line}" for figure in drawn for line in figure.lacking]
    if lines:
        typer.echo("These panels could not be drawn from the results:")
    for line in lines:
        typer.echo(f"  {line}")


def _print_files(activity: Activity, figure: DrawnFigure) -> None:
    activity.end()  # from here on the files say how far it is
    for path in figure.files:
        typer.echo(path)


def parse_numbers(text: str) -> list[int]:
    """Return the numbers of figures in a text; a range stands for the figures that exist within it.

    Raises
    ------
    ValueError
        If the text is no list of numbers and ranges.

    Examples
    --------
    >>> parse_numbers("2,4-8")
    [2, 4, 5, 7, 8]
    """
    numbers: list[int] = []
    for part in text.split(","):
        first, dash, last = (piece.strip() for piece in part.partition("-"))
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise ValueError(f"figures must be numbers and ranges such as 2,4-11, but got {text!r}")
        within = [number for number in FIGURES if int(first) <= number <= int(last or first)]
        numbers += within if dash else [int(first)]
    return list(dict.fromkeys(numbers))


def parse_choices(texts: Sequence[str]) -> dict[str, list[str | float]]:
    """Return what ``COLUMN=VALUE`` texts choose; values of one column add up.

    Raises
    ------
    ValueError
        If a text has no equals sign.

    Examples
    --------
    >>> parse_choices(["ratio=1", "ratio=10", "protocol=matched"])
    {'ratio': [1.0, 10.0], 'protocol': ['matched']}
    """
    choices: dict[str, list[str | float]] = {}
    for text in texts:
        column, equals, value = text.partition("=")
        if not equals:
            raise ValueError(f"where must read COLUMN=VALUE, but got {text!r}")
        choices.setdefault(column, []).append(_number_or_text(value))
    return choices


def _number_or_text(value: str) -> float | str:
    try:
        return float(value)
    except ValueError:
        return value
