from dataclasses import replace

import pytest

from rdsweep.config import ObjectiveConfig, ProbeConfig, RunConfig, SourceConfig, TrainingConfig
from rdsweep.sweeps import DEVICE_PROFILES, Pack, estimate_cost

CPU = DEVICE_PROFILES["cpu"]


def pack(*, n_runs=1, first_seed=0, **training):
    config = TrainingConfig(**training)
    return Pack(tuple(RunConfig(training=config, seed=first_seed + seed) for seed in range(n_runs)))


def test_time_is_steps_times_the_measured_step():
    cost = estimate_cost([pack(n_runs=3)], profile=DEVICE_PROFILES["cuda"], device="cuda")
    assert cost.training == pytest.approx(3 * 7032 * DEVICE_PROFILES["cuda"].seconds_per_step)


def test_time_grows_with_the_batch():
    small, large = pack(n_train=6400), pack(n_train=6400, batch_size=128)
    assert estimate_cost([small], profile=CPU) == estimate_cost([large], profile=CPU)


def test_time_ends_with_the_last_worker():
    packs = [pack(epochs=3), pack(epochs=2), pack(epochs=2)]
    one = estimate_cost([pack(epochs=1)], profile=CPU).training
    assert estimate_cost(packs, profile=CPU, n_workers=2).training == pytest.approx(4 * one)
    assert estimate_cost(packs, profile=CPU, n_workers=9).training == pytest.approx(3 * one)


def test_memory_is_that_of_the_largest_pack():
    packs = [pack(), pack(n_runs=4), pack(n_runs=4, fresh=True)]
    largest = estimate_cost(packs, profile=CPU).bytes_per_worker
    assert largest == estimate_cost(packs[1:2], profile=CPU).bytes_per_worker
    # 75,000 images of 169 pixels, with their positions, per seed.
    assert largest == pytest.approx(4 * (CPU.bytes_per_run + 75_000 * 177))


def test_runs_of_one_seed_and_source_share_their_images():
    (run,) = pack().configs
    together = Pack((run, replace(run, objective=ObjectiveConfig(capacity=3.0))))
    assert estimate_cost([together], profile=CPU).bytes_per_worker == pytest.approx(
        2 * CPU.bytes_per_run + 75_000 * 177
    )


@pytest.mark.parametrize("name", ["seconds_per_step", "pack_size", "bytes_per_run"])
def test_a_profile_has_positive_figures(name):
    with pytest.raises(ValueError, match=f"{name} must be above 0, but got 0"):
        replace(CPU, **{name: 0})


def test_nothing_costs_nothing():
    cost = estimate_cost([], profile=CPU)
    assert (cost.seconds, cost.bytes_per_worker) == (0.0, 0.0)


def test_the_parts_make_the_whole():
    probed = Pack(tuple(replace(run, probes=(ProbeConfig("order"),)) for run in pack(n_runs=2).configs))
    cost = estimate_cost([probed], profile=CPU)
    assert min(cost.training, cost.probes, cost.evaluation) > 0
    assert cost.seconds == pytest.approx(cost.training + cost.probes + cost.evaluation)


def test_evaluation_does_not_depend_on_the_length_of_training_but_on_the_number_of_runs():
    short, long, two = pack(n_train=640), pack(n_train=640, epochs=9), pack(n_train=640, n_runs=2)
    seconds = [estimate_cost([each], profile=CPU).evaluation for each in (short, long, two)]
    assert seconds == pytest.approx([seconds[0], seconds[0], 2 * seconds[0]])
    # A short run takes less than its evaluation.
    assert estimate_cost([short], profile=CPU).training < seconds[0]


def test_a_source_of_its_own_is_evaluated_besides():
    (run,) = pack().configs
    own = Pack((replace(run, source=SourceConfig("alignment", 10.0)),))
    evaluation = [estimate_cost([each], profile=CPU).evaluation for each in (pack(), own)]
    assert evaluation[1] > 1.2 * evaluation[0]


def test_probes_take_time_with_their_number_and_steps():
    def probes(n_probes, **training):
        names = ("order", "region", "equality")[:n_probes]
        (run,) = pack(n_train=640, **training).configs
        probed = replace(run, probes=tuple(map(ProbeConfig, names)))
        return estimate_cost([Pack((probed,))], profile=CPU).probes

    assert probes(0) == 0.0
    # The images are encoded once, whatever the number of probes and epochs.
    assert probes(3) - probes(2) == pytest.approx(probes(2) - probes(1))
    assert probes(1, epochs=3) - probes(1, epochs=2) == pytest.approx((probes(2) - probes(1)) / 6)
