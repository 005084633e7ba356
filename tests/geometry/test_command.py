from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from rdsweep.cli._activity import Activity
from rdsweep.cli._geometry import deliver_geometry
from rdsweep.store import DERIVED_TABLES, ORDER_COLUMNS, Results


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> pd.DataFrame:
    """Two models of two seeds each, in the place of a results folder."""
    frame = pd.DataFrame({"model": ["baseline", "baseline", "E2M1", "E2M1"], "ratio": 1.0, "capacity": 3.0})
    frame = frame.assign(beta_setting=float("nan"), **{c.name: 0.25 for c in DERIVED_TABLES["indices"]})
    frame = frame.assign(**{name: 1.0 for name in ORDER_COLUMNS if name not in frame}, run_id=list("abcd"))
    frame["scatter_ratio"] = [1.0, 2.0, 3.0, 5.0]
    monkeypatch.setattr("rdsweep.cli._geometry.geometry_table", lambda results, **_: frame)
    return frame


def deliver(out: Path | None) -> None:
    with Activity("computing") as activity:
        deliver_geometry(Results(None), out, n_workers=1, activity=activity)


def test_means_over_seeds_are_printed(table, monkeypatch, capsys) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    deliver(None)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:3] for line in lines[1:3]] == [["baseline", "2", "1.5"], ["E2M1", "2", "4"]]
    assert "of 25 indices, --out writes all runs" in lines[-1]


def test_all_runs_are_written(table, tmp_path: Path) -> None:
    deliver(tmp_path / "new" / "indices.csv")
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "new" / "indices.csv"), table)


def test_another_ending_is_refused(table, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"out must end in"):
        deliver(tmp_path / "indices.doc")
