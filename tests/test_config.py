import dataclasses
import json
import math
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from rdsweep import config as settings
from rdsweep._canonical import added
from rdsweep.config import (
    ObjectiveConfig,
    ProbeConfig,
    RunConfig,
    SourceConfig,
    TaskConfig,
    TrainingConfig,
    run_config_from_json,
)
from rdsweep.sweeps import Pack
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
        ({"fresh": 1}, "fresh must be true or false, but got 1"),
        ({"precision": "fp8"}, "precision must be one of auto, fp32, tf32, bf16, but got 'fp8'"),
    ],
)
def test_training_settings_fit_together(changes, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        TrainingConfig(**changes)


def test_settings_may_be_at_their_limits():
    training = TrainingConfig(n_train=64, batch_size=64, cooldown=1.0)
    assert (training.steps_per_epoch, training.cooldown) == (1, 1.0)


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


def test_run_id_does_not_depend_on_the_sign_of_zero():
    # No other test has this number of images: a canonical form is made once for equal parts.
    minus = RunConfig(training=TrainingConfig(n_train=4711, cooldown=-0.0))
    assert '"cooldown":0.0' in minus.canonical_json()


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


FIRST_VERSION = {
    SourceConfig: "imbalance ratio",
    TaskConfig: "name weight head",
    ProbeConfig: "name head",
    ObjectiveConfig: "kind capacity beta gamma rate_weight ramp_calls early_calls validation_calls "
    "task_ramp_calls",
    TrainingConfig: "n_train epochs batch_size fresh shards learning_rate learning_rate_decay cooldown "
    "n_latents precision",
    RunConfig: "source tasks objective training probes protocol seed",
}
"""The settings that every canonical form holds. None is ever added: declare what comes later with `added`."""


def test_every_later_setting_is_declared_with_its_original_default():
    parts = {part for part in vars(settings).values() if dataclasses.is_dataclass(part)}
    undeclared = {
        part: [field.name for field in dataclasses.fields(part) if "original" not in field.metadata]
        for part in parts
    }
    assert undeclared == {part: names.split() for part, names in FIRST_VERSION.items()}


PAPER = {
    "31efb76dcd0cca38": RunConfig(
        objective=ObjectiveConfig(capacity=3.0),
        probes=(
            ProbeConfig("bins", "nonlinear"),
            *(
                ProbeConfig(task, head)
                for task in ("order", "region", "equality")
                for head in ("linear", "nonlinear")
            ),
        ),
    ),
    "95c3672327210b6f": RunConfig(
        source=SourceConfig("alignment", 10.0),
        objective=ObjectiveConfig(capacity=10.0),
        training=TrainingConfig(precision="bf16"),
    ),
    "ef39931fc4233ad2": RunConfig(
        tasks=(TaskConfig("bins", 10.0, "nonlinear"),),
        objective=ObjectiveConfig(capacity=6.0),
        training=TrainingConfig(precision="bf16"),
    ),
    "398304d121307435": RunConfig(
        tasks=(TaskConfig("order"),),
        objective=ObjectiveConfig(
            "capacity", capacity=3.0, gamma=10_000.0, validation_calls=235, task_ramp_calls=2500
        ),
        training=TrainingConfig(n_train=170_000, batch_size=128, shards=2, cooldown=0.0, precision="bf16"),
        protocol="published",
    ),
}
"""Conditions of the paper's report, by their ids."""


@pytest.mark.parametrize("condition_id", PAPER)
def test_conditions_of_the_paper_have_their_ids(condition_id):
    assert PAPER[condition_id].condition_id == condition_id


@pytest.mark.parametrize(
    ("condition_id", "seed", "run_id"),
    [
        ("31efb76dcd0cca38", 5, "00692a8582c2cb44"),
        ("95c3672327210b6f", 0, "1b4c589b51db0aa0"),
        ("ef39931fc4233ad2", 0, "999b12c71b081f75"),
        ("398304d121307435", 0, "2aa89dcc36b6e75e"),
    ],
)
def test_runs_of_the_paper_have_their_ids(condition_id, seed, run_id):
    assert dataclasses.replace(PAPER[condition_id], seed=seed).run_id == run_id


def test_every_stored_run_of_the_paper_keeps_its_id():
    files = (Path(__file__).parents[1] / "reports" / "paper" / "data").glob("**/runs/*.parquet")
    n_runs = 0
    for file in files:
        stored = pq.read_table(file, columns=["run_id", "condition_id", "pack_id", "config"])
        rows = stored.to_pylist()
        configs = [run_config_from_json(row["config"]) for row in rows]
        assert [config.canonical_json() for config in configs] == [row["config"] for row in rows]
        assert [config.run_id for config in configs] == [row["run_id"] for row in rows]
        assert [config.condition_id for config in configs] == [row["condition_id"] for row in rows]
        assert {Pack(tuple(configs)).pack_id} == {row["pack_id"] for row in rows}
        n_runs += len(rows)
    assert n_runs >= 782


ONE_OF_EACH = RunConfig(
    source=SourceConfig("alignment", 3.0),
    tasks=(ORDER,),
    objective=ObjectiveConfig(capacity=2.0),
    probes=(ProbeConfig("region"),),
)
PARTS = {
    SourceConfig: lambda run: run.source,
    TaskConfig: lambda run: run.tasks[0],
    ObjectiveConfig: lambda run: run.objective,
    TrainingConfig: lambda run: run.training,
    ProbeConfig: lambda run: run.probes[0],
    RunConfig: lambda run: run,
}


def with_setting(part, *, default, original=0.5):
    """Return the part in a later version, which has another setting."""
    later = added(default, original=original)
    return dataclasses.make_dataclass(
        part.__name__, [("dropout", "float", later)], bases=(part,), frozen=True
    )


def in_version(later):
    """Return `ONE_OF_EACH` with the part ``later``, its new setting at its default."""

    def renewed(value):
        if isinstance(value, tuple):
            return tuple(map(renewed, value))
        kind = later if later.__base__ is type(value) else type(value)
        if not dataclasses.is_dataclass(value):
            return value
        return kind(**{each.name: renewed(getattr(value, each.name)) for each in dataclasses.fields(value)})

    return renewed(ONE_OF_EACH)


@pytest.mark.parametrize("part", PARTS)
def test_a_setting_at_its_original_default_leaves_every_id_alone(part):
    run = in_version(with_setting(part, default=0.5))
    assert PARTS[part](run).dropout == 0.5
    assert run.canonical_json() == ONE_OF_EACH.canonical_json()
    assert (run.run_id, run.condition_id) == (ONE_OF_EACH.run_id, ONE_OF_EACH.condition_id)
    assert Pack((run,)).pack_id == Pack((ONE_OF_EACH,)).pack_id


@pytest.mark.parametrize("part", PARTS)
def test_a_setting_that_differs_from_its_original_default_is_another_run(part):
    runs = [in_version(with_setting(part, default=value)) for value in (0.0, 0.5, 1.0)]
    assert len({run.run_id for run in runs}) == 3
    assert len({run.condition_id for run in runs}) == 3


@pytest.mark.parametrize("part", PARTS)
def test_a_run_from_before_a_setting_is_read_with_its_original_default(part, monkeypatch):
    later = with_setting(part, default=1.0)
    monkeypatch.setattr(settings, part.__name__, later)
    for text, value in ((ONE_OF_EACH.canonical_json(), 0.5), (in_version(later).canonical_json(), 1.0)):
        run = settings.run_config_from_json(text)
        assert PARTS[part](run).dropout == value
        assert run.canonical_json() == text


def test_a_whole_part_may_come_later():
    @dataclasses.dataclass(frozen=True)
    class Network:
        width: float
        depth: int = added(3, original=2)

    network = added(Network(64.0), original={"width": 32})
    later = dataclasses.make_dataclass(
        "Later", [("network", Network, network)], bases=(RunConfig,), frozen=True
    )
    assert later(network=Network(32.0, 2)).run_id == RunConfig().run_id
    assert json.loads(later().canonical_json())["network"] == {"depth": 3, "width": 64.0}


def test_a_setting_of_a_later_version_is_named():
    text = RunConfig().canonical_json().replace('"fresh"', '"dropout":0.5,"fresh"')
    with pytest.raises(
        ValueError, match=r"^TrainingConfig must have known settings only, but got \['dropout'\]"
    ):
        run_config_from_json(text)


def test_equal_settings_have_equal_ids_in_any_order():
    # 1 and 1.0 are equal, so that one's canonical form must not answer for the other's.
    for weight in (2, 2.0):
        run = RunConfig(tasks=(TaskConfig("order", weight),), objective=ObjectiveConfig(capacity=weight))
        assert '"weight":2.0' in run.canonical_json()
        assert '"capacity":2.0' in run.canonical_json()
