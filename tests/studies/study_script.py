"""Runs a study in a process of its own that may kill itself: at an ask, in training, or at a tell.

With ``--serve`` it reads the arguments of one study per line, as JSON, runs each in a fork and writes its
exit status: packages are then imported once, which takes longer than a study.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import optuna

from rdsweep.config import RunConfig
from rdsweep.store import MEASURES
from rdsweep.studies import run_study
from rdsweep.studies._study_file import check_study
from rdsweep.sweeps import read_document
from rdsweep.training import PackResult, RunResult


def true_rate(beta: float) -> float:
    """Return the rate at β before noise: 8 nats at β = 3, 0 at 300."""
    return max(8.0 * math.log(300.0 / beta) / math.log(100.0), 1e-4)


def train(configs: Sequence[RunConfig], *, progress: Callable[[float], None], **options: Any) -> PackResult:
    """Return runs on D = 0.05 + 0.1 exp(-R / 2), each seed shifted by a hundredth of a nat."""
    progress(1.0)
    return PackResult(tuple(map(_run, configs)), "cpu", "fp32", 0.1)


def _run(config: RunConfig) -> RunResult:
    beta = config.objective.beta
    assert beta is not None
    rate = true_rate(beta) + 0.01 * (config.seed + 1)
    distortion = 0.05 + 0.1 * float(np.exp(-rate / 2)) + (0.01 if config.tasks else 0.0)
    known = {"rate": rate, "distortion_mse": distortion, "objective_value": distortion, "beta": 0.0003 * beta}
    measures = {column.name: 0.0 for column in MEASURES} | known | {"active_latents": 5, "steps": 1}
    scores = [
        dict.fromkeys(("f1", "accuracy", "f1_batch", "f1_chance", "accuracy_chance"), 0.5)
        | {"task": task.name, "regime": "joint", "head": task.head}
        | {"cross_entropy": math.exp(-rate), "cross_entropy_chance": 0.7}
        for task in config.tasks
    ]
    return RunResult(config, "completed", measures=measures, scores=tuple(scores))


def kill_at(function: Any, call: int) -> Any:
    """Return ``function`` that kills the process at its ``call``-th call."""
    n_calls = 0

    def killing(*arguments: Any, **options: Any) -> Any:
        nonlocal n_calls
        n_calls += 1
        if n_calls == call:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **options)

    return killing


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("study", type=Path)
    parser.add_argument("results", type=Path)
    parser.add_argument("--storage")
    parser.add_argument("--kill", choices=["create", "suggest", "train", "tell"])
    parser.add_argument("--call", type=int, default=1)
    arguments = parser.parse_args()
    training = train
    match arguments.kill:
        case "create":
            optuna.Trial.set_user_attr = kill_at(optuna.Trial.set_user_attr, arguments.call)
        case "suggest":
            optuna.Trial.suggest_float = kill_at(optuna.Trial.suggest_float, arguments.call)
        case "train":
            training = kill_at(train, arguments.call)
        case "tell":
            optuna.Study.tell = kill_at(optuna.Study.tell, arguments.call)
    run_study(
        check_study(read_document(arguments.study)),
        results=arguments.results,
        storage=arguments.storage,
        engine="inline",
        device="cpu",
        train=training,
    )


def serve() -> None:
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            os.dup2(2, 1)  # what a study prints is no exit status
            sys.argv[1:] = json.loads(line)
            status = 1
            try:
                main()
                status = 0
            except BaseException:
                traceback.print_exc()
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(status)
        _, status = os.waitpid(pid, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve() if sys.argv[1:] == ["--serve"] else main()
