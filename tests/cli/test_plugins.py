"""Tasks of the user's own: the user names their module, and results that name it too import nothing."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rdsweep.config import RunConfig
from rdsweep.engines import run_sweep
from rdsweep.store import MEASURES, open_results
from rdsweep.sweeps import SweepTaskError, load_sweep
from rdsweep.tasks import BUILTIN_TASKS, get_task
from rdsweep.training import PackResult, RunResult

Call = Callable[..., tuple[int, str, str]]

MARKER = "imported"
PLUGIN = """\
from pathlib import Path

from rdsweep.tasks import Task, register_task

Path("imported").touch()
register_task(Task("distance", 3, lambda upper, lower: abs(upper - lower) // 5))
"""
SWEEP = """\
name: own
plugins: [my_tasks]
seeds: 1
space:
  - grid: {model: baseline, capacity: [1, 3]}
  - grid: {tasks: distance, capacity: [1, 3]}
training: {n_train: 128, epochs: 1}
"""
# Whether distances between classes grow takes the labels of a task.
REPORT = """\
title: Own
figures: []
tables: [verdicts, coverage, scores]
claims:
  - {id: apart, statement: Classes move apart, source: here, metric: class_separation, contrast: threshold,
     threshold: 0, conditions: [distance], strata: [capacity]}
"""
READING = {
    "status": ("status", "results/own"),
    "verify": ("verify", "results/own"),
    "table": ("table", "results/own", "--table", "scores"),
    "geometry": ("geometry", "results/own", "--workers", "1"),
    "figures": ("figures", "results/own", "--out", "drawn", "--figures", "2", "--formats", "svg"),
    "report": ("report", "plain.yaml", "--results", "results/own", "--out", "page"),
}


def train(configs: Sequence[RunConfig], *, device: str = "cpu", **options: Any) -> PackResult:
    """Train nothing: measures, scores and maps are made up."""
    rng = np.random.default_rng(0)

    def result(config: RunConfig) -> RunResult:
        rate = config.objective.capacity or 0.0
        distortion = 0.05 + 0.1 * np.exp(-rate / 3) + 1e-4 * rng.random()
        measures = {column.name: rate for column in MEASURES} | {"active_latents": 5, "steps": 2}
        measures |= {name: distortion for name in measures if name.startswith("distortion")}
        reader = {"regime": "joint", "head": "nonlinear", "f1": 0.9, "accuracy": 0.9, "cross_entropy": 0.1}
        scores = [{"task": task.name, **reader} for task in config.tasks]
        maps = {name: rng.random((169, 5)) for name in ("latent_mean", "latent_mean_sd", "latent_scale")} | {
            name: rng.random(169) for name in ("distortion_mse", "rate")
        }
        return RunResult(config, "completed", measures=measures, scores=tuple(scores), maps=maps)

    return PackResult(tuple(map(result, configs)), device, "fp32", 1.0)


def forget_tasks(patch: pytest.MonkeyPatch) -> None:
    """Make this process like a new one that has imported no plugin."""
    patch.setattr("rdsweep.tasks._registry", {name: get_task(name) for name in BUILTIN_TASKS})
    sys.modules.pop("my_tasks", None)


@pytest.fixture(scope="module")
def sweep_of_own_task(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a plugin, a sweep that names it, and its results."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "my_tasks.py").write_text(PLUGIN)
    (folder / "own.yaml").write_text(SWEEP)
    (folder / "plain.yaml").write_text("title: Own\nfigures: []\ntables: [coverage, scores, learning]")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.syspath_prepend(folder)
        forget_tasks(patch)
        run_sweep(load_sweep("own.yaml"), results="results/own", engine="inline", device="cpu", train=train)
        sys.modules.pop("my_tasks")
    (folder / MARKER).unlink()
    return folder


@pytest.fixture
def here(sweep_of_own_task: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of that folder as the working directory of a process that knows the paper's tasks alone."""
    folder = tmp_path / "own"
    shutil.copytree(sweep_of_own_task, folder)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.syspath_prepend(folder)
    forget_tasks(monkeypatch)
    yield folder
    sys.modules.pop("my_tasks", None)


@pytest.mark.parametrize("command", READING)
def test_data_never_import_code(rdsweep: Call, here: Path, command: str) -> None:
    assert "my_tasks" in Path("results/own/sweep.yaml").read_text()
    assert rdsweep(*READING[command])[0] == 0
    assert not Path(MARKER).exists()
    assert "my_tasks" not in sys.modules


@pytest.mark.parametrize("command", READING)
def test_every_reading_command_imports_what_the_user_names(rdsweep: Call, here: Path, command: str) -> None:
    assert rdsweep(*READING[command], "--plugin", "my_tasks")[0] == 0
    assert Path(MARKER).exists()


def test_results_of_unknown_tasks_are_listed(rdsweep: Call, here: Path) -> None:
    _, out, _ = rdsweep("status", "results/own")
    assert "4 completed" in out
    assert "Missing runs are not counted" in out
    assert "but got 'distance' (name the module that registers it: --plugin MODULE)" in out.replace("\n", " ")
    status = json.loads(rdsweep("status", "results/own", "--json")[1])
    assert sum(row["completed"] for row in status["conditions"]) == 4
    assert "'distance'" in status["caveat"]

    _, out, _ = rdsweep("status", "results/own", "--plugin", "my_tasks")
    assert "4 completed" in out
    assert "not counted" not in out


def test_watching_takes_the_tasks(rdsweep: Call, here: Path) -> None:
    code, _, err = rdsweep("status", "results/own", "--watch")
    assert code == 2
    assert "but got 'distance' (name the module that registers it: --plugin MODULE)" in err


def test_verify_moves_no_sweep_of_unknown_tasks(rdsweep: Call, here: Path) -> None:
    code, out, _ = rdsweep("verify", "results/own", "--repair")
    assert (code, out.endswith("4 runs are sound\n")) == (0, True)
    assert Path("results/own/sweep.yaml").exists()
    with pytest.raises(SweepTaskError):
        open_results("results/own").sweep()


@pytest.mark.parametrize("named_by", ["file", "option"])
def test_a_report_may_take_the_labels_of_a_plugin_task(rdsweep: Call, here: Path, named_by: str) -> None:
    Path("labels.yaml").write_text(REPORT)
    arguments = ["report", "labels.yaml", "--results", "results/own", "--out", "page"]
    code, _, err = rdsweep(*arguments)
    assert code == 2
    assert err.splitlines()[-1] == (
        "rdsweep: task must be one of bins, equality, order, region, but got 'distance' "
        "(name the module that registers it: --plugin MODULE)"
    )
    if named_by == "file":
        Path("labels.yaml").write_text(f"plugins: [my_tasks]\n{REPORT}")
    else:
        arguments += ["--plugin", "my_tasks"]
    assert rdsweep(*arguments)[0] == 0
    assert "Classes move apart" in Path("page/tables/verdicts.md").read_text()


def test_training_takes_the_labels(rdsweep: Call, here: Path) -> None:
    Path("bare.yaml").write_text(SWEEP.replace("plugins: [my_tasks]\n", ""))
    code, _, err = rdsweep("plan", "bare.yaml", "--results", "results/own")
    assert code == 2
    assert "but got 'distance' (name the module that registers it: --plugin MODULE)" in err
    code = rdsweep("plan", "bare.yaml", "--results", "results/own", "--plugin", "my_tasks")[0]
    assert code == 0


def test_a_module_that_cannot_be_imported_is_named(rdsweep: Call, here: Path) -> None:
    code, _, err = rdsweep("status", "results/own", "--plugin", "no_such_module")
    assert code == 2
    assert err.startswith("rdsweep: plugin must be a module that can be imported: ModuleNotFoundError: ")
    assert err.endswith("(is its folder on PYTHONPATH?)\n")
    Path("broken.yaml").write_text("title: T\nplugins: [no_such_module]")
    code, _, err = rdsweep("report", "broken.yaml", "--results", "results/own", "--out", "page")
    assert code == 2
    assert err.splitlines()[-1].startswith(
        "rdsweep: broken.yaml:2: plugins[0] must be a module that can be imported"
    )
