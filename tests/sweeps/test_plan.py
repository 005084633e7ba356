import heapq
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rdsweep.config import RunConfig, SourceConfig, TaskConfig, TrainingConfig, pack_key
from rdsweep.sweeps import Pack, plan_packs


def runs(count, **training):
    return [RunConfig(training=TrainingConfig(**training), seed=seed) for seed in range(count)]


def sizes(packs):
    return [len(pack.configs) for pack in packs]


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 40),
    st.integers(0, 20),
    st.integers(1, 12),
    st.integers(1, 8),
    st.randoms(use_true_random=False),
)
def test_plans_are_complete_bounded_homogeneous_and_independent_of_order(short, long, size, workers, random):
    configs = runs(short, epochs=1) + runs(long, epochs=3)
    packs = plan_packs(configs, pack_size=size, n_workers=workers)
    planned = [config for pack in packs for config in pack.configs]
    assert len(planned) == len(configs)
    assert set(planned) == set(configs)
    assert all(1 <= count <= size for count in sizes(packs))
    assert all(len(set(map(pack_key, pack.configs))) == 1 for pack in packs)
    assert [pack.n_images for pack in packs] == sorted((pack.n_images for pack in packs), reverse=True)
    assert len(packs) % workers == 0 or max(sizes(packs), default=1) == 1
    random.shuffle(configs)
    assert plan_packs(configs, pack_size=size, n_workers=workers) == packs


@pytest.mark.parametrize(
    ("n_runs", "size", "workers", "expected"),
    [
        (400, 256, 1, [200, 200]),
        (27, 8, 2, [7, 7, 7, 6]),
        (9, 8, 2, [5, 4]),
        (3, 8, 16, [1, 1, 1]),
        (17, 1, 2, [1] * 17),
    ],
)
def test_packs_are_of_nearly_equal_size_and_leave_no_worker_idle(n_runs, size, workers, expected):
    assert sizes(plan_packs(runs(n_runs), pack_size=size, n_workers=workers)) == expected


def test_the_longest_runs_are_divided_first():
    packs = plan_packs(runs(4, epochs=1) + runs(4, epochs=6), pack_size=4, n_workers=3)
    assert [(len(pack.configs), pack.configs[0].training.epochs) for pack in packs] == [
        (2, 6),
        (2, 6),
        (4, 1),
    ]


def end_over_ideal(packs, workers):
    """Return when the last worker is done, in units of the time at which all could be."""
    busy_until = [0] * workers
    for pack in packs:
        heapq.heapreplace(busy_until, busy_until[0] + pack.n_images)
    return max(busy_until) * workers / sum(busy_until)


# With 16 workers, packs of one size in runs and one per worker would end after 3.2 times the ideal.
@pytest.mark.parametrize(("size", "workers", "bound"), [(8, 16, 1.05), (8, 2, 1.01), (256, 4, 1.1)])
def test_workers_finish_together_though_runs_differ_in_length(size, workers, bound):
    configs = [run for n_train in (5_000, 20_000, 75_000, 300_000) for run in runs(30, n_train=n_train)]
    assert end_over_ideal(plan_packs(configs, pack_size=size, n_workers=workers), workers) < bound


def test_packs_are_not_divided_into_crumbs():
    packs = plan_packs(runs(10, epochs=6) + runs(10, epochs=1), pack_size=256, n_workers=4)
    assert sizes(packs) == [4, 3, 3, 10], "each pack costs as much as 18 runs more"


def test_packs_hold_whole_seeds():
    configs = [replace(config, tasks=tasks) for config in runs(4) for tasks in ((), (TaskConfig("order"),))]
    packs = plan_packs(configs, pack_size=2)
    assert [{config.seed for config in pack.configs} for pack in packs] == [{0}, {1}, {2}, {3}]


def test_sources_tasks_and_learning_rates_may_share_a_pack_but_shapes_may_not():
    run = RunConfig()
    same = [
        replace(run, source=SourceConfig("alignment", 2.0)),
        replace(run, tasks=(TaskConfig("bins"),)),
        replace(run, training=TrainingConfig(learning_rate=1e-3)),
        replace(run, training=TrainingConfig(learning_rate_decay=0.5)),
        replace(run, training=TrainingConfig(cooldown=0.5)),
        replace(run, seed=1),
    ]
    other = [
        replace(run, protocol="published"),
        replace(run, training=TrainingConfig(n_latents=3)),
        replace(run, training=TrainingConfig(batch_size=32)),
        replace(run, training=TrainingConfig(precision="fp32")),
    ]
    assert {pack_key(config) for config in same} == {pack_key(run)}
    assert pack_key(run) not in {pack_key(config) for config in other}


def test_the_id_of_a_pack_is_that_of_its_runs():
    one, two = runs(2)
    assert Pack((one, two)).pack_id == Pack((two, one)).pack_id
    assert Pack((one,)).pack_id != Pack((two,)).pack_id
    assert len(Pack((one,)).pack_id) == 16


@pytest.mark.parametrize("name", ["pack_size", "n_workers"])
def test_counts_below_one_are_refused(name):
    options = {"pack_size": 1, "n_workers": 1} | {name: 0}
    with pytest.raises(ValueError, match=f"{name} must be an integer of at least 1, but got 0"):
        plan_packs([], **options)
