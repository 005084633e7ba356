import dataclasses
import json
import math

import pytest

from rdsweep.config import (
    ObjectiveConfig,
    ProbeConfig,
    RunConfig,
    SourceConfig,
    TaskConfig,
    TrainingConfig,
    run_config_from_json,
)
from rdsweep.tasks import Task, register_task

ORDER, REGION = TaskConfig("order"), TaskConfig("region", 2.0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: SourceConfig("left"),
            "imbalance must be one of none, lower_corridor, alignment, but got 'left'",
        ),
        (lambda: SourceConfig("alignment", 0.5), "ratio must be a finite number of at least 1, but got 0.5"),
        (
            lambda: SourceConfig("alignment", math.inf),
            "ratio must be a finite number of at least 1, but got inf",
        ),
        (lambda: SourceConfig("none", 2.0), "ratio must be 1 where imbalance is 'none', but got 2.0"),
        (lambda: TaskConfig("size"), "task must be one of .*order.*, but got 'size'"),
        (lambda: TaskConfig("order", 0.0), "weight must be a finite number above 0, but got 0.0"),
        (lambda: TaskConfig("order", True), "weight must be a finite number above 0, but got True"),
        (lambda: TaskConfig("order", head="deep"), "head must be one of linear, nonlinear, but got 'deep'"),
        (lambda: ProbeConfig("size"), "task must be one of .*, but got 'size'"),
        (lambda: ProbeConfig("order", "deep"), "head must be one of linear, nonlinear, but got 'deep'"),
        (lambda: ObjectiveConfig("rate"), "kind must be one of constrained, capacity, beta, but got 'rate'"),
        (lambda: ObjectiveConfig(), "capacity must be a finite number above 0, but got None"),
        (lambda: ObjectiveConfig(capacity=-1.0), "capacity must be a finite number above 0, but got -1.0"),
        (
            lambda: ObjectiveConfig(capacity="1e-4"),
            "capacity must be a finite number above 0, but got '1e-4'",
        ),
        (lambda: ObjectiveConfig(capacity=math.nan), "capacity must be a finite number above 0, but got nan"),
        (
            lambda: ObjectiveConfig(capacity=1.0, beta=1.0),
            "beta must be left out of a 'constrained' objective, but got 1.0",
        ),
        (
            lambda: ObjectiveConfig("beta", beta=1.0, gamma=1.0),
            "gamma must be left out of a 'beta' objective, but got 1.0",
        ),
        (
            lambda: ObjectiveConfig("beta", beta=1.0, capacity=1.0),
            "capacity must be left out of a 'beta' objective, but got 1.0",
        ),
        (
            lambda: ObjectiveConfig("capacity", capacity=1.0),
            "gamma must be a finite number above 0, but got None",
        ),
        (lambda: ObjectiveConfig("beta"), "beta must be a finite number above 0, but got None"),
        (
            lambda: ObjectiveConfig(capacity=1.0, rate_weight=0.0),
            "rate_weight must be a finite number above 0, but got 0.0",
        ),
        (
            lambda: RunConfig(protocol="paper"),
            "protocol must be one of matched, published, but got 'paper'",
        ),
        (lambda: RunConfig(seed=-1), "seed must be an integer of at least 0, but got -1"),
        (lambda: RunConfig(seed=1.0), "seed must be an integer of at least 0, but got 1.0"),
        (
            lambda: RunConfig(tasks=(ORDER, TaskConfig("order", 2.0))),
            r"tasks must name each task once, but got \['order', 'order'\]",
        ),
        (lambda: RunConfig(probes=(ProbeConfig("order"),) * 2), "probes must be distinct, but got"),
    ],
)
def test_a_mistake_is_named_with_its_rule_and_value(make, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        make()


@pytest.mark.parametrize("name", ["ramp_calls", "early_calls", "validation_calls", "task_ramp_calls"])
def test_calls_are_counts(name):
    with pytest.raises(ValueError, match=f"^{name} must be an integer of at least 0, but got -1"):
        ObjectiveConfig(capacity=1.0, **{name: -1})


@pytest.mark.parametrize("name", ["n_train", "epochs", "batch_size", "shards", "n_latents"])
@pytest.mark.parametrize("value", [0, 1.5, True])
def test_sizes_are_counts(name, value):
    with pytest.raises(ValueError, match=f"^{name} must be an integer of at least 1, but got {value}"):
        TrainingConfig(**{name: value})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_train": 32}, "n_train must be at least batch_size, but got 32"),
        ({"shards": 3}, "shards must divide batch_size, but got 3"),
        ({"learning_rate": 0.0}, "learning_rate must be a finite number above 0, but got 0.0"),
        ({"learning_rate_decay": -1.0}, "learning_rate_decay must be a finite number above 0, but got -1.0"),
        ({"cooldown": -0.1}, "cooldown must be a finite number of at least 0, but got -0.1"),
        ({"cooldown": 1.5}, "cooldown must be at most 1, but got 1.5"),
        ({"precision": "fp8"}, "precision must be one of auto, fp32, tf32, bf16, but got 'fp8'"),
    ],
)
def test_training_settings_fit_together(changes, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        TrainingConfig(**changes)


def test_ratio_one_is_the_uniform_source():
    assert SourceConfig("alignment", 1.0) == SourceConfig()


def test_steps_cover_every_image():
    training = TrainingConfig(n_train=130, batch_size=64, epochs=3)
    assert (training.steps_per_epoch, training.n_steps) == (3, 9)


def test_run_id_is_a_hash_of_sixteen_digits():
    assert len(RunConfig().run_id) == 16
    assert int(RunConfig().run_id, 16) >= 0


def test_run_id_does_not_depend_on_how_numbers_are_written():
    written = RunConfig(
        objective=ObjectiveConfig(capacity=3), training=TrainingConfig(cooldown=0, learning_rate=1)
    )
    same = RunConfig(
        objective=ObjectiveConfig(capacity=3.0), training=TrainingConfig(cooldown=0.0, learning_rate=1.0)
    )
    assert written.run_id == same.run_id


def test_run_id_does_not_depend_on_the_order_of_tasks_and_probes():
    probes = ProbeConfig("order"), ProbeConfig("order", "nonlinear")
    one = RunConfig(tasks=(ORDER, REGION), probes=probes)
    other = RunConfig(tasks=(REGION, ORDER), probes=probes[::-1])
    assert one == other
    assert one.run_id == other.run_id


@pytest.mark.parametrize(
    "changes",
    [
        {"source": SourceConfig("alignment", 2.0)},
        {"tasks": (TaskConfig("order", 0.5),)},
        {"objective": ObjectiveConfig(capacity=2.0)},
        {"objective": ObjectiveConfig("beta", beta=1.0)},
        {"training": TrainingConfig(epochs=5)},
        {"probes": (ProbeConfig("region"),)},
        {"protocol": "published"},
    ],
)
def test_every_setting_changes_run_and_condition(changes):
    config = RunConfig(tasks=(ORDER,))
    other = dataclasses.replace(config, **changes)
    assert other.run_id != config.run_id
    assert other.condition_id != config.condition_id


def test_seeds_share_a_condition():
    assert RunConfig(seed=1).condition_id == RunConfig(seed=2).condition_id
    assert RunConfig(seed=1).run_id != RunConfig(seed=2).run_id


def test_run_id_follows_the_labels_of_a_task(monkeypatch):
    monkeypatch.setattr("rdsweep.tasks._registry", {})
    register_task(Task("mine", 2, lambda upper, lower: upper < 3))
    before = RunConfig(tasks=(TaskConfig("mine"),))
    run_id, text = before.run_id, before.canonical_json()
    monkeypatch.setattr("rdsweep.tasks._registry", {})
    register_task(Task("mine", 2, lambda upper, lower: upper < 4))
    assert RunConfig(tasks=(TaskConfig("mine"),)).run_id != run_id
    with pytest.raises(ValueError, match=r"^task 'mine' must have the registered labels"):
        run_config_from_json(text)


def test_json_round_trip_keeps_everything():
    config = RunConfig(
        source=SourceConfig("lower_corridor", 10.0),
        tasks=(ORDER, REGION),
        objective=ObjectiveConfig("capacity", capacity=0.3, gamma=300.0, early_calls=1500),
        training=TrainingConfig(fresh=True, shards=2, precision="bf16"),
        probes=(ProbeConfig("bins", "nonlinear"),),
        protocol="published",
        seed=7,
    )
    again = run_config_from_json(config.canonical_json())
    assert again == config
    assert again.run_id == config.run_id
    assert json.loads(config.canonical_json())["objective"]["beta"] is None
