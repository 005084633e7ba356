"""Every benchmark runs at its smallest size and prints its table; nothing here looks at times.

What cannot run everywhere is replaced: CUDA, a checkout of the paper's code, a small disk (root), a Ray
(slow), and solvers or trainings of minutes.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import yaml

from rdsweep.store import open_results
from rdsweep.sweeps import load_sweep, plan_packs

from .conftest import FOLDER

Load = Callable[..., ModuleType]


def test_every_benchmark_has_a_test() -> None:
    names = {path.stem for path in FOLDER.glob("*.py")}
    tested = set(re.findall(r'load\("(\w+)"', Path(__file__).read_text()))
    assert names - tested == {"mutants"}, "which has a file of its own"
    assert [name for name in names if f"{name}.py" not in (FOLDER / "README.md").read_text()] == []


def test_bootstrap(load: Load, capsys: pytest.CaptureFixture[str]) -> None:
    load("bootstrap", N_RESAMPLES=200, N_SEEDS=20, N_TIMED=1).main()
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("|")[1].strip() for line in lines[2:6]] == ["mean", "mean", "iqm", "iqm"]
    assert lines[-1].startswith("1000 runs, 50 conditions: ")


def test_calibration_comparisons(
    load: Load, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    module = load("calibration_comparisons", "--scale", "0")
    monkeypatch.setattr(module._randomization, "EXACT_LIMIT", module._randomization.EXACT_LIMIT)
    chosen = {("paired t", "normal"), ("hedges_g paired", "normal, g = 1")}
    studies = [study for study in module.all_studies() if (study.method, study.shape) in chosen]
    monkeypatch.setattr(module, "all_studies", lambda: studies)
    module.main()
    page = capsys.readouterr().out
    assert [page.count(f"\n## {table}\n") for table in (module.LEVEL, module.COVERAGE, module.POWER)] == [
        1,
        1,
        0,
    ]
    for method, shape in chosen:
        (line,) = re.findall(rf"\| {method} \| {shape} \| (.*) \|\n", page)
        assert all(0 <= float(cell) <= 1 for cell in line.split(" | "))


def test_calibration_curves(load: Load, capsys: pytest.CaptureFixture[str]) -> None:
    module = load("calibration_curves", "--n-simulations", 1, N_SEEDS=(3,), METHODS=("jackknife", "wald"))
    module.main()
    lines = capsys.readouterr().out.splitlines()
    rows = [line for line in lines if re.match(r"\| \w+ \| \d+ \|", line)]
    assert [row.split("|")[1].strip() for row in rows] == [error.__name__ for error in module.ERRORS]
    assert [line.split("|")[1].strip() for line in lines[-3:]] == ["3", "5", "10"]


def test_chaos_up_to_what_needs_root_and_a_ray(
    load: Load, tmp_path: Path, tiny: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = load("chaos")
    folders = tmp_path / "calm", tmp_path / "chaos"
    (pack,) = plan_packs(tiny.grid(n_seeds=1).configs, pack_size=4)
    for folder in folders:
        results = open_results(folder, create=True)
        results.write_pack(pack, tiny.trained_pack(pack.configs), sweep_name="tiny")
    monkeypatch.setattr(module, "verify", lambda results, *options: verify_here(results, *options))
    chaos = module.Chaos(
        folders[1], tmp_path, module.random.Random(0), launcher=SimpleNamespace(pid=os.getpid())
    )
    assert module.equal(*folders)
    assert not chaos.repair()
    assert chaos.inject("storage error")
    assert not chaos.inject("storage error"), "the first has not happened yet"
    assert not chaos.inject("raylet killed"), "there is none"
    assert chaos.inject("part-file truncated")
    assert chaos.repair()
    assert chaos.n_repairs == 1
    assert not module.equal(*folders)
    assert dict(chaos.injected) == {"storage error": 1, "raylet killed": 0, "part-file truncated": 1}
    # The test process itself, however it was started: by pytest or by a worker of pytest-xdist.
    assert Path(sys.executable).name in module.command_line(module.descendants(os.getpid())[0])
    with pytest.raises(SystemExit, match="0"):
        load("chaos", "--help").main()


def verify_here(results: Path, *options: str) -> int:
    """Return the exit code of ``rdsweep verify``, in this process."""
    from rdsweep.cli import main

    with pytest.raises(SystemExit) as ended:
        main(["verify", str(results), *options])
    return int(ended.value.code or 0)


def test_geometry(load: Load, capsys: pytest.CaptureFixture[str]) -> None:
    load("geometry", "--images", 170, "--large", 40, "--pairs", 10, "--rounds", 1).main()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1 + 1 + 3 * 3 + 2
    assert lines[-1].split()[:5] == ["all", "indices", "of", "a", "run"]


def test_nist(load: Load, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    module = load("nist")
    monkeypatch.setattr(module, "MODELS", {name: module.MODELS[name] for name in ("DanWood", "Misra1a")})
    assert module.main(["--markdown"]) == 0
    assert capsys.readouterr().out.count("\n| ") == 3
    assert module.main([]) == 0
    assert capsys.readouterr().out.endswith("2/2 data sets reach 6 digits from both starting points.\n")
    monkeypatch.setattr(module, "MIN_DIGITS", 12.0)
    assert module.main([]) == 1


def test_packed_training(load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = ("--device", "cpu", "--steps", 1, "--rounds", 1, "--pack-sizes", 2, "--precisions", "fp32")
    module = load("packed_training", *options, "--whole-runs", 2, "--json", tmp_path / "figures.json")
    trained = []

    def train(runs: list[object], *, device: object, progress: Callable[[float], None]) -> None:
        trained.extend(runs)
        progress(1.0)

    monkeypatch.setattr(module, "train_pack", train)  # whole runs take minutes
    module.main()
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert [row["contender"] for row in figures["steps"]] == ["plain PyTorch", "packed fp32 K=2"]
    assert figures["steps"][0]["times_faster_than_plain"] == 1.0
    assert (figures["whole_runs"]["runs"], len(trained)) == (2, 2)
    assert {run.training.epochs for run in trained} == {6}


# The benchmark is there to time bf16 wherever it runs.
@pytest.mark.filterwarnings("ignore::rdsweep.training.PrecisionWarning")
@pytest.mark.usefixtures("small_test_set")
def test_precision(load: Load, tmp_path: Path) -> None:
    options = ("--models", "baseline", "--seeds", 2, "--n-train", 64, "--csv", tmp_path / "precision.csv")
    load("precision", *options, CAPACITIES=(1.0,)).main()
    table = pd.read_csv(tmp_path / "precision.csv")
    assert table["metric"].tolist() == ["rate", "distortion_mse"]
    assert set(table["precision"]) == {"bf16"}
    # A few steps leave both near each other, but not equal.
    assert table["difference"].abs().between(0, 0.01, inclusive="neither").all()


def test_reference_run(load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkout, out = tmp_path / "checkout", tmp_path / "figures.json"
    (checkout / "configs").mkdir(parents=True)
    parts = {name: {} for name in ("data_params", "logging_params", "trainer_params")}
    (checkout / "configs" / "bbvae.yaml").write_text(yaml.safe_dump(parts))
    module = load("reference_run", checkout, "--runs", 4, "--epochs", 1, "--json", out, N_IMAGES=20)

    def seconds(command: list[str], *, folder: Path) -> float:
        """Stand for a process of eight seconds, if what it needs is there."""
        if command[1] == "run.py":
            settings = yaml.safe_load(Path(command[-1]).read_text())
            rows = np.loadtxt(settings["data_params"]["data_path"], delimiter=",")
            assert rows.shape == (20, 171)
            assert set(np.unique(rows[:, :169])) == {0, 1}
            assert folder == checkout
        else:
            assert len(load_sweep(command[-3]).configs) == 4
        return 8.0

    monkeypatch.setattr(module, "seconds", seconds)
    module.main()
    assert json.loads(out.read_text())["times_faster"] == 4.0


def test_processes_of_reference_run_are_timed_and_their_failures_shown(load: Load, tmp_path: Path) -> None:
    module = load("reference_run")
    assert module.seconds([sys.executable, "-c", "pass"], folder=tmp_path) > 0
    with pytest.raises(SystemExit, match="no such thing"):
        module.seconds([sys.executable, "-c", "raise OSError('no such thing')"], folder=tmp_path)


def test_report(load: Load, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "report.yaml").write_text("title: T\nfigures: []\n")
    load("report", "--capacities", 2, "--seeds", 2, "--report", tmp_path / "report.yaml", "--profile").main()
    printed = capsys.readouterr().out
    assert printed.startswith("32 runs: ")
    assert "build_report" in printed


def test_scheduling(load: Load) -> None:
    assert load("scheduling").seconds_per_pack(2, engine="inline", n_workers=1) > 0


def test_store_scale(load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = load("store_scale", "--runs", 80, "--csv", tmp_path / "store.csv", PACK_SIZE=4)
    process = module.measure("nothing", ["-c", "pass"])
    assert process["CPU, s"] > 0

    def measure(name: str, arguments: list[str]) -> dict[str, object]:
        monkeypatch.setattr(sys, "argv", ["-c", *arguments[2:]])
        with pytest.raises(SystemExit, match="0"):
            exec(f"{arguments[1]}; raise SystemExit(0)", {})
        return process | {"operation": name}

    monkeypatch.setattr(module, "measure", measure)
    module.main()
    assert len(pd.read_csv(tmp_path / "store.csv")) == 5


@pytest.mark.usefixtures("small_test_set")
def test_study(load: Load, tmp_path: Path) -> None:
    load("study", "--steps", 1, "--plain-runs", 1, "--json", tmp_path / "study.json").main()
    figures = json.loads((tmp_path / "study.json").read_text())
    per_hour = figures["configurations_per_hour"]
    assert figures["ratio"] == pytest.approx(per_hour["study"] / per_hour["plain"])


def test_theory(load: Load, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    module = load("theory", "--imbalance", "none")
    curve = module.factor_curve(module.corridor_parts("none", 1.0), betas=[0.5, 20.0])
    monkeypatch.setattr(module, "factor_curve", lambda parts: curve)
    table = pd.DataFrame({"rate": [0.0, 4.0, 10.0], "pixel_lower": 0.1, "pixel_upper": [0.1, 0.2, 0.4]})
    monkeypatch.setattr(module, "rd_table", lambda imbalance, ratio, *, cache_dir: table)  # takes minutes
    module.main()
    header, row = capsys.readouterr().out.splitlines()
    assert header.split()[:3] == ["imbalance", "ratio", "slopes"]
    assert row.split()[:3] == ["none", "1.0", "2"]
    assert [float(value) for value in row.split()[-2:]] == pytest.approx([0.1, 0.3])
