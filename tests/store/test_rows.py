from __future__ import annotations

from dataclasses import replace

import pytest

from rdsweep.config import ObjectiveConfig, RunConfig, SourceConfig, TaskConfig
from rdsweep.store import MEASURES, TABLES, table_schema
from rdsweep.store._rows import condition_row, pack_tables
from rdsweep.sweeps import Pack
from rdsweep.training import PackResult, RunResult


def test_tables_have_their_schemas_and_runs_come_last(pack: Pack, trained: PackResult) -> None:
    tables = pack_tables(pack, trained, sweep_name="tiny")
    assert list(tables) == list(TABLES)
    assert list(tables)[-1] == "runs"
    for table, rows in tables.items():
        assert rows.schema.equals(table_schema(table), check_metadata=True)


def test_every_column_of_runs_is_filled_for_a_completed_run(tiny, pack: Pack, trained: PackResult) -> None:
    hybrid = pack_tables(pack, trained, sweep_name="tiny")["runs"].to_pylist()[-1]
    # The capacity of a constrained objective stands; the settings of the other objectives do not apply.
    assert {name for name, value in hybrid.items() if value is None} == {"gamma", "beta_setting"}
    assert set(hybrid) >= {column.name for column in MEASURES}


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (RunConfig(), {"model": "baseline", "tasks": "", "task_weight": None, "capacity": 1.0}),
        (
            RunConfig(objective=ObjectiveConfig("beta", beta=4.0)),
            {"objective": "beta", "beta_setting": 4.0, "capacity": None},
        ),
        (
            RunConfig(source=SourceConfig("alignment", 5.0)),
            {"model": "alignment_x5", "imbalance": "alignment", "ratio": 5.0},
        ),
        (
            RunConfig(tasks=(TaskConfig("region", 2.0), TaskConfig("order", 2.0))),
            {"tasks": "order+region", "task_weight": 2.0},
        ),
        (RunConfig(tasks=(TaskConfig("region", 2.0), TaskConfig("order", 1.0))), {"task_weight": None}),
    ],
)
def test_condition_columns(config: RunConfig, expected: dict[str, object]) -> None:
    row = condition_row(config)
    assert row | expected == row


def test_the_time_of_a_pack_is_shared_by_its_runs(pack: Pack, trained: PackResult) -> None:
    rows = pack_tables(pack, replace(trained, wall_seconds=8.0), sweep_name="tiny")["runs"].to_pylist()
    assert [row["wall_seconds"] for row in rows] == [8.0 / len(rows)] * len(rows)
    assert {row["pack_id"] for row in rows} == {pack.pack_id}


def test_not_a_number_is_stored_as_null(pack: Pack, trained: PackResult) -> None:
    runs = tuple(replace(run, measures={**run.measures, "beta": float("nan")}) for run in trained.runs)
    tables = pack_tables(pack, replace(trained, runs=runs), sweep_name="tiny")
    assert tables["runs"]["beta"].null_count == len(runs)


def test_a_failed_run_is_a_row_with_its_cause(pack: Pack) -> None:
    runs = tuple(RunResult(config, "failed", "loss is not finite") for config in pack.configs)
    failed = PackResult(runs, device="cpu", precision="", wall_seconds=1.0)
    tables = pack_tables(pack, failed, sweep_name="tiny")
    assert set(tables["runs"]["message"].to_pylist()) == {"loss is not finite"}
    assert tables["runs"]["rate"].null_count == len(runs)
    assert tables["maps"].num_rows == tables["scores"].num_rows == 0


def test_other_runs_are_refused(pack: Pack, trained: PackResult) -> None:
    with pytest.raises(ValueError, match="result must hold the runs of pack"):
        pack_tables(pack, replace(trained, runs=trained.runs[::-1]), sweep_name="tiny")


def test_a_missing_measure_is_refused(pack: Pack, trained: PackResult) -> None:
    first = replace(trained.runs[0], measures={"rate": 1.0})
    with pytest.raises(ValueError, match=r"must be complete, but \['rate_own'"):
        pack_tables(pack, replace(trained, runs=(first, *trained.runs[1:])), sweep_name="tiny")


def test_an_unknown_column_is_refused(pack: Pack, trained: PackResult) -> None:
    first = replace(trained.runs[0], history=({"step": 1, "loss": 2.0},))
    with pytest.raises(ValueError, match=r"rows of 'history' .* but got \['loss'\]"):
        pack_tables(pack, replace(trained, runs=(first, *trained.runs[1:])), sweep_name="tiny")
