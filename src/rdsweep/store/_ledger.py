"""Which of the rows that several packs hold of one run counts."""

from __future__ import annotations

import pandas as pd


def settle(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row per run, sorted by ``run_id``.

    A run may have been trained twice: retried after a failure, or on two machines whose results were
    merged. A completed row counts before any other, and the first one completed counts for good; without
    one, the newest row counts.

    Parameters
    ----------
    rows : DataFrame
        Columns ``run_id``, ``status``, ``finished_at`` and ``pack_id``, and any others.

    Examples
    --------
    >>> rows = pd.DataFrame({
    ...     "run_id": ["a", "a", "b", "b"],
    ...     "status": ["completed", "failed", "failed", "failed"],
    ...     "finished_at": ["2026-01-01", "2026-01-02", "2026-01-01", "2026-01-02"],
    ...     "pack_id": ["p", "q", "p", "q"],
    ... })
    >>> settle(rows)["pack_id"].tolist()
    ['p', 'q']
    """
    ordered = rows.sort_values(["run_id", "finished_at", "pack_id"], kind="stable")
    completed = ordered[ordered["status"] == "completed"].drop_duplicates("run_id", keep="first")
    others = ordered[~ordered["run_id"].isin(completed["run_id"])].drop_duplicates("run_id", keep="last")
    return pd.concat([completed, others]).sort_values("run_id", ignore_index=True)
