"""The history of a pack: chunk means on the CPU, kept as tensors so that a checkpoint can hold them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch

from rdsweep.config import RunConfig
from rdsweep.models import HeadGroup
from rdsweep.objectives import learning_rates, target_rates
from rdsweep.tasks import get_task
from rdsweep.training._result import Row
from rdsweep.training._scores import f1_scores

Tensor = torch.Tensor

_SETTLED_SHARE = 0.1
"""Last share of training over which the final price of rate is averaged."""


class PackHistory:
    """Collects what training measures, one entry per chunk.

    Parameters
    ----------
    configs : sequence of RunConfig
    groups : sequence of HeadGroup
    """

    def __init__(self, configs: Sequence[RunConfig], groups: Sequence[HeadGroup]) -> None:
        self._configs = configs
        self._groups = groups
        self._steps: list[int] = []
        self._columns: dict[str, list[Tensor]] = {}
        self._failed_at = torch.full((len(configs),), -1, dtype=torch.int64)

    def add_runs(self, step: int, rate: Tensor, distortion: Tensor, log_beta: Tensor) -> None:
        """Add a chunk's statistics, (n_steps, n_runs) each, that ends after ``step`` steps."""
        self._steps.append(step)
        means = torch.stack([rate.mean(0), distortion.mean(0), log_beta[-1]]).double().cpu()
        for name, values in zip(("rate", "distortion", "log_beta"), means, strict=True):
            self._columns.setdefault(name, []).append(values)
        broken = ~torch.isfinite(means[:2]).all(0) & (self._failed_at < 0)
        self._failed_at[broken] = step

    def add_heads(self, group: HeadGroup, cross_entropy: Tensor, answers: Tensor, labels: Tensor) -> None:
        """Add a chunk's answers and labels, (n_steps, n_heads, batch_size), of a head group."""
        n_classes = get_task(group.heads[0].task).n_classes
        pooled, truth = (tensor.movedim(0, 1).flatten(1) for tensor in (answers, labels))
        scores = {
            "f1": f1_scores(pooled, truth, n_classes),
            "accuracy": (pooled == truth).double().mean(1),
            "cross_entropy": cross_entropy.double().mean(0),
        }
        for name, values in scores.items():
            self._columns.setdefault(f"{group.name}.{name}", []).append(values.cpu())

    def add_step(self, step: int) -> None:
        """Add the end of a chunk of which only heads are recorded."""
        self._steps.append(step)

    def failed_at(self, run: int) -> int | None:
        """Return after how many steps a run was found diverged, or None."""
        step = int(self._failed_at[run])
        return None if step < 0 else step

    def final_beta(self, run: int) -> float:
        """Return the geometric mean of β over the last tenth of training; NaN for capacity runs."""
        if self._configs[run].objective.kind == "capacity":
            return math.nan
        log_beta = torch.stack(self._columns["log_beta"])[:, run]
        settled = math.ceil(_SETTLED_SHARE * len(log_beta))
        return float(log_beta[-settled:].mean().exp())

    def run_rows(self, run: int) -> tuple[Row, ...]:
        """Return the rows of the history table."""
        config = self._configs[run]
        objective = config.objective
        rate, distortion, log_beta = (
            torch.stack(self._columns[name])[:, run].tolist() for name in ("rate", "distortion", "log_beta")
        )
        last_steps = np.array(self._steps) - 1
        rates = learning_rates(config.training, last_steps)
        targets = target_rates(objective, last_steps, steps_per_epoch=config.training.steps_per_epoch)
        return tuple(
            {
                "step": step,
                "rate": rate[i],
                "distortion_mse": distortion[i],
                "beta": math.nan if objective.kind == "capacity" else math.exp(log_beta[i]),
                "target_rate": targets[i],
                "learning_rate": rates[i],
            }
            for i, step in enumerate(self._steps)
        )

    def head_rows(self, group: HeadGroup, index: int, regime: str) -> tuple[Row, ...]:
        """Return the rows of the score history of one head."""
        columns = {
            name: torch.stack(self._columns[f"{group.name}.{name}"])[:, index].tolist()
            for name in ("f1", "accuracy", "cross_entropy")
        }
        label = {"task": group.heads[index].task, "regime": regime, "head": group.kind}
        return tuple(
            {**label, "step": step, **{name: values[i] for name, values in columns.items()}}
            for i, step in enumerate(self._steps)
        )

    def state(self) -> dict[str, Tensor]:
        """Return everything collected so far as tensors."""
        columns = {f"history.{name}": torch.stack(values) for name, values in self._columns.items()}
        return {**columns, "steps": torch.tensor(self._steps), "failed_at": self._failed_at}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Take what `state` gave."""
        self._steps = state["steps"].tolist()
        self._failed_at = state["failed_at"].cpu().clone()
        self._columns = {
            name.removeprefix("history."): list(values.cpu().unbind(0))
            for name, values in state.items()
            if name.startswith("history.")
        }
