"""What has become of the runs of a pack: evaluated where they trained to the end."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch

from rdsweep.config import RunConfig
from rdsweep.models import unpack_head, unpack_vae
from rdsweep.training._batches import ImageFeed
from rdsweep.training._cohort import Cohort
from rdsweep.training._evaluation import (
    Codes,
    TestSet,
    encode_test_set,
    make_test_set,
    measure_codes,
    measure_maps,
    measure_runs,
    score_heads,
)
from rdsweep.training._history import PackHistory
from rdsweep.training._loop import Trained
from rdsweep.training._probes import TrainedProbes, train_probes
from rdsweep.training._result import Row, RunResult


def run_results(trained: Trained, *, keep_weights: bool) -> list[RunResult]:
    """Return the results of all runs of a pack, in its order."""
    history = trained.history
    evaluated: dict[int, RunResult] = {}
    if history.in_training():
        runs = trained.cohort.runs.tolist()
        evaluated = dict(zip(runs, _evaluate(trained, keep_weights=keep_weights), strict=True))
    return [
        _ended_early(config, history, run) or evaluated[run] for run, config in enumerate(history.configs)
    ]


def _ended_early(config: RunConfig, history: PackHistory, run: int) -> RunResult | None:
    """Return the result of a run that diverged or was stopped, or None."""
    failed, stopped = history.failed_at(run), history.stopped(run)
    if failed is not None:
        return _diverged(config, history, run, step=failed)
    if stopped is not None:
        step, reason = stopped
        return RunResult(config, "pruned", reason, {"steps": step}, history=history.run_rows(run))
    return None


def _diverged(config: RunConfig, history: PackHistory, run: int, *, step: int) -> RunResult:
    message = f"diverged: rate or distortion was no longer finite by step {step}"
    return RunResult(config, "failed", message, {"steps": step}, history=history.run_rows(run))


def _evaluate(trained: Trained, *, keep_weights: bool) -> Iterator[RunResult]:
    """Yield the result of each run of the cohort."""
    cohort, history = trained.cohort, trained.history
    configs, weights, device = cohort.configs, cohort.step.weights, cohort.step.device
    probes = train_probes(configs, weights, _probe_feed(configs, cohort.feed, device))
    test = make_test_set(configs[0].training.n_latents, device)
    codes = encode_test_set(weights, test)
    measures, maps, coded = measure_runs(configs, codes, test), measure_maps(codes), measure_codes(codes)
    scores, score_history = _scores(cohort, probes, codes, test), _score_history(trained, probes)
    n_steps = configs[0].training.n_steps
    for place, (config, run) in enumerate(zip(configs, cohort.runs.tolist(), strict=True)):
        if not math.isfinite(measures[place]["rate"]):
            yield _diverged(config, history, run, step=n_steps)
            continue
        final = {"beta": history.final_beta(run), "steps": n_steps}
        value = measures[place]["distortion_mse"] + _task_loss(config, scores[place])
        yield RunResult(
            config,
            "completed",
            measures={**measures[place], **final, "objective_value": value},
            scores=tuple(scores[place]),
            history=history.run_rows(run),
            score_history=tuple(score_history[place]),
            maps={name: values.numpy() for name, values in maps[place].items()},
            codes=coded[place].numpy(),
            weights=_run_weights(cohort, place) if keep_weights else None,
        )


def _probe_feed(configs: Sequence[RunConfig], feed: ImageFeed, device: torch.device) -> ImageFeed:
    """Return a feed of fixed training sets, which runs on fresh samples have not."""
    if not configs[0].training.fresh:
        return feed
    return ImageFeed([replace(c, training=replace(c.training, fresh=False)) for c in configs], device)


def _scores(cohort: Cohort, probes: TrainedProbes | None, codes: Codes, test: TestSet) -> list[list[Row]]:
    rows: list[list[Row]] = [[] for _ in cohort.configs]
    weights: Mapping[str, torch.Tensor] = cohort.step.weights
    sets = [("joint", cohort.groups, weights)]
    if probes is not None:
        sets.append(("probe", probes.groups, probes.weights))
    for regime, groups, leaves in sets:
        for group in groups:
            for head, row in score_heads(group, leaves, codes, test, regime):
                rows[head.run].append(row)
    return rows


def _score_history(trained: Trained, probes: TrainedProbes | None) -> list[list[Row]]:
    rows: list[list[Row]] = [[] for _ in trained.cohort.configs]
    places = {run: place for place, run in enumerate(trained.cohort.runs.tolist())}
    for group in trained.groups:
        for index, head in enumerate(group.heads):
            if head.run in places:
                rows[places[head.run]] += trained.history.head_rows(group, index, "joint")
    if probes is not None:
        for group in probes.groups:
            for index, head in enumerate(group.heads):
                rows[head.run] += probes.history.head_rows(group, index, "probe")
    return rows


def _task_loss(config: RunConfig, scores: Sequence[Row]) -> float:
    weights = {task.name: task.weight for task in config.tasks}
    joint = [row for row in scores if row["regime"] == "joint"]
    return sum(weights[str(row["task"])] * float(row["cross_entropy"]) for row in joint)


def _run_weights(cohort: Cohort, place: int) -> dict[str, np.ndarray]:
    of_heads = {group.name for group in cohort.groups}
    weights = cohort.step.weights
    vae = {name: leaf for name, leaf in weights.items() if name.partition(".")[0] not in of_heads}
    state = {f"vae.{name}": value for name, value in unpack_vae(vae, place).items()}
    for group in cohort.groups:
        for index, head in enumerate(group.heads):
            if head.run == place:
                part = unpack_head(group, weights, index)
                state |= {f"heads.{head.task}.{name}": value for name, value in part.items()}
    return {name: value.float().cpu().numpy() for name, value in state.items()}
