import pytest

from rdsweep.config import RunConfig, TrainingConfig
from rdsweep.sweeps import DEVICE_PROFILES, Pack, estimate_cost


def pack(*, n_runs=1, first_seed=0, **training):
    config = TrainingConfig(**training)
    return Pack(tuple(RunConfig(training=config, seed=first_seed + seed) for seed in range(n_runs)))


def test_time_is_steps_times_the_measured_step():
    cost = estimate_cost([pack(n_runs=3)], device="cuda")
    assert cost.seconds == pytest.approx(3 * 7032 * DEVICE_PROFILES["cuda"].seconds_per_step)


def test_time_grows_with_the_batch():
    small, large = pack(n_train=6400), pack(n_train=6400, batch_size=128)
    assert estimate_cost([small], device="cpu") == estimate_cost([large], device="cpu")


def test_time_ends_with_the_last_worker():
    packs = [pack(epochs=3), pack(epochs=2), pack(epochs=2)]
    one = estimate_cost([pack(epochs=1)], device="cpu").seconds
    assert estimate_cost(packs, device="cpu", n_workers=2).seconds == pytest.approx(4 * one)
    assert estimate_cost(packs, device="cpu", n_workers=9).seconds == pytest.approx(3 * one)


def test_memory_is_that_of_the_largest_pack():
    packs = [pack(), pack(n_runs=4), pack(n_runs=4, fresh=True)]
    largest = estimate_cost(packs, device="cpu").bytes_per_worker
    assert largest == estimate_cost(packs[1:2], device="cpu").bytes_per_worker
    # 1.4 MB of weights four times over, and 12.7 MB of training images, per run.
    assert largest == pytest.approx(4 * (4 * 1.4e6 + 12.7e6), rel=0.01)


def test_nothing_costs_nothing():
    cost = estimate_cost([], device="cpu")
    assert (cost.seconds, cost.bytes_per_worker) == (0.0, 0.0)
