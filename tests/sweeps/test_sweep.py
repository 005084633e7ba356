import sys
from pathlib import Path

import pytest

from rdsweep.sweeps import Sweep, expand_sweep, load_sweep, resolved_yaml
from rdsweep.tasks import get_task

SHIPPED = Path(__file__).parents[2] / "sweeps"


@pytest.mark.parametrize(
    ("name", "n_runs"), [("quick", 27), ("paper", 400), ("imbalance", 550), ("published", 200)]
)
def test_shipped_sweeps(name, n_runs):
    sweep = load_sweep(SHIPPED / f"{name}.yaml")
    assert sweep.name == name
    assert len(sweep.configs) == len({config.run_id for config in sweep.configs}) == n_runs


@pytest.mark.parametrize(
    "path",
    sorted(path for path in SHIPPED.glob("*.yaml") if path.stem != "beta"),  # a study
    ids=lambda path: path.stem,
)
def test_a_resolved_sweep_is_a_sweep_file_of_the_same_runs(path, tmp_path):
    sweep = load_sweep(path)
    (tmp_path / "sweep.yaml").write_text(resolved_yaml(sweep))
    again = load_sweep(tmp_path / "sweep.yaml")
    assert again == sweep
    assert resolved_yaml(again) == resolved_yaml(sweep)


def test_a_resolved_sweep_keeps_every_part():
    declaration = {
        "name": "everything",
        "description": "1e5",  # text that a reader could take for a number
        "seeds": [3, 1],
        "space": {
            "grid": {"tasks": ["order", ["bins", {"task": "region", "head": "nonlinear"}]], "capacity": 1},
            "zip": {"weight": [1, {"bins": 2}], "probes": ["paper", ["equality"]]},
        },
        "objective": {"kind": "capacity", "rate_weight": 1e-4},
        "training": {"fresh": True},
        "weights": "keep",
        "pack_size": 3,
    }
    sweep = expand_sweep(declaration)
    assert expand_sweep(sweep.resolved) == sweep
    assert (sweep.weights, sweep.pack_size, sweep.resolved["description"]) == ("keep", 3, "1e5")


def test_a_sweep_can_be_used_as_a_value():
    assert Sweep("a", (), 0, resolved={"x": 1}) == Sweep("a", (), 0)


def test_plugins_register_tasks_before_expansion(tmp_path, monkeypatch):
    (tmp_path / "sweep_test_tasks.py").write_text(
        "from rdsweep.tasks import Task, register_task\n"
        "register_task(Task('far_apart', 2, lambda upper, lower: abs(upper - lower) > 6))\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    sweep = expand_sweep(
        {
            "name": "own",
            "plugins": ["sweep_test_tasks"],
            "seeds": 1,
            "space": {"grid": {"tasks": "far_apart", "capacity": 1}},
        }
    )
    assert sweep.configs[0].tasks[0].name == "far_apart"
    assert get_task("far_apart").label_table().sum() == 42
    del sys.modules["sweep_test_tasks"]
