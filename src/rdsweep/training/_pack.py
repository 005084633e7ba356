"""Training a pack: the one function that the engines call."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from rdsweep.config import RunConfig, pack_key
from rdsweep.models import Head, HeadGroup, group_heads, unpack_head, unpack_vae
from rdsweep.training._batches import CHUNK_STEPS, ImageFeed, batch_chunks
from rdsweep.training._checkpoint import Checkpointer
from rdsweep.training._driver import make_driver
from rdsweep.training._evaluation import (
    Codes,
    TestSet,
    encode_test_set,
    make_test_set,
    measure_maps,
    measure_runs,
    score_heads,
)
from rdsweep.training._history import PackHistory
from rdsweep.training._initial import initial_weights
from rdsweep.training._optimizer import learning_rate_settings
from rdsweep.training._precision import Arithmetic, matrix_products, resolve_arithmetic
from rdsweep.training._probes import TrainedProbes, train_probes
from rdsweep.training._result import PackResult, Row, RunResult
from rdsweep.training._step import PackStep

Progress = Callable[[float], None]


def train_pack(
    configs: Sequence[RunConfig],
    *,
    device: str | torch.device = "cpu",
    progress: Progress | None = None,
    checkpointer: Checkpointer | None = None,
    keep_weights: bool = True,
) -> PackResult:
    """Train runs together and evaluate them.

    A run does not depend on its pack: its data, initial weights and noise are the same in any company. A run
    that diverges is returned as failed and does not touch the others.

    Parameters
    ----------
    configs : sequence of RunConfig
        Runs that agree in protocol, batches and sizes (`rdsweep.config.pack_key`).
    device : str or torch.device, default "cpu"
    progress : Callable, optional
        Called now and then with the fraction done, in [0, 1].
    checkpointer : Checkpointer, optional
        Saves the state of training now and then; a saved state of the same pack is taken up.
    keep_weights : bool, default True
        Whether results carry the trained weights.

    Returns
    -------
    PackResult
        Runs in the order of ``configs``.

    Raises
    ------
    ValueError
        If ``configs`` is empty or its runs do not fit into one pack.
    """
    started = time.perf_counter()
    place = torch.device(device)
    _check_pack(configs)
    order = sorted(range(len(configs)), key=lambda i: learning_rate_settings(configs[i]))
    runs = [configs[i] for i in order]
    arithmetic = resolve_arithmetic(runs[0].training.precision, place)
    with matrix_products(arithmetic):
        trained = _train(runs, place, arithmetic, progress or _ignore, checkpointer)
        results = list(_evaluate(runs, trained, keep_weights=keep_weights))
    if checkpointer is not None:
        checkpointer.remove()
    back = sorted(range(len(configs)), key=order.__getitem__)
    name = torch.cuda.get_device_name(place) if place.type == "cuda" else place.type
    seconds = time.perf_counter() - started
    return PackResult(tuple(results[i] for i in back), name, arithmetic.name, seconds)


@dataclass(frozen=True)
class _Trained:
    step: PackStep
    groups: tuple[HeadGroup, ...]
    history: PackHistory
    feed: ImageFeed


def _train(
    configs: Sequence[RunConfig],
    device: torch.device,
    arithmetic: Arithmetic,
    progress: Progress,
    checkpointer: Checkpointer | None,
) -> _Trained:
    groups = group_heads([Head(i, t.name, t.head, t.weight) for i, c in enumerate(configs) for t in c.tasks])
    weights = initial_weights(configs, groups, device=device, dtype=arithmetic.dtype)
    step = PackStep(configs, groups, weights, product_dtype=arithmetic.product_dtype)
    history = PackHistory(configs, groups)
    identity = _identity(configs, device, arithmetic)
    first_chunk = _resume(step, history, identity, checkpointer)
    driver = make_driver(step, device)
    feed = ImageFeed(configs, device)
    done, n_total = first_chunk * CHUNK_STEPS, configs[0].training.n_steps
    chunks = batch_chunks(
        configs, groups, feed, device=device, dtype=arithmetic.dtype, first_chunk=first_chunk
    )
    for n_steps, chunk in chunks:
        stats = driver(chunk, n_steps)
        done += n_steps
        history.add_runs(done, stats.rate, stats.distortion, stats.log_beta)
        for target, entropy, chosen in zip(step.targets, stats.cross_entropy, stats.answers, strict=True):
            labels = target.chunk_labels(chunk.positions[:n_steps])
            history.add_heads(target.group, entropy, chosen, labels)
        progress(done / n_total)
        if checkpointer is not None and done < n_total and checkpointer.due():
            checkpointer.save(identity, done // CHUNK_STEPS, _state(step, history))
    return _Trained(step, groups, history, feed)


def _state(step: PackStep, history: PackHistory) -> dict[str, torch.Tensor]:
    return {
        **{f"weights.{name}": leaf for name, leaf in step.weights.items()},
        **step.optimizer.state(),
        **history.state(),
        "log_beta": step.prices.log_beta,
    }


def _resume(step: PackStep, history: PackHistory, identity: str, checkpointer: Checkpointer | None) -> int:
    """Take up a saved state and return the chunk to go on with."""
    found = None if checkpointer is None else checkpointer.load(identity, step.device)
    if found is None:
        return 0
    chunk, state = found
    with torch.no_grad():
        for name, leaf in step.weights.items():
            leaf.copy_(state[f"weights.{name}"])
        step.prices.log_beta.copy_(state["log_beta"])
    step.optimizer.load_state(state)
    history.load_state(state)
    return chunk


def _evaluate(configs: Sequence[RunConfig], trained: _Trained, *, keep_weights: bool) -> Iterator[RunResult]:
    device, weights, history = trained.step.device, trained.step.weights, trained.history
    probes = train_probes(configs, weights, _probe_feed(configs, trained.feed, device))
    test = make_test_set(configs[0].training.n_latents, device)
    codes = encode_test_set(weights, test)
    measures, maps = measure_runs(configs, codes, test), measure_maps(codes)
    scores = _scores(trained, probes, codes, test, len(configs))
    score_history = _score_history(trained, probes, len(configs))
    n_steps = configs[0].training.n_steps
    for run, config in enumerate(configs):
        step = history.failed_at(run)
        if step is not None or not math.isfinite(measures[run]["rate"]):
            message = f"diverged: rate or distortion was no longer finite by step {step or n_steps}"
            yield RunResult(
                config, "failed", message, {"steps": step or n_steps}, history=history.run_rows(run)
            )
            continue
        final = {"beta": history.final_beta(run), "steps": n_steps}
        value = measures[run]["distortion_mse"] + _task_loss(config, scores[run])
        yield RunResult(
            config,
            "completed",
            measures={**measures[run], **final, "objective_value": value},
            scores=tuple(scores[run]),
            history=history.run_rows(run),
            score_history=score_history[run],
            maps={name: values.numpy() for name, values in maps[run].items()},
            weights=_run_weights(trained, run) if keep_weights else None,
        )


def _probe_feed(configs: Sequence[RunConfig], feed: ImageFeed, device: torch.device) -> ImageFeed:
    """Return a feed of fixed training sets, which runs on fresh samples have not."""
    if not configs[0].training.fresh:
        return feed
    return ImageFeed([replace(c, training=replace(c.training, fresh=False)) for c in configs], device)


def _scores(
    trained: _Trained, probes: TrainedProbes | None, codes: Codes, test: TestSet, n_runs: int
) -> list[list[Row]]:
    rows: list[list[Row]] = [[] for _ in range(n_runs)]
    sets = [("joint", trained.groups, trained.step.weights)]
    if probes is not None:
        sets.append(("probe", probes.groups, dict(probes.weights)))
    for regime, groups, weights in sets:
        for group in groups:
            for head, row in score_heads(group, weights, codes, test, regime):
                rows[head.run].append(row)
    return rows


def _score_history(trained: _Trained, probes: TrainedProbes | None, n_runs: int) -> list[tuple[Row, ...]]:
    rows: list[tuple[Row, ...]] = [()] * n_runs
    sets = [("joint", trained.groups, trained.history)]
    if probes is not None:
        sets.append(("probe", probes.groups, probes.history))
    for regime, groups, history in sets:
        for group in groups:
            for index, head in enumerate(group.heads):
                rows[head.run] += history.head_rows(group, index, regime)
    return rows


def _task_loss(config: RunConfig, scores: Sequence[Row]) -> float:
    weights = {task.name: task.weight for task in config.tasks}
    joint = [row for row in scores if row["regime"] == "joint"]
    return sum(weights[str(row["task"])] * float(row["cross_entropy"]) for row in joint)


def _run_weights(trained: _Trained, run: int) -> dict[str, np.ndarray]:
    of_heads = {group.name for group in trained.groups}
    weights = trained.step.weights
    vae = {name: leaf for name, leaf in weights.items() if name.partition(".")[0] not in of_heads}
    state = {f"vae.{name}": value for name, value in unpack_vae(vae, run).items()}
    for group in trained.groups:
        for index, head in enumerate(group.heads):
            if head.run == run:
                part = unpack_head(group, weights, index)
                state |= {f"heads.{head.task}.{name}": value for name, value in part.items()}
    return {name: value.float().cpu().numpy() for name, value in state.items()}


def _identity(configs: Sequence[RunConfig], device: torch.device, arithmetic: Arithmetic) -> str:
    text = " ".join([device.type, arithmetic.name, *(config.run_id for config in configs)])
    return hashlib.sha256(text.encode()).hexdigest()


def _check_pack(configs: Sequence[RunConfig]) -> None:
    if not configs:
        raise ValueError("configs must hold at least one run, but is empty")
    keys = {pack_key(config) for config in configs}
    if len(keys) > 1:
        raise ValueError(
            f"configs must agree in protocol, batches and sizes to share a pack, but got {len(keys)} kinds"
        )


def _ignore(fraction: float) -> None:
    """Take no notice of progress."""
