"""The history of a pack: chunk means on the CPU, kept as tensors so that a checkpoint can hold them."""

from __future__ import annotations

import json
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
        self.configs = configs
        self._groups = groups
        self._steps: list[int] = []
        self._columns: dict[str, list[Tensor]] = {}
        self._failed_at = torch.full((len(configs),), -1, dtype=torch.int64)
        self._stopped: dict[int, tuple[int, str]] = {}

    def add_runs(
        self, step: int, rate: Tensor, distortion: Tensor, log_beta: Tensor, *, runs: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Add a chunk that ends after ``step`` steps.

        Parameters
        ----------
        step : int
        rate, distortion, log_beta : Tensor, shape (n_steps, n_runs_in_training)
        runs : Tensor of int64, shape (n_runs_in_training,)
            Their places in the pack.

        Returns
        -------
        rate, distortion : Tensor, shape (n_runs,)
            Means over the chunk; NaN for runs that are not in training.
        """
        self._steps.append(step)
        means = torch.stack([rate.mean(0), distortion.mean(0), log_beta[-1]]).double().cpu()
        rows = _spread(means, runs, len(self.configs))
        for name, values in zip(("rate", "distortion", "log_beta"), rows, strict=True):
            self._columns.setdefault(name, []).append(values)
        broken = runs[~torch.isfinite(means[:2]).all(0)]
        self._failed_at[broken[self._failed_at[broken] < 0]] = step
        return rows[0], rows[1]

    def add_heads(
        self,
        group: HeadGroup,
        cross_entropy: Tensor,
        answers: Tensor,
        labels: Tensor,
        *,
        heads: Tensor | None = None,
    ) -> None:
        """Add a chunk's answers and labels, (n_steps, n_heads, batch_size), of a head group.

        ``heads`` are the places of the heads in ``group`` where only some are in training.
        """
        n_classes = get_task(group.heads[0].task).n_classes
        pooled, truth = (tensor.movedim(0, 1).flatten(1) for tensor in (answers, labels))
        scores = {
            "f1": f1_scores(pooled, truth, n_classes),
            "accuracy": (pooled == truth).double().mean(1),
            "cross_entropy": cross_entropy.double().mean(0),
        }
        for name, values in scores.items():
            row = values.cpu() if heads is None else _spread(values.double().cpu(), heads, len(group.heads))
            self._columns.setdefault(f"{group.name}.{name}", []).append(row)

    def add_step(self, step: int) -> None:
        """Add the end of a chunk of which only heads are recorded."""
        self._steps.append(step)

    def failed_at(self, run: int) -> int | None:
        """Return after how many steps a run was found diverged, or None."""
        step = int(self._failed_at[run])
        return None if step < 0 else step

    def stop(self, reasons: Mapping[int, str], *, step: int) -> None:
        """Take note that runs are stopped after ``step`` steps, each for a reason; the first one counts."""
        for run, reason in reasons.items():
            self._stopped.setdefault(run, (step, reason))

    def stopped(self, run: int) -> tuple[int, str] | None:
        """Return after how many steps and why a run was stopped, or None."""
        return self._stopped.get(run)

    def stopped_among(self, runs: Tensor) -> set[int]:
        """Return those of ``runs`` that were stopped."""
        return self._stopped.keys() & set(runs.tolist())

    def in_training(self) -> bool:
        """Whether any run has neither diverged nor been stopped."""
        return any(
            run not in self._stopped and self.failed_at(run) is None for run in range(len(self.configs))
        )

    def final_beta(self, run: int) -> float:
        """Return the geometric mean of β over the last tenth of training; NaN for capacity runs."""
        if self.configs[run].objective.kind == "capacity":
            return math.nan
        log_beta = torch.stack(self._columns["log_beta"])[:, run]
        settled = math.ceil(_SETTLED_SHARE * len(log_beta))
        return float(log_beta[-settled:].mean().exp())

    def run_rows(self, run: int) -> tuple[Row, ...]:
        """Return the rows of the history table, up to the step at which the run was stopped."""
        config = self.configs[run]
        objective = config.objective
        rate, distortion, log_beta = (
            torch.stack(self._columns[name])[:, run].tolist() for name in ("rate", "distortion", "log_beta")
        )
        last, _ = self._stopped.get(run, (self._steps[-1], ""))
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
            if step <= last
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
        return {
            **columns,
            "steps": torch.tensor(self._steps),
            "failed_at": self._failed_at,
            "stopped": torch.frombuffer(bytearray(json.dumps(self._stopped).encode()), dtype=torch.uint8),
        }

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Take what `state` gave."""
        self._steps = state["steps"].tolist()
        self._failed_at = state["failed_at"].cpu().clone()
        stopped = json.loads(state["stopped"].cpu().numpy().tobytes())
        self._stopped = {int(run): (step, reason) for run, (step, reason) in stopped.items()}
        self._columns = {
            name.removeprefix("history."): list(values.cpu().unbind(0))
            for name, values in state.items()
            if name.startswith("history.")
        }


def _spread(values: Tensor, places: Tensor, length: int) -> Tensor:
    """Put the last axis of ``values`` at ``places`` of a longer one; what is left is NaN."""
    spread = values.new_full((*values.shape[:-1], length), math.nan)
    spread[..., places] = values
    return spread
