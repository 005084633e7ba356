import subprocess
import sys

import pytest

from rdsweep.config import RunConfig, SourceConfig, TaskConfig
from rdsweep.models import MODELS, PUBLISHED_RATIO, default_head, model_name
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


@pytest.mark.parametrize("name", MODELS)
def test_a_model_is_found_again_by_its_source_and_tasks(name):
    model = MODELS[name]
    assert model_name(RunConfig(source=model.source(ratio=3.0), tasks=model.heads(weight=0.1))) == name


def test_other_conditions_are_named_after_their_parts(monkeypatch):
    monkeypatch.setattr("rdsweep.tasks._registry", {})
    for name in ("b_task", "a_task"):
        register_task(Task(name, 2, lambda upper, lower: upper < 6))
    tasks = (TaskConfig("b_task"), TaskConfig("a_task"))
    assert model_name(RunConfig(tasks=tasks)) == "a_task+b_task"
    assert (
        model_name(RunConfig(source=SourceConfig("alignment", 2.0), tasks=tasks)) == "alignment+a_task+b_task"
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
