"""Tables on the terminal and in files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    import pandas as pd

_N_ROWS = 10
_WIDTH_OF_A_COLUMN = 12

_OF_INTEREST = (
    "model",
    "ratio",
    "capacity",
    "beta_setting",
    "seed",
    "status",
    "rate",
    "distortion_mse",
    "excess_distortion",
    "efficiency",
    "mutual_information",
    "beta",
)
"""Columns of the runs table that a terminal shows."""


def deliver_table(frame: pd.DataFrame, out: Path | None) -> None:
    """Write ``frame`` unrounded to the file ``out``, or print its first rows if there is none.

    Raises
    ------
    ValueError
        If ``out`` ends in neither ``.csv`` nor ``.parquet``.
    """
    if out is None:
        _print_head(frame)
    elif out.suffix == ".csv":
        out.parent.mkdir(parents=True, exist_ok=True)
        frame.to_csv(out, index=False)
    elif out.suffix == ".parquet":
        out.parent.mkdir(parents=True, exist_ok=True)
        frame.to_parquet(out, index=False)
    else:
        raise ValueError(f"out must end in .csv or .parquet, but got {str(out)!r}")


def _print_head(frame: pd.DataFrame) -> None:
    console = Console()
    known = [name for name in _OF_INTEREST if name in frame and frame[name].notna().any()]
    names = (known or list(frame.columns))[: max(console.width // _WIDTH_OF_A_COLUMN, 1)]
    print_frame(frame[names].head(_N_ROWS), console=console)
    n_shown = min(_N_ROWS, len(frame))
    console.print(
        f"{n_shown} of {len(frame)} rows, {len(names)} of {frame.shape[1]} columns", highlight=False
    )


def print_frame(frame: pd.DataFrame, *, console: Console) -> None:
    """Print all of ``frame``, numbers to four significant digits and on the right."""
    console.print(frame_grid(frame))


def frame_grid(frame: pd.DataFrame) -> Table:
    """Return ``frame`` as `print_frame` prints it."""
    grid = Table(box=None, pad_edge=False, header_style="bold")
    for name in frame.columns:
        numeric = frame[name].dtype.kind in "iuf"
        grid.add_column(str(name), justify="right" if numeric else "left", overflow="ellipsis", no_wrap=True)
    for row in frame.itertuples(index=False):
        grid.add_row(*(Text(_cell(value)) for value in row))
    return grid


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value.size} values" if isinstance(value, np.ndarray) else str(value)
