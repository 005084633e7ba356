"""What a whole run costs on this machine: the paper's own script against a sweep on all cores.

    python benchmarks/reference_run.py CHECKOUT --python INTERPRETER [--runs 16] [--epochs 6] [--json FILE]

CHECKOUT is one of damat-le/geom_eff_codes, INTERPRETER a Python with its requirements. Both train the
baseline at 10 nats on 75,000 images: ``run.py`` once with its configuration, but on the CPU; ``rdsweep run``
as many seeds as ``--runs`` says, evaluation and storage included. Times are those of whole processes.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
import yaml

from rdsweep.config import SourceConfig
from rdsweep.sources import Stream, draw_images, draw_positions, generator
from rdsweep.training import device_name

N_TRAIN = 75_000
N_IMAGES = 97_000
"""Training, validation and test images of the configuration."""


def write_images(path: Path) -> None:
    """Write images of the uniform source in the layout of the paper's file: 169 pixels and two positions."""
    rng = generator(torch.device("cpu"), 0, Stream.IMAGES, 0)
    positions = draw_positions(SourceConfig(), N_IMAGES, rng=rng)
    images = draw_images(positions, rng=rng).numpy()
    rows = np.column_stack([images, *np.divmod(positions.numpy(), 13)])
    np.savetxt(path, rows, fmt="%d", delimiter=",")


def write_configuration(checkout: Path, folder: Path, *, epochs: int) -> Path:
    """Write the paper's configuration of the baseline with another place, device and number of epochs."""
    settings = yaml.safe_load((checkout / "configs" / "bbvae.yaml").read_text(encoding="utf-8"))
    settings["data_params"]["data_path"] = str(folder / "images.csv")
    settings["logging_params"]["save_dir"] = str(folder / "logs")
    settings["trainer_params"] = {"accelerator": "cpu", "devices": "1", "max_epochs": epochs}
    path = folder / "baseline.yaml"
    path.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return path


def write_sweep(folder: Path, *, n_runs: int, epochs: int) -> Path:
    """Write a sweep of as many seeds."""
    sweep = {
        "name": "whole-runs",
        "seeds": n_runs,
        "space": {"grid": {"model": "baseline", "capacity": 10}},
        "training": {"n_train": N_TRAIN, "epochs": epochs},
        "weights": "keep",
    }
    path = folder / "sweep.yaml"
    path.write_text(yaml.safe_dump(sweep), encoding="utf-8")
    return path


def seconds(command: list[str], *, folder: Path) -> float:
    """Return how long a process takes; its output is shown only if it fails."""
    started = time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    return time.perf_counter() - started


def main() -> None:
    """Print seconds per run of both and their ratio, and write them as JSON if asked to."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkout", type=Path)
    parser.add_argument("--python", default=sys.executable, help="interpreter of the checkout")
    parser.add_argument("--runs", type=int, default=16)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    checkout, python = arguments.checkout.resolve(), arguments.python
    if os.sep in python:
        python = os.path.abspath(python)  # a link stays one: it tells Python its environment
    paper, ours = [], []
    with tempfile.TemporaryDirectory(prefix="rd") as name:
        folder = Path(name)
        write_images(folder / "images.csv")
        configuration = write_configuration(checkout, folder, epochs=arguments.epochs)
        sweep = write_sweep(folder, n_runs=arguments.runs, epochs=arguments.epochs)
        rdsweep = [sys.executable, "-c", "from rdsweep.cli import main; main()", "run", str(sweep)]
        for index in range(arguments.rounds):
            paper.append(seconds([python, "run.py", "--config", str(configuration)], folder=checkout))
            ours.append(seconds([*rdsweep, "--results", f"results-{index}"], folder=folder) / arguments.runs)
            print(f"run.py {paper[-1]:.1f} s per run, rdsweep {ours[-1]:.1f} s per run")
    ratio = statistics.median(theirs / own for theirs, own in zip(paper, ours, strict=True))
    report = {
        "device": device_name("cpu"),
        "cores": os.cpu_count(),
        "torch": torch.__version__,
        "runs": arguments.runs,
        "epochs": arguments.epochs,
        "reference_seconds_per_run": paper,
        "rdsweep_seconds_per_run": ours,
        "times_faster": ratio,
    }
    print(f"{ratio:.1f} times as many runs per hour")
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
