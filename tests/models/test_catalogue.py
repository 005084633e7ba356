import subprocess
import sys

import pytest

from rdsweep.config import RunConfig, SourceConfig, TaskConfig
from rdsweep.models import MODELS, PUBLISHED_RATIO, default_head, model_name
from rdsweep.sweeps import expand_sweep
from rdsweep.tasks import BUILTIN_TASKS, Task, register_task


def test_the_paper_has_eight_models():
    assert list(MODELS) == ["baseline", "E1M1", "E1M2", "E2M1", "E2M2", "E2M3", "E2M4", "E2M5"]
    assert set(MODELS["E2M5"].tasks) == set(BUILTIN_TASKS)


def test_sources_take_the_ratio_of_their_protocol():
    assert MODELS["E1M1"].source() == SourceConfig("lower_corridor", 10.0)
    assert MODELS["E1M1"].source(protocol="published").ratio == pytest.approx(2000 / 260)
    assert MODELS["E1M2"].source(protocol="published").ratio == PUBLISHED_RATIO["alignment"] == 10.0
    assert MODELS["E1M2"].source(ratio=5.0) == SourceConfig("alignment", 5.0)
    assert MODELS["E2M1"].source(ratio=5.0) == SourceConfig()


def test_heads_are_the_papers():
    heads = {head.name: head for head in MODELS["E2M5"].heads(weight=2.0)}
    assert {name: head.head for name, head in heads.items()} == {
        "order": "linear",
        "region": "linear",
        "equality": "linear",
        "bins": "nonlinear",
    }
    assert {head.weight for head in heads.values()} == {2.0}
    assert default_head("bins") == "nonlinear"


@pytest.mark.parametrize("protocol", ["matched", "published"])
@pytest.mark.parametrize("name", MODELS)
def test_a_model_is_found_again_by_its_source_and_tasks(name, protocol):
    model = MODELS[name]
    for ratio in (None, 10.0):  # that of the protocol, and the one that the paper states
        source = model.source(ratio=ratio, protocol=protocol)
        assert model_name(RunConfig(source=source, tasks=model.heads(weight=0.1), protocol=protocol)) == name


def test_another_ratio_is_no_model_of_the_paper():
    def named(imbalance, ratio, **settings):
        return model_name(RunConfig(source=SourceConfig(imbalance, ratio), **settings))

    assert named("lower_corridor", 3.0) == "lower_corridor_x3"
    assert named("alignment", 2.5) == "alignment_x2.5"
    # The ratio of the published files belongs to runs by the published protocol.
    assert named("lower_corridor", 2000 / 260, protocol="published") == "E1M1"
    assert named("lower_corridor", 2000 / 260) == "lower_corridor_x7.6923076923076925"
    assert named("lower_corridor", 1.0) == "baseline"


def test_conditions_keep_their_order_whatever_they_are_called():
    grid = {"imbalance": ["alignment", "lower_corridor"], "ratio": [20, 10, 5], "capacity": 1}
    sweep = expand_sweep({"name": "ratios", "seeds": 1, "space": {"grid": grid}})
    assert [model_name(config) for config in sweep.configs] == [
        "lower_corridor_x5", "E1M1", "lower_corridor_x20", "alignment_x5", "E1M2", "alignment_x20",
    ]  # fmt: skip


def test_other_conditions_are_named_after_their_parts(monkeypatch):
    monkeypatch.setattr("rdsweep.tasks._registry", {})
    for name in ("b_task", "a_task"):
        register_task(Task(name, 2, lambda upper, lower: upper < 6))
    tasks = (TaskConfig("b_task"), TaskConfig("a_task"))
    assert model_name(RunConfig(tasks=tasks)) == "a_task+b_task"
    assert (
        model_name(RunConfig(source=SourceConfig("alignment", 2.0), tasks=tasks))
        == "alignment_x2+a_task+b_task"
    )


def test_a_head_is_linear_for_two_classes_only(monkeypatch):
    monkeypatch.setattr("rdsweep.tasks._registry", {})
    for n_classes in (2, 3):
        labels = lambda upper, lower, n=n_classes: (upper + lower) % n  # noqa: E731
        register_task(Task(f"of_{n_classes}", n_classes, labels))
    assert [default_head(name) for name in ("of_2", "of_3")] == ["linear", "nonlinear"]


def test_the_catalogue_does_not_load_torch():
    code = "import sys, rdsweep.models; rdsweep.models.MODELS; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_unknown_name_is_no_attribute():
    import rdsweep.models

    with pytest.raises(AttributeError, match="has no attribute 'Transformer'"):
        rdsweep.models.Transformer  # noqa: B018
