from __future__ import annotations

import pandas as pd
import pytest

from rdsweep.store._ledger import settle


@pytest.mark.parametrize(
    ("rows", "kept"),
    [
        ([("completed", 1, "p"), ("completed", 2, "q")], "p"),
        ([("completed", 2, "p"), ("completed", 1, "q")], "q"),
        ([("completed", 1, "q"), ("completed", 1, "p")], "p"),
        ([("completed", 1, "p"), ("failed", 2, "q")], "p"),
        ([("failed", 1, "p"), ("completed", 2, "q")], "q"),
        ([("failed", 2, "p"), ("failed", 1, "q")], "p"),
        ([("pruned", 1, "p"), ("failed", 2, "q")], "q"),
    ],
)
def test_one_row_per_run_counts(rows: list[tuple[str, int, str]], kept: str) -> None:
    frame = pd.DataFrame(rows, columns=["status", "finished_at", "pack_id"]).assign(run_id="a")
    for order in (frame, frame[::-1]):
        assert settle(order)["pack_id"].tolist() == [kept]


def test_runs_are_settled_one_by_one() -> None:
    frame = pd.DataFrame(
        [("b", "failed", "1", "p"), ("a", "completed", "2", "p"), ("b", "completed", "3", "q")],
        columns=["run_id", "status", "finished_at", "pack_id"],
    )
    assert settle(frame)[["run_id", "pack_id"]].to_numpy().tolist() == [["a", "p"], ["b", "q"]]
