"""The loop over the steps of a pack: chunk by chunk, with checkpoints, and without the runs that stopped."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from rdsweep.config import RunConfig
from rdsweep.models import HeadGroup
from rdsweep.training._batches import CHUNK_STEPS, TrainingBatch
from rdsweep.training._checkpoint import Checkpointer
from rdsweep.training._cohort import Cohort
from rdsweep.training._history import PackHistory
from rdsweep.training._precision import Arithmetic
from rdsweep.training._pruning import PackReport, Pruner, compaction_pays

Progress = Callable[[float], None]


@dataclass(frozen=True)
class Trained:
    """A pack after its last step.

    Attributes
    ----------
    cohort : Cohort
        The runs that trained to the end.
    groups : tuple of HeadGroup
        The heads of all runs.
    history : PackHistory
        Of all runs.
    """

    cohort: Cohort
    groups: tuple[HeadGroup, ...]
    history: PackHistory


def train_runs(
    configs: Sequence[RunConfig],
    device: torch.device,
    arithmetic: Arithmetic,
    *,
    progress: Progress,
    checkpointer: Checkpointer | None,
    pruner: Pruner | None,
) -> Trained:
    """Train the runs of a pack; arguments as for `train_pack`."""
    identity = _identity(configs, device, arithmetic)
    cohort = Cohort.start(configs, device, arithmetic)
    trained = Trained(cohort, cohort.groups, PackHistory(configs, cohort.groups))
    cohort, first_chunk = _resume(trained, identity, checkpointer)
    history, n_total = trained.history, configs[0].training.n_steps
    done = min(first_chunk * CHUNK_STEPS, n_total)
    while done < n_total:
        n_steps, chunk = cohort.chunk(done // CHUNK_STEPS)
        done += n_steps
        report = _train_chunk(cohort, trained, chunk, n_steps, done)
        if pruner is not None:
            history.stop(pruner(report), step=done)
        if not history.in_training():
            progress(1.0)
            break
        stopped = history.stopped_among(cohort.runs)
        if compaction_pays(len(stopped), n_total - done, captured=device.type == "cuda"):
            cohort = cohort.without(stopped)
        progress(done / n_total)
        if checkpointer is not None and done < n_total and checkpointer.due():
            state = {**cohort.step.state(), **history.state(), "runs": cohort.runs}
            checkpointer.save(identity, done // CHUNK_STEPS, state)
    return Trained(cohort, trained.groups, history)


def _resume(trained: Trained, identity: str, checkpointer: Checkpointer | None) -> tuple[Cohort, int]:
    """Take up a saved state; return the runs in training and the chunk to go on with."""
    cohort = trained.cohort
    found = None if checkpointer is None else checkpointer.load(identity, cohort.step.device)
    if found is None:
        return cohort, 0
    chunk, state = found
    gone = set(cohort.runs.tolist()) - set(state["runs"].tolist())
    if gone:
        cohort = cohort.without(gone)
    cohort.step.load_state(state)
    trained.history.load_state(state)
    return cohort, chunk


def _train_chunk(
    cohort: Cohort, trained: Trained, chunk: TrainingBatch, n_steps: int, done: int
) -> PackReport:
    stats = cohort.driver(chunk, n_steps)
    history = trained.history
    rate, distortion = history.add_runs(done, stats.rate, stats.distortion, stats.log_beta, runs=cohort.runs)
    of_pack = {group.name: group for group in trained.groups}
    for target, entropy, chosen in zip(cohort.step.targets, stats.cross_entropy, stats.answers, strict=True):
        group = of_pack[target.group.name]
        labels = target.chunk_labels(chunk.positions[:n_steps])
        history.add_heads(group, entropy, chosen, labels, heads=cohort.head_places(target.group, group))
    return PackReport(done, cohort.configs[0].training.n_steps, rate.numpy(), distortion.numpy())


def _identity(configs: Sequence[RunConfig], device: torch.device, arithmetic: Arithmetic) -> str:
    text = " ".join([device.type, arithmetic.name, *(config.run_id for config in configs)])
    return hashlib.sha256(text.encode()).hexdigest()
