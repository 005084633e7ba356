from __future__ import annotations

from pathlib import Path

import pytest

from rdsweep.studies import load_study_file
from rdsweep.studies._study_file import check_study
from rdsweep.sweeps import SweepError, parse_document

GOOD = "name: beta\nkind: frontier\nseeds: 2\nn_configs: 16\nsearch: {beta: [3, 300]}\n"
COMPARED = "compare\nconditions: {{a: {{model: baseline}}, b: {{model: {}}}}}\nreference: {}"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("frontier", "frontir", "kind must be 'frontier', 'target_rate', 'task' or 'compare', but got"),
        ("[3, 300]", "[300, 3]", "search.beta must be [low, high] with low below high, but got"),
        ("[3, 300]", "[0, 300]", "search.beta[0] must be above 0, but got 0"),
        ("beta: [3, 300]", "gamma: [1, 2]", "search must have beta or capacity, and not both"),
        ("{beta: [3, 300]}", "{beta: [3, 300], weight: [1, 2]}", "must have tasks, or a model with tasks"),
        ("frontier", "target_rate", "kind must come with the key 'target' where it is target_rate"),
        ("frontier", "frontier\nscore: {task: order}", "score is a key for studies of kind task"),
        ("frontier", "task\nscore: {task: order}", "score.task must be a task of the condition"),
        ("seeds: 2", "seeds: 1\nstop: {stagnation: 2}", "stop.stagnation needs a front"),
        ("seeds: 2", "seeds: 2\ncondition: {model: [baseline, E2M1]}", "condition.model must have one value"),
        ("seeds: 2", "seeds: 2\ncondition: {beta: 3}", "condition.beta must stand under search"),
        ("frontier", "frontir", "but got 'frontir'; did you mean 'frontier'?"),
        ("seeds: 2", "seeds: 2\nspace: {grid: {}}", "space is a key of a sweep, which 'rdsweep run' runs"),
        ("frontier", COMPARED.format("baseline", "a"), "conditions must differ, but a and b are the same"),
        ("frontier", COMPARED.format("E2M1", "c"), "reference must be one of a, b, but got 'c'"),
        ("seeds: 2", "seed: 2", "seed is not a known key; did you mean 'seeds'?"),
        ("name: beta", "name: ../beta", "name must be a letter"),
        ("n_configs: 16", "n_configs: 0", "n_configs must be at least 1, but got 0"),
    ],
)
def test_mistakes_are_told_in_one_line(old: str, new: str, message: str) -> None:
    with pytest.raises(SweepError) as caught:
        check_study(parse_document(GOOD.replace(old, new), name="beta.yaml"))
    text = str(caught.value)
    assert message in text
    assert text.startswith("beta.yaml:")
    assert "\n" not in text


def test_the_shipped_study_is_one() -> None:
    file = load_study_file(Path(__file__).parents[2] / "sweeps" / "beta.yaml")
    assert (file.name, file.kind, file.n_configs) == ("beta", "frontier", 12)
