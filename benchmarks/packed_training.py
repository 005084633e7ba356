"""What a step of packed training costs, in interleaved pairs against what a user would do instead.

    python benchmarks/packed_training.py [--device cpu|cuda] [--pack-sizes 4 8] [--json FILE]
        [--ray] [--reference PATH] [--precisions fp32 bf16]

Every round times each contender once, one after the other, so that a noisy machine slows all of them alike;
ratios are medians over rounds of ratios within a round. ``--ray`` adds one run per Ray trial, ``--reference``
the training loop of a checkout of damat-le/geom_eff_codes.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch

from rdsweep.config import ObjectiveConfig, RunConfig, TrainingConfig
from rdsweep.models import ReferenceVAE, latent_rates, sample_latents
from rdsweep.sweeps import load_sweep
from rdsweep.training import device_name, train_pack
from rdsweep.training._batches import CHUNK_STEPS, ImageFeed, batch_chunks
from rdsweep.training._driver import make_driver
from rdsweep.training._initial import initial_weights
from rdsweep.training._precision import matrix_products, resolve_arithmetic
from rdsweep.training._step import PackStep

CAPACITIES = (0.3, 1.0, 3.0, 6.0, 10.0)
FLOP_PER_STEP = 319e6
"""Forward and backward pass of a run on 64 images over taps that fall on the grid."""

BYTES_PER_STEP = 12e6
"""Weights, Adam's state and activations of a run once per step, fp32."""


def configs(n_runs: int, precision: str) -> list[RunConfig]:
    """Return baseline runs over capacities and seeds."""
    training = TrainingConfig(n_train=CHUNK_STEPS * 64, epochs=1000, precision=precision)
    return [
        RunConfig(objective=ObjectiveConfig(capacity=CAPACITIES[i % 5]), training=training, seed=i // 5)
        for i in range(n_runs)
    ]


def packed(n_runs: int, precision: str, device: torch.device, n_steps: int) -> Callable[[], float]:
    """Return a function that times ``n_steps`` packed steps: seconds per model-step."""
    runs = configs(n_runs, precision)
    arithmetic = resolve_arithmetic(runs[0].training.precision, device)
    weights = initial_weights(runs, (), device=device, dtype=arithmetic.dtype)
    driver = make_driver(PackStep(runs, (), weights, product_dtype=arithmetic.product_dtype), device)
    feed = ImageFeed(runs, device)
    _, chunk = next(batch_chunks(runs, (), feed, device=device, dtype=arithmetic.dtype))

    def measure() -> float:
        with matrix_products(arithmetic):
            return timed(lambda: driver(chunk, n_steps), device) / (n_steps * n_runs)

    measure()
    return measure


def plain(device: torch.device, n_steps: int) -> Callable[[], float]:
    """Return a function that times one run of ordinary PyTorch: an nn.Module, autograd, Adam."""
    model = ReferenceVAE().to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-4)
    runs = configs(1, "fp32")
    _, chunk = next(batch_chunks(runs, (), ImageFeed(runs, device), device=device, dtype=torch.float32))

    def train() -> None:
        for step in range(n_steps):
            images = chunk.images[step, 0].float().view(-1, 1, 13, 13)
            mean, log_variance = model.encode(images)
            latents = sample_latents(mean, log_variance, chunk.noise[step, 0])
            distortion = torch.nn.functional.mse_loss(model.decode(latents), images)
            rate = latent_rates(mean, log_variance).sum(1).mean()
            optimizer.zero_grad()
            (distortion + 0.01 * rate).backward()
            optimizer.step()

    train()
    return lambda: timed(train, device) / n_steps


def reference(checkout: Path, n_steps: int) -> Callable[[], float]:
    """Return a function that times the paper's own model and loss from a checkout, without its trainer."""
    sys.path.insert(0, str(checkout))
    from src.models.beta_vae import BetaVAE  # type: ignore[import-not-found]

    model = BetaVAE(1, 5, gamma=300.0, max_capacity=3, Capacity_max_iter=2500)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-4)
    images = (torch.rand(64, 1, 13, 13) < 0.5).float()

    def train() -> None:
        for _ in range(n_steps):
            outputs = model(images, labels=None)
            optimizer.zero_grad()
            model.loss_function(*outputs, M_N=0.0003)["loss"].backward()
            optimizer.step()

    train()
    return lambda: timed(train, torch.device("cpu")) / n_steps


def timed(function: Callable[[], object], device: torch.device) -> float:
    """Return the seconds that ``function`` takes."""
    start = time.perf_counter()
    function()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start


def one_run_per_trial(n_runs: int, n_steps: int) -> dict[str, float]:
    """Return the wall time of runs on Ray, packed against one run per trial, in seconds."""
    import tempfile

    from rdsweep.engines import run_sweep
    from rdsweep.sweeps import Sweep

    training = TrainingConfig(n_train=64 * n_steps, epochs=1)
    runs = tuple(replace(run, training=training) for run in configs(n_runs, "auto"))
    seconds = {}
    for label, pack_size in (("packed", n_runs // 2), ("one run per trial", 1)):
        with tempfile.TemporaryDirectory(prefix="rd") as folder:
            sweep = Sweep("benchmark", runs, n_runs, "drop", pack_size, {"name": "benchmark"})
            start = time.perf_counter()
            run_sweep(sweep, results=Path(folder) / "r", engine="ray", device="cpu")
            seconds[label] = time.perf_counter() - start
    return seconds


def whole_runs(n_runs: int, device: torch.device, *, epochs: int) -> dict[str, float]:
    """Return the cost of a pack of the paper's runs, of all models, and how much of it is not training."""
    paper = load_sweep(Path(__file__).parents[1] / "sweeps" / "paper.yaml").configs
    runs = [
        replace(run, training=replace(run.training, epochs=epochs))
        for run in paper[:: max(1, len(paper) // n_runs)][:n_runs]
    ]
    reached: dict[float, float] = {}
    started = time.perf_counter()
    train_pack(
        runs, device=device, progress=lambda share: reached.setdefault(share, time.perf_counter() - started)
    )
    seconds = time.perf_counter() - started
    return {
        "runs": n_runs,
        "epochs": epochs,
        "seconds": seconds,
        "seconds_of_training": reached[1.0],
        "share_of_probes_and_evaluation": 1.0 - reached[1.0] / seconds,
        "runs_per_hour": 3600 * n_runs / seconds,
    }


def peak_memory(device: torch.device) -> float:
    """Return the peak memory of the device in bytes; NaN on the CPU."""
    return float(torch.cuda.max_memory_allocated()) if device.type == "cuda" else float("nan")


def machine(device: torch.device) -> dict[str, str]:
    """Return what the figures were measured on."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    return {
        "device": device_name(device.type),
        "torch": torch.__version__,
        "python": platform.python_version(),
        "commit": commit.stdout.strip(),
    }


def compare(arguments: argparse.Namespace, device: torch.device) -> list[dict[str, object]]:
    """Time all contenders in rounds and return a row for each."""
    contenders = {"plain PyTorch": plain(device, arguments.steps)}
    if arguments.reference:
        contenders["reference model and loss"] = reference(arguments.reference, arguments.steps)
    for precision in arguments.precisions:
        for n_runs in arguments.pack_sizes:
            contenders[f"packed {precision} K={n_runs}"] = packed(n_runs, precision, device, arguments.steps)
    rounds = [{name: measure() for name, measure in contenders.items()} for _ in range(arguments.rounds)]
    floor = (
        1.0 / (arguments.flops / FLOP_PER_STEP)
        if device.type == "cpu"
        else BYTES_PER_STEP / arguments.bandwidth
    )
    rows = []
    for name in contenders:
        cost = statistics.median(times[name] for times in rounds)
        gain = statistics.median(times["plain PyTorch"] / times[name] for times in rounds)
        rows.append(
            {
                "contender": name,
                "us_per_model_step": cost * 1e6,
                "times_faster_than_plain": gain,
                "times_floor": cost / floor,
            }
        )
    return rows


def main() -> None:
    """Print the table and write it as JSON if asked to."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--pack-sizes", type=int, nargs="+", default=None)
    parser.add_argument("--precisions", nargs="+", default=["auto", "bf16"])
    parser.add_argument("--steps", type=int, default=CHUNK_STEPS, help="steps per measurement, at most 64")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument(
        "--flops", type=float, default=97e9, help="peak of one core, floating-point operations/s"
    )
    parser.add_argument("--bandwidth", type=float, default=3.0e12, help="of the GPU's memory, bytes/s")
    parser.add_argument("--whole-runs", type=int, default=0, help="also train a pack of the paper's runs")
    parser.add_argument("--epochs", type=int, default=6, help="of whole runs, 6 at full budget")
    parser.add_argument("--ray", type=int, default=0, help="also train this many runs on Ray")
    parser.add_argument("--ray-steps", type=int, default=1172, help="steps of each, by default an epoch")
    parser.add_argument("--reference", type=Path, help="a checkout of damat-le/geom_eff_codes")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    device = torch.device(arguments.device)
    if device.type == "cpu":
        torch.set_num_threads(1)
    if arguments.pack_sizes is None:
        arguments.pack_sizes = [32, 128, 256] if device.type == "cuda" else [1, 4, 8]
    report: dict[str, object] = {"machine": machine(device), "steps": compare(arguments, device)}
    for row in report["steps"]:  # type: ignore[attr-defined]
        print(
            f"{row['contender']:28} {row['us_per_model_step']:10.1f} µs/model-step"
            f" {row['times_faster_than_plain']:7.2f}× plain {row['times_floor']:6.2f}× floor"
        )
    report["peak_bytes"] = peak_memory(device)
    if arguments.whole_runs:
        report["whole_runs"] = whole_runs(arguments.whole_runs, device, epochs=arguments.epochs)
    if arguments.ray:
        report["ray_seconds"] = one_run_per_trial(arguments.ray, arguments.ray_steps)
    print({key: value for key, value in report.items() if key != "steps"})
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
