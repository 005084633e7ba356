"""Configurations per hour: a study in batches of 16 against the same one by one with plain PyTorch.

Both train the same β for the same number of steps; the study also asks, evaluates, stores and tells, while
the plain loop only trains. ``--device cuda`` on a machine with a GPU.
"""

from __future__ import annotations

import argparse
import io
import json
import tempfile
import time
from pathlib import Path

import torch
from rich.console import Console

from rdsweep.models import ReferenceVAE
from rdsweep.studies import StudyFile, read_study, run_study


def study_seconds(device: str, n_steps: int, results: str) -> tuple[float, list[float]]:
    """Return the seconds of a study of 16 configurations in one batch, and their β."""
    file = StudyFile(
        name="benchmark",
        kind="frontier",
        seeds=1,
        n_configs=16,
        batch=16,
        search={"beta": [4.0, 110.0]},
        training={"n_train": 64 * n_steps, "epochs": 1},
    )
    quiet = Console(file=io.StringIO())
    seconds = run_study(file, results=results, engine="inline", device=device, console=quiet).seconds
    return seconds, [each.parameters["beta"] for each in read_study(file, results=results).tried[""]]


def plain_seconds(device: str, n_steps: int, beta: float) -> float:
    """Return the seconds of one run by an ordinary module, autograd and Adam."""
    torch.manual_seed(0)
    model = ReferenceVAE().to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-4)
    images = torch.randint(0, 2, (64, 1, 13, 13), device=device).float()
    started = time.perf_counter()
    for _ in range(n_steps):
        mean, log_variance = model.encode(images)
        latents = mean + (0.5 * log_variance).exp() * torch.randn_like(mean)
        distortion = (model.decode(latents) - images).square().mean()
        rate = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1).mean()
        optimizer.zero_grad()
        (distortion + 0.0003 * beta * rate).backward()
        optimizer.step()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - started


def main() -> None:
    """Print configurations per hour of both, and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--steps", type=int, default=200, help="steps of a run; the whole budget is 7032")
    parser.add_argument("--plain-runs", type=int, default=4, help="runs that the plain loop is timed on")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    plain_seconds(arguments.device, 10, 30.0)  # warms up
    with tempfile.TemporaryDirectory() as results:
        packed, betas = study_seconds(arguments.device, arguments.steps, results)
    timed = betas[: arguments.plain_runs]
    plain = sum(plain_seconds(arguments.device, arguments.steps, beta) for beta in timed) / len(timed)
    per_hour = {"study": 3600 * len(betas) / packed, "plain": 3600 / plain}
    report = {"device": arguments.device, "steps": arguments.steps, "configurations_per_hour": per_hour}
    report["ratio"] = per_hour["study"] / per_hour["plain"]
    print(json.dumps(report, indent=1))
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
