"""Objectives of training: schedules as pure functions of the step, losses as named parts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from rdsweep.config import ObjectiveConfig, RunConfig, TrainingConfig

Tensor = torch.Tensor
FloatArray = NDArray[np.float64]

INITIAL_BETA = 1e-3
"""β of a constrained run before its first step, in mean squared error per nat."""

GAIN = 0.05
"""Step of log β per unit of relative violation."""

DAMPING = 5.0
"""Relative change of the price of rate per unit of relative violation, besides the integral that β is."""

LEAST_SCALE = 0.3
"""Capacities below this (nats) count as this large in the relative violation."""


def schedule_calls(
    objective: ObjectiveConfig, steps: NDArray[np.int64], *, steps_per_epoch: int
) -> FloatArray:
    """Return how often the loss has been called by each step, validation included where it counts."""
    return np.asarray(steps + 1.0 + objective.validation_calls * (steps // steps_per_epoch))


def target_rates(objective: ObjectiveConfig, steps: NDArray[np.int64], *, steps_per_epoch: int) -> FloatArray:
    """Return the target rate C(t) in nats at each step; NaN for the beta objective.

    Constant for the constrained objective; for the capacity objective a linear rise over ``ramp_calls``,
    divided by four before ``early_calls``.

    Examples
    --------
    >>> objective = ObjectiveConfig("capacity", capacity=4.0, gamma=300.0, ramp_calls=100)
    >>> target_rates(objective, np.array([0, 49, 99, 500]), steps_per_epoch=1000)
    array([0.04, 2.  , 4.  , 4.  ])
    """
    if objective.capacity is None:
        return np.full(len(steps), np.nan)
    if objective.kind == "constrained":
        return np.full(len(steps), float(objective.capacity))
    ramp = _ramp(objective, objective.ramp_calls, steps, steps_per_epoch)
    return float(objective.capacity) * ramp


def task_ramps(objective: ObjectiveConfig, steps: NDArray[np.int64], *, steps_per_epoch: int) -> FloatArray:
    """Return the factor of the task weights at each step: 1 unless ``task_ramp_calls`` is set."""
    if objective.task_ramp_calls == 0:
        return np.ones(len(steps))
    return _ramp(objective, objective.task_ramp_calls, steps, steps_per_epoch)


def _ramp(
    objective: ObjectiveConfig, ramp_calls: int, steps: NDArray[np.int64], steps_per_epoch: int
) -> FloatArray:
    calls = schedule_calls(objective, steps, steps_per_epoch=steps_per_epoch)
    ramp = np.minimum(calls / ramp_calls, 1.0) if ramp_calls else np.ones(len(steps))
    return np.where(calls < objective.early_calls, ramp / 4.0, ramp)


def learning_rates(training: TrainingConfig, steps: NDArray[np.int64]) -> FloatArray:
    """Return Adam's learning rate at each step: a factor per epoch, and a linear fall to 0 in the cooldown.

    Examples
    --------
    >>> training = TrainingConfig(n_train=640, epochs=2, batch_size=64, learning_rate=1.0, cooldown=0.2)
    >>> learning_rates(training, np.array([0, 9, 10, 15, 16, 19]))
    array([1.   , 1.   , 0.9  , 0.9  , 0.9  , 0.225])
    """
    per_epoch = training.learning_rate * training.learning_rate_decay ** (steps // training.steps_per_epoch)
    if training.cooldown == 0.0:
        return np.asarray(per_epoch)
    left = (training.n_steps - steps) / (training.cooldown * training.n_steps)
    return np.asarray(per_epoch * np.minimum(left, 1.0))


@dataclass(frozen=True)
class Prices:
    """How rate is priced, by run.

    Attributes
    ----------
    log_beta : Tensor, shape (n_runs,)
        Logarithm of the current price of rate, mean squared error per nat; moved by `dual_step` for
        constrained runs, constant for beta runs, unused by capacity runs.
    penalty : Tensor, shape (n_runs,)
        γ·w of capacity runs; 0 for the others.
    constrained : Tensor, shape (n_runs,)
        1 for constrained runs, 0 for the others.
    """

    log_beta: Tensor
    penalty: Tensor
    constrained: Tensor

    @classmethod
    def start(cls, configs: tuple[RunConfig, ...], *, device: torch.device, dtype: torch.dtype) -> Prices:
        """Return the prices before the first step."""
        beta = [_initial_beta(config.objective) for config in configs]
        penalty = [(config.objective.gamma or 0.0) * config.objective.rate_weight for config in configs]
        constrained = [float(config.objective.kind == "constrained") for config in configs]
        return cls(
            torch.tensor(beta, device=device, dtype=dtype).log(),
            torch.tensor(penalty, device=device, dtype=dtype),
            torch.tensor(constrained, device=device, dtype=dtype),
        )


def _initial_beta(objective: ObjectiveConfig) -> float:
    return INITIAL_BETA if objective.beta is None else objective.beta * objective.rate_weight


def rate_losses(shard_rates: Tensor, target: Tensor, prices: Prices) -> Tensor:
    """Return what rate costs in the objective, by run.

    Parameters
    ----------
    shard_rates : Tensor, shape (n_runs, n_shards)
        Mean rate of each shard of the batch, in nats.
    target : Tensor, shape (n_runs,)
        C(t) in nats; NaN where there is none.
    prices : Prices

    Returns
    -------
    Tensor, shape (n_runs,)
        γ w mean|R − C(t)| for capacity runs, β R for beta runs, and for constrained ones the augmented
        Lagrangian β (R + κ/2 (R − C)² / max(C, 0.3)), whose quadratic term vanishes on the constraint
        and keeps rate and price from swinging around it; κ is `DAMPING`.
    """
    target = target.nan_to_num()
    rate = shard_rates.mean(1)
    deviation = (shard_rates - target.unsqueeze(1)).abs().mean(1)
    swing = prices.constrained * DAMPING / 2.0 * (rate - target).square() / target.clamp(min=LEAST_SCALE)
    priced = prices.log_beta.exp() * (rate + swing)
    return torch.where(prices.penalty > 0, prices.penalty * deviation, priced)


def dual_step(prices: Prices, rate: Tensor, target: Tensor) -> Tensor:
    """Return log β after a step of dual ascent on the constraint R = C.

    log β moves by `GAIN` times the relative violation (R − C) / max(C, 0.3), clipped to ±1; that of runs
    without a constraint stays.

    Parameters
    ----------
    prices : Prices
    rate, target : Tensor, shape (n_runs,)
        Nats per image.
    """
    target = target.nan_to_num()
    violation = (rate - target) / target.clamp(min=LEAST_SCALE)
    return prices.log_beta + GAIN * prices.constrained * violation.clamp(-1.0, 1.0)
