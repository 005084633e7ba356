"""A sweep with a trainer that costs nothing, for tests that need a process to kill."""

from __future__ import annotations

import argparse
import os
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rdsweep.config import ObjectiveConfig, RunConfig, TaskConfig
from rdsweep.engines import run_sweep
from rdsweep.store import MEASURES
from rdsweep.sweeps import Sweep
from rdsweep.training import PackResult, RunResult


def grid(*, n_seeds: int, capacities: Sequence[float] = (1.0, 3.0)) -> Sweep:
    configs = tuple(
        RunConfig(tasks=tasks, objective=ObjectiveConfig(capacity=capacity), seed=seed)
        for tasks in ((), (TaskConfig("order"),))
        for capacity in capacities
        for seed in range(n_seeds)
    )
    return Sweep("tiny", configs, len(configs), resolved={"name": "tiny", "seeds": n_seeds})


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
        weights={"encoder.weight": np.full((3, 2), measures["rate"], dtype=np.float32)},
    )


def trained_pack(configs: Sequence[RunConfig], *, device: str = "cpu", seconds: float = 0.0) -> PackResult:
    return PackResult(tuple(map(trained, configs)), device=device, precision="fp32", wall_seconds=seconds)


def trainer(
    *, seconds: float = 0.0, log: Path | None = None, die_once: Path | None = None
) -> Callable[..., PackResult]:
    """Return a trainer that takes ``seconds`` per pack.

    It appends the runs it is given to ``log``, and kills its own process the first time that it finds no
    file ``die_once``.
    """

    def train(
        configs: Sequence[RunConfig], *, device: str, progress: Callable[[float], None], **_: Any
    ) -> PackResult:
        if die_once is not None and not die_once.exists():
            die_once.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(seconds)
        progress(0.5)
        if log is not None:
            with log.open("a") as file:
                file.writelines(f"{config.run_id}\n" for config in configs)
        return trained_pack(configs, device=device, seconds=seconds)

    return train


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("results", type=Path)
    parser.add_argument("--engine", default="inline")
    parser.add_argument("--seconds", type=float, default=0.0)
    parser.add_argument("--log", type=Path)
    parser.add_argument("--die-once", type=Path)
    arguments = parser.parse_args()
    # Shells start background jobs with SIGINT ignored, and children inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    run_sweep(
        grid(n_seeds=4),
        results=arguments.results,
        engine=arguments.engine,
        pack_size=2,
        device="cpu",
        train=trainer(seconds=arguments.seconds, log=arguments.log, die_once=arguments.die_once),
    )


if __name__ == "__main__":
    main()
