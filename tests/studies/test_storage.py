from __future__ import annotations

from typing import Annotated, Any

import pytest

from rdsweep.studies._storage import _FREE_KEYS, _definition
from rdsweep.studies._study_file import Score, Space, StudyFile, Target
from rdsweep.sweeps import Added, Declaration, Objective, Training
from rdsweep.sweeps._schema import HeadChoice

FILES: dict[str, dict[str, Any]] = {
    "frontier": {
        "name": "beta",
        "kind": "frontier",
        "seeds": 2,
        "n_configs": 8,
        "search": {"beta": [3.0, 300.0]},
    },
    "task": {
        "name": "task",
        "kind": "task",
        "seeds": [1, 2],
        "n_configs": 8,
        "search": {"capacity": [1.0, 9.0], "weight": [0.1, 10.0]},
        "condition": {"tasks": [["order", {"task": "bins", "head": "linear"}]]},
        "score": {"task": "order", "rate_at_most": 3.0},
        "objective": {"ramp_calls": 100},
        "training": {"epochs": 2, "fresh": True},
        "probes": ["region"],
    },
}

STORED = {
    "frontier": "name aca89214, kind d18a944a, plugins 4f53cda1, protocol 661367e2, seeds 923682be, "
    "search cdc9bd82, target 74234e98, score 74234e98, batch 2c624232, sampler_seed 5feceb66, "
    "objective b0a01f7c, training 9b800a61, probes 30a0924a, condition 9bd0b8e6",
    "task": "name b9ce06a0, kind b9ce06a0, plugins 4f53cda1, protocol 661367e2, seeds 3a316d6d, "
    "search 8fde6bba, target 74234e98, score b731f043, batch 2c624232, sampler_seed 5feceb66, "
    "objective 16a06fab, training b76abd74, probes 65ad1751, condition 2eeb7cae",
}
"""Definitions as the first version stored them."""

FIRST_VERSION: dict[type[Declaration], str] = {
    StudyFile: "name description kind plugins protocol seeds search condition conditions reference "
    "target score n_configs batch sampler_seed stop prune objective training probes weights pack_size",
    Space: "beta capacity gamma weight learning_rate n_latents",
    Target: "rate tolerance",
    Score: "task metric rate_at_most distortion_at_most",
    Objective: "kind capacity beta gamma rate_weight ramp_calls early_calls validation_calls task_ramp_calls",
    Training: "n_train epochs batch_size fresh shards learning_rate learning_rate_decay cooldown n_latents "
    "precision",
    HeadChoice: "task head",
}
"""The keys that every definition holds. None is ever added: mark what comes later with `Added`."""


@pytest.mark.parametrize("kind", FILES)
def test_a_study_of_the_first_version_keeps_its_definition(kind: str) -> None:
    definition = _definition(StudyFile.model_validate(FILES[kind]), "")
    assert ", ".join(f"{key} {digest}" for key, digest in definition.items()) == STORED[kind]


@pytest.mark.parametrize("declared", FIRST_VERSION)
def test_every_later_key_is_marked_with_its_original_default(declared: type[Declaration]) -> None:
    unmarked = [
        name
        for name, field in declared.model_fields.items()
        if not any(isinstance(mark, Added) for mark in field.metadata)
    ]
    assert unmarked == FIRST_VERSION[declared].split()


class LaterFile(StudyFile):
    """A study file in a version that has another key."""

    dropout: Annotated[float, Added(0.5)] = 0.5


class LaterTraining(Training):
    """Settings of training in a version that has another one; its default has changed since."""

    dropout: Annotated[float | None, Added(None)] = 0.1


class LaterHead(HeadChoice):
    """A head in a version that has another setting."""

    width: Annotated[int, Added(1024)] = 1024


def _with(file: StudyFile, **values: Any) -> StudyFile:
    return file.model_copy(update=values)


def test_a_key_at_its_original_default_leaves_the_definition_alone() -> None:
    file = StudyFile.model_validate(FILES["task"])
    before = _definition(file, "")
    assert _definition(LaterFile.model_validate(FILES["task"]), "") == before
    settings = FILES["task"]["training"] | {"dropout": 0.1}
    same = LaterTraining.model_validate(settings).model_copy(update={"dropout": None})
    assert _definition(_with(file, training=same), "") == before
    assert _definition(_with(file, probes=[LaterHead(task="region")]), "") == before


def test_a_key_that_differs_from_its_original_default_is_another_definition() -> None:
    file = StudyFile.model_validate(FILES["task"])
    before = _definition(file, "")
    later = _definition(LaterFile.model_validate(FILES["task"] | {"dropout": 0.6}), "")
    assert later.keys() - before.keys() == {"dropout"}
    training = LaterTraining.model_validate(FILES["task"]["training"])
    for key, value in {"training": training, "probes": [LaterHead(task="region", width=8)]}.items():
        after = _definition(_with(file, **{key: value}), "")
        assert {name for name in before if after[name] != before[name]} == {key}


def test_what_may_change_between_launches_is_no_part_of_the_definition() -> None:
    changed = {"n_configs": 9, "description": "x", "pack_size": 3, "weights": "keep"}
    assert changed.keys() <= _FREE_KEYS
    file = StudyFile.model_validate(FILES["frontier"])
    assert _definition(_with(file, **changed), "") == _definition(file, "")
