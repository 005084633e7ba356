import numpy as np
import pytest
import torch

from rdsweep.config import ObjectiveConfig, RunConfig, TrainingConfig
from rdsweep.objectives import (
    DAMPING,
    GAIN,
    INITIAL_BETA,
    LEAST_SCALE,
    Prices,
    dual_step,
    learning_rates,
    rate_losses,
    schedule_calls,
    target_rates,
    task_ramps,
)

CONSTRAINED = ObjectiveConfig(capacity=2.0)
CAPACITY = ObjectiveConfig("capacity", capacity=4.0, gamma=300.0)
BETA = ObjectiveConfig("beta", beta=50.0)
# The schedule of the paper's public repository, with 100 steps and 10 validation batches per epoch.
PUBLISHED = ObjectiveConfig(
    "capacity",
    capacity=10.0,
    gamma=300.0,
    ramp_calls=2500,
    early_calls=1500,
    validation_calls=10,
    task_ramp_calls=2500,
)


def prices_of(*objectives: ObjectiveConfig) -> Prices:
    configs = tuple(RunConfig(objective=objective) for objective in objectives)
    return Prices.start(configs, device=torch.device("cpu"), dtype=torch.float64)


def column(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


def test_validation_counts_as_calls_of_the_loss():
    steps = np.array([0, 99, 100, 200])
    assert schedule_calls(PUBLISHED, steps, steps_per_epoch=100).tolist() == [1, 100, 111, 221]
    assert schedule_calls(CAPACITY, steps, steps_per_epoch=100).tolist() == [1, 100, 101, 201]


def test_constrained_target_is_the_capacity_from_the_start():
    assert target_rates(CONSTRAINED, np.arange(3), steps_per_epoch=1).tolist() == [2.0, 2.0, 2.0]


def test_beta_has_no_target():
    assert np.isnan(target_rates(BETA, np.arange(3), steps_per_epoch=1)).all()


def test_capacity_target_rises_to_the_capacity():
    targets = target_rates(CAPACITY, np.arange(5000), steps_per_epoch=1000)
    assert targets[[0, 1249, 2499, 4999]].tolist() == [0.0016, 2.0, 4.0, 4.0]
    assert (np.diff(targets) >= 0).all()


def test_published_target_jumps_at_call_1500():
    calls = schedule_calls(PUBLISHED, np.arange(2500), steps_per_epoch=100)
    targets = target_rates(PUBLISHED, np.arange(2500), steps_per_epoch=100)
    assert targets[calls == 1499] == pytest.approx(10.0 * 1499 / 2500 / 4)
    assert targets[calls == 1501] == pytest.approx(10.0 * 1501 / 2500)
    assert (targets[calls >= 2500] == 10.0).all()


def test_the_target_is_a_quarter_before_the_last_early_call_and_whole_from_it_on():
    objective = ObjectiveConfig("capacity", capacity=4.0, gamma=1.0, ramp_calls=0, early_calls=3)
    assert target_rates(objective, np.arange(4), steps_per_epoch=10).tolist() == [1.0, 1.0, 4.0, 4.0]


def test_task_weights_ramp_only_where_asked():
    assert task_ramps(CAPACITY, np.arange(3), steps_per_epoch=1).tolist() == [1.0, 1.0, 1.0]
    ramps = task_ramps(PUBLISHED, np.array([99, 1600, 4000]), steps_per_epoch=100)
    assert ramps.tolist() == [100 / 2500 / 4, (1601 + 160) / 2500, 1.0]


def test_no_ramp_is_a_constant_target():
    objective = ObjectiveConfig("capacity", capacity=4.0, gamma=1.0, ramp_calls=0)
    assert target_rates(objective, np.arange(2), steps_per_epoch=1).tolist() == [4.0, 4.0]


def test_learning_rate_falls_by_epoch_and_to_zero_in_the_cooldown():
    training = TrainingConfig(
        n_train=640, epochs=4, learning_rate=1.0, learning_rate_decay=0.5, cooldown=0.25
    )
    rates = learning_rates(training, np.arange(40))
    assert rates[[0, 9, 10, 20, 29]].tolist() == [1.0, 1.0, 0.5, 0.25, 0.25]
    np.testing.assert_allclose(rates[30:], 0.125 * np.arange(10, 0, -1) / 10)


def test_without_cooldown_only_epochs_count():
    training = TrainingConfig(n_train=640, epochs=2, learning_rate=1.0, cooldown=0.0)
    assert learning_rates(training, np.array([9, 10, 19])).tolist() == [1.0, 0.9, 0.9]


def test_prices_start_where_the_objective_says():
    prices = prices_of(CONSTRAINED, CAPACITY, BETA)
    assert prices.log_beta.exp().tolist() == pytest.approx([INITIAL_BETA, INITIAL_BETA, 50.0 * 0.0003])
    assert prices.penalty.tolist() == pytest.approx([0.0, 0.09, 0.0])
    assert prices.constrained.tolist() == [1.0, 0.0, 0.0]


def test_beta_prices_rate_linearly():
    rates = column(1.0, 3.0)[None]
    assert rate_losses(rates, column(np.nan), prices_of(BETA)).item() == pytest.approx(50.0 * 0.0003 * 2.0)


def test_capacity_penalty_is_taken_by_shard():
    losses = rate_losses(column(3.0, 7.0)[None], column(4.0), prices_of(CAPACITY))
    assert losses.item() == pytest.approx(0.09 * (1.0 + 3.0) / 2)


def test_capacity_penalty_has_no_slope_on_its_target():
    rates = column(3.0, 5.0, 4.0).requires_grad_()
    losses = rate_losses(rates[:, None], column(4.0, 4.0, 4.0), prices_of(*[CAPACITY] * 3))
    assert torch.autograd.grad(losses.sum(), rates)[0].tolist() == pytest.approx([-0.09, 0.09, 0.0])


def test_the_quadratic_term_vanishes_on_the_constraint():
    rates = column(2.0, 3.0).requires_grad_()
    losses = rate_losses(rates[:, None], column(2.0, 2.0), prices_of(CONSTRAINED, CONSTRAINED))
    slopes = torch.autograd.grad(losses.sum(), rates)[0]
    assert losses[0].item() == pytest.approx(INITIAL_BETA * 2.0)
    assert slopes.tolist() == pytest.approx([INITIAL_BETA, INITIAL_BETA * (1.0 + DAMPING * 1.0 / 2.0)])


def test_dual_ascent_raises_the_price_of_too_much_rate():
    prices = prices_of(*[CONSTRAINED] * 5)
    moved = dual_step(prices, column(1.0, 2.0, 3.0, 90.0, 0.0), column(*[2.0] * 5)) - prices.log_beta
    np.testing.assert_allclose(moved, GAIN * np.array([-0.5, 0.0, 0.5, 1.0, -1.0]), atol=1e-15)


def test_small_capacities_share_a_scale():
    prices = prices_of(ObjectiveConfig(capacity=0.1))
    moved = dual_step(prices, column(0.13), column(0.1)) - prices.log_beta
    assert moved.item() == pytest.approx(GAIN * 0.03 / LEAST_SCALE)
    loss = rate_losses(column(0.4)[None], column(0.1), prices)
    assert loss.item() == pytest.approx(INITIAL_BETA * (0.4 + DAMPING / 2 * 0.3**2 / LEAST_SCALE))


def test_dual_ascent_leaves_other_objectives_alone():
    prices = prices_of(CAPACITY, BETA)
    assert torch.equal(dual_step(prices, column(9.0, 9.0), column(4.0, np.nan)), prices.log_beta)
