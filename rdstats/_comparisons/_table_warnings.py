"""One warning for a whole table where row-wise functions would give one per row."""

from __future__ import annotations

import warnings

import pandas as pd

from rdstats._status import DegenerateDataWarning, DroppedRowsWarning, Status


def warn_of_rows(table: pd.DataFrame, *, what: str) -> None:
    """Warn of the runs that ``table`` leaves out and of its rows that are not ``OK``; call from the top."""
    n_dropped = int(table["n_dropped"].sum())
    if n_dropped:
        warnings.warn(
            f"{n_dropped} runs were dropped over all {what}: not finite, or without partner; column "
            "n_dropped says where",
            DroppedRowsWarning,
            stacklevel=3,
        )
    degenerate = table["status"] != Status.OK
    if degenerate.any():
        warnings.warn(
            f"{int(degenerate.sum())} of {len(table)} {what} are degenerate, the first because "
            f"{table.loc[degenerate, 'message'].iloc[0]}; column message says why",
            DegenerateDataWarning,
            stacklevel=3,
        )
