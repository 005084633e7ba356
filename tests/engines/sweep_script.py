"""A sweep with a trainer that costs nothing, for tests that need a process to kill."""

from __future__ import annotations

import argparse
import errno
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from rdsweep.config import ObjectiveConfig, RunConfig, TaskConfig
from rdsweep.engines import run_sweep
from rdsweep.store import MEASURES
from rdsweep.sweeps import Sweep
from rdsweep.training import Checkpointer, PackResult, RunResult


def grid(*, n_seeds: int, capacities: Sequence[float] = (1.0, 3.0)) -> Sweep:
    configs = tuple(
        RunConfig(tasks=tasks, objective=ObjectiveConfig(capacity=capacity), seed=seed)
        for tasks in ((), (TaskConfig("order"),))
        for capacity in capacities
        for seed in range(n_seeds)
    )
    space = [{"grid": {"tasks": tasks, "capacity": list(capacities)}} for tasks in ([[]], "order")]
    resolved = {"name": "tiny", "seeds": n_seeds, "space": space}
    return Sweep("tiny", configs, len(configs), resolved=resolved)


def trained(config: RunConfig) -> RunResult:
    """Return numbers that are a function of the run alone."""
    numbers = iter(np.random.default_rng(int(config.run_id, 16)).random(len(MEASURES)))
    measures = {
        column.name: 7 if str(column.type) == "int64" else float(next(numbers)) for column in MEASURES
    }
    maps = np.full((13, 13, 5), measures["rate"], dtype=np.float32)
    return RunResult(
        config,
        "completed",
        measures=measures,
        scores=tuple(
            {"task": task.name, "regime": "joint", "head": task.head, "f1": next(numbers)}
            for task in config.tasks
        ),
        history=tuple({"step": step, "rate": measures["rate"] * step} for step in range(3)),
        maps={"latent_mean": maps, "latent_mean_sd": maps, "latent_scale": maps, "rate": maps[:, :, 0]},
        codes=maps.reshape(169, 5),
        weights={"encoder.weight": np.full((3, 2), measures["rate"], dtype=np.float32)},
    )


def trained_pack(configs: Sequence[RunConfig], *, device: str = "cpu", seconds: float = 0.0) -> PackResult:
    return PackResult(tuple(map(trained, configs)), device=device, precision="fp32", wall_seconds=seconds)


def trainer(
    *,
    seconds: float = 0.0,
    n_steps: int = 1,
    log: Path | None = None,
    die_once: Path | None = None,
    storage_error: Path | None = None,
) -> Callable[..., PackResult]:
    """Return a trainer that takes ``seconds`` per pack, in steps with a checkpoint after each.

    It appends each run it is given and the step it starts from to ``log``, kills its own process the first
    time that it finds no file ``die_once``, and has the storage fail once where it finds ``storage_error``.
    """

    def train(
        configs: Sequence[RunConfig],
        *,
        device: str,
        progress: Callable[[float], None],
        checkpointer: Checkpointer | None = None,
        **_: Any,
    ) -> PackResult:
        if die_once is not None and not die_once.exists():
            die_once.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        identity = " ".join(config.run_id for config in configs)
        found = checkpointer.load(identity, torch.device("cpu")) if checkpointer and n_steps > 1 else None
        start = found[0] if found else 0
        if log is not None:
            with log.open("a") as file:
                file.writelines(f"{config.run_id} {start} {node()}\n" for config in configs)
        for step in range(start, n_steps):
            time.sleep(seconds / n_steps)
            progress((step + 1) / (n_steps + 1))
            if checkpointer is not None and step + 1 < n_steps:
                checkpointer.save(identity, step + 1, {"step": torch.tensor(step + 1)})
        if checkpointer is not None:
            checkpointer.remove()
        if storage_error is not None and storage_error.exists():
            storage_error.unlink()
            fail_next_write()
        return trained_pack(configs, device=device, seconds=seconds)

    return train


def fail_next_write() -> None:
    """Have the next file that this process writes fail as on a network file system that is away."""
    fsync = os.fsync

    def fail(descriptor: int) -> None:
        os.fsync = fsync
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    os.fsync = fail


def node() -> str:
    """Return the number of the test cluster's node that this process runs on, if any."""
    return os.environ.get("NODE_NUMBER", "-")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("results", type=Path)
    parser.add_argument("--engine", default="inline")
    parser.add_argument("--address")
    parser.add_argument("--workers", type=int)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=0.0)
    parser.add_argument("--steps", type=int, default=1)
    parser.add_argument("--log", type=Path)
    parser.add_argument("--die-once", type=Path)
    parser.add_argument("--storage-error", type=Path)
    arguments = parser.parse_args()
    # Shells start background jobs with SIGINT ignored, and children inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    summary = run_sweep(
        grid(n_seeds=arguments.seeds),
        results=arguments.results,
        engine=arguments.engine,
        address=arguments.address,
        n_workers=arguments.workers,
        pack_size=2,
        device="cpu",
        train=trainer(
            seconds=arguments.seconds,
            n_steps=arguments.steps,
            log=arguments.log,
            die_once=arguments.die_once,
            storage_error=arguments.storage_error,
        ),
    )
    for problem in summary.problems:
        print(problem)  # noqa: T201  (a script: its output is what the test reads)
    if summary.stopped_by is not None:
        sys.exit(128 + summary.stopped_by)
    sys.exit(summary.n_missing > 0)


if __name__ == "__main__":
    main()
