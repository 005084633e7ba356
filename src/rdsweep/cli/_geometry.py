"""``rdsweep geometry``: the indices of every run's code."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from rich.console import Console

from rdsweep.cli._activity import Activity
from rdsweep.cli._table import deliver_table, print_frame
from rdsweep.geometry import geometry_table
from rdsweep.store import DERIVED_TABLES, Results, in_reading_order

_GROUPS = ["model", "ratio", "capacity", "beta_setting"]
_SMALLEST_WIDTH = 9  # of a number such as -0.002856


def deliver_geometry(
    results: Results, out: Path | None, *, n_workers: int | None, activity: Activity
) -> None:
    """Compute the indices that are missing; write all to the file ``out``, or print means over seeds.

    Raises
    ------
    ResultsError
        If a part-file is broken.
    ValueError
        If ``out`` ends in neither ``.csv`` nor ``.parquet``.
    """
    table = geometry_table(results, n_workers=n_workers or os.cpu_count() or 1, progress=activity)
    activity.end()
    table = in_reading_order(table, table)
    if out is not None:
        deliver_table(table, out)
        return
    groups = [name for name in _GROUPS if table[name].nunique(dropna=False) > 1 or name == "model"]
    indices = [column.name for column in DERIVED_TABLES["indices"] if column.name != "run_id"]
    cells = table.groupby(groups, dropna=False, sort=False)
    means = cells.size().rename("n_seeds").to_frame().join(cells[indices].mean()).reset_index()
    console = Console()
    ends = np.cumsum([max(len(name), _SMALLEST_WIDTH) + 1 for name in means.columns])
    n_shown = max(int((ends <= console.width).sum()), len(groups) + 2)
    print_frame(means.iloc[:, :n_shown], console=console)
    n_indices = n_shown - len(groups) - 1
    console.print(
        f"means over seeds; {n_indices} of {len(indices)} indices, --out writes all runs", highlight=False
    )
