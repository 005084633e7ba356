import pytest

from rdsweep.config import ObjectiveConfig, RunConfig, SourceConfig, TaskConfig
from rdsweep.models import MODELS, model_name
from rdsweep.sweeps import expand_sweep


def expand(*, seeds=1, space=None, grid=None, **settings):
    return expand_sweep({"name": "test", "seeds": seeds, "space": space or {"grid": grid}} | settings)


def only(**settings):
    (config,) = expand(**settings).configs
    return config


def test_scalars_stand_for_lists_of_one_and_defaults_for_the_rest():
    assert only(grid={"capacity": 2}) == RunConfig(objective=ObjectiveConfig(capacity=2.0))


def test_grid_is_a_product_zip_is_parallel_and_blocks_are_chained():
    space = [
        {"grid": {"model": ["baseline", "E2M1"]}, "zip": {"capacity": [1, 3], "n_train": [100, 300]}},
        {"grid": {"capacity": 9}},
    ]
    found = {
        (model_name(config), config.objective.capacity, config.training.n_train)
        for config in expand(space=space).configs
    }
    assert found == {
        ("baseline", 1.0, 100),
        ("baseline", 3.0, 300),
        ("E2M1", 1.0, 100),
        ("E2M1", 3.0, 300),
        ("baseline", 9.0, 75_000),
    }


def test_order_of_keys_values_and_blocks_does_not_matter():
    grid = {"model": ["E2M1", "baseline"], "capacity": [3, 1], "epochs": [1, 2]}
    turned = {key: values[::-1] for key, values in reversed(grid.items())}
    last = {"grid": {"beta": 1}}
    one = expand(space=[{"grid": grid}, last], seeds=[4, 0])
    other = expand(space=[last, {"grid": turned}], seeds=[0, 4])
    assert one.configs == other.configs
    assert [config.seed for config in one.configs[:2]] == [0, 4]


def test_equal_runs_are_merged_and_counted():
    sweep = expand(
        grid={"imbalance": ["alignment", "lower_corridor"], "ratio": [1, 5], "capacity": 1}, seeds=3
    )
    assert sweep.n_declared == 12
    assert len(sweep.configs) == 9
    assert sweep.n_conditions == 3


def test_axes_that_a_condition_cannot_feel_do_not_multiply_it():
    sweep = expand(
        grid={"model": ["baseline", "E1M1", "E2M1"], "ratio": [2, 4], "weight": [1, 2], "capacity": 1}
    )
    found = sorted(
        (model_name(config), config.source.ratio, *(task.weight for task in config.tasks))
        for config in sweep.configs
    )
    assert found == [
        ("E2M1", 1.0, 1.0),
        ("E2M1", 1.0, 2.0),
        ("baseline", 1.0),
        ("lower_corridor_x2", 2.0),
        ("lower_corridor_x4", 4.0),
    ]


def test_an_axis_goes_before_the_common_setting():
    sweep = expand(
        space=[{"grid": {"capacity": 1, "epochs": 2}}, {"grid": {"capacity": 2}}], training={"epochs": 3}
    )
    assert {config.objective.capacity: config.training.epochs for config in sweep.configs} == {1.0: 2, 2.0: 3}


def test_task_sets_heads_and_weights():
    tasks = [["order", {"task": "equality", "head": "nonlinear"}]]
    config = only(grid={"tasks": tasks, "weight": {"order": 3}, "capacity": 1})
    assert config.tasks == (TaskConfig("equality", 1.0, "nonlinear"), TaskConfig("order", 3.0, "linear"))


def test_a_list_of_names_is_an_axis_of_single_tasks():
    sweep = expand(grid={"tasks": ["order", "bins"], "capacity": 1})
    assert [model_name(config) for config in sweep.configs] == ["E2M1", "E2M4"]


def test_source_and_tasks_combine_freely():
    config = only(grid={"imbalance": "alignment", "ratio": 3, "tasks": "order", "capacity": 1})
    assert config.source == SourceConfig("alignment", 3.0)
    assert [task.name for task in config.tasks] == ["order"]


@pytest.mark.parametrize(
    ("grid", "settings", "kind", "gamma"),
    [
        ({"capacity": 1}, {}, "constrained", None),
        ({"capacity": 1, "objective": "capacity"}, {}, "capacity", 300.0),
        ({"capacity": 1, "gamma": 7}, {"objective": {"kind": "capacity"}}, "capacity", 7.0),
        ({"beta": 1}, {}, "beta", None),
        ({"beta": 1, "protocol": "published"}, {}, "beta", None),
        ({"model": "baseline"}, {"objective": {"capacity": 1}, "protocol": "published"}, "capacity", 300.0),
    ],
)
def test_the_kind_of_objective_follows_from_what_is_said(grid, settings, kind, gamma):
    objective = only(grid=grid, **settings).objective
    assert (objective.kind, objective.gamma) == (kind, gamma)


# γ and steps per epoch by model: from configuration files and logs in the paper's public repository,
# damat-le/geom_eff_codes, read 2026-11-24.
@pytest.mark.parametrize(
    ("model", "gamma", "steps_per_epoch", "ratio"),
    [
        ("baseline", 300, 1329, 1),
        ("E1M1", 300, 1329, 2000 / 260),
        ("E1M2", 300, 586, 10),
        ("E2M1", 10_000, 1329, 1),
        ("E2M2", 10_000, 1329, 1),
        ("E2M3", 10_000, 1329, 1),
        ("E2M4", 10_000, 1329, 1),
        ("E2M5", 5_000, 1329, 1),
    ],
)
def test_the_published_protocol(model, gamma, steps_per_epoch, ratio):
    config = only(grid={"model": model, "capacity": 1}, protocol="published")
    assert config.objective.gamma == gamma
    assert config.training.steps_per_epoch == steps_per_epoch
    assert config.source.ratio == ratio
    assert (config.objective.early_calls, config.objective.validation_calls) == (1500, 235)
    assert (config.training.batch_size, config.training.shards) == (128, 2)


def test_what_a_file_says_counts_more_than_its_protocol():
    config = only(
        grid={"model": "E2M1", "capacity": 1, "gamma": 7},
        protocol="published",
        training={"batch_size": 32, "cooldown": 0.1},
    )
    assert (config.training.batch_size, config.training.cooldown, config.objective.gamma) == (32, 0.1, 7.0)
    assert (config.training.n_train, config.training.shards) == (170_000, 2)


def test_the_matched_protocol_gives_every_model_one_budget():
    sweep = expand(grid={"model": list(MODELS), "capacity": 1})
    assert {config.training for config in sweep.configs} == {RunConfig().training}
    assert {config.objective for config in sweep.configs} == {RunConfig().objective}


@pytest.mark.parametrize(
    ("model", "probed"),
    [
        ("baseline", {"order", "region", "equality", "bins"}),
        ("E1M1", set()),
        ("E2M1", {"region", "equality", "bins"}),
        ("E2M4", {"order", "region", "equality"}),
        ("E2M5", set()),
    ],
)
def test_the_papers_probes(model, probed):
    probes = only(grid={"model": model, "capacity": 1}, probes="paper").probes
    assert {probe.name for probe in probes} == probed
    heads = {(probe.name, probe.head) for probe in probes}
    assert len(heads) == len(probes) == sum(1 if name == "bins" else 2 for name in probed)
    assert ("bins", "linear") not in heads


def test_probes_of_ones_own():
    config = only(grid={"capacity": 1}, probes=["order", {"task": "bins", "head": "linear"}])
    assert [(probe.name, probe.head) for probe in config.probes] == [("bins", "linear"), ("order", "linear")]


def test_probes_as_an_axis():
    sweep = expand(grid={"capacity": 1, "probes": ["none", "paper", ["order"]]})
    assert sorted(len(config.probes) for config in sweep.configs) == [0, 1, 7]
