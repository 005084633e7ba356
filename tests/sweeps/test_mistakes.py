"""Every mistake in a sweep file gets one line that says where it is and what is allowed."""

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rdsweep.sweeps import Sweep, SweepError, expand_sweep, load_sweep
from rdsweep.sweeps._schema import Axes, Block, Objective, SweepFile, Training

VALID = {
    "name": "tiny",
    "seeds": 2,
    "space": [
        {
            "grid": {"model": ["baseline", "E1M1"], "capacity": [1, 3], "ratio": 5},
            "zip": {"epochs": [1, 2], "n_train": [100, 200]},
        },
        {"grid": {"tasks": ["order", ["order", "bins"]], "weight": [1, {"order": 2}], "beta": 0.5}},
    ],
    "training": {"batch_size": 32},
    "objective": {"rate_weight": 0.001},
    "probes": [{"task": "equality", "head": "linear"}],
}


def mistake(**changes):
    with pytest.raises(SweepError) as caught:
        expand_sweep(VALID | changes)
    return str(caught.value)


def grid_mistake(**axes):
    return mistake(space={"grid": axes})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sedes": 3}, "sedes is not a known key; did you mean 'seeds'?; known: name, description"),
        ({"name": "../elsewhere"}, "name must be a letter and up to 99 letters, digits"),
        ({"name": None}, "name must have a value"),
        ({"seeds": 0}, "seeds must be a number of seeds in 1..100000, or a list of seeds, but got 0"),
        ({"seeds": True}, "but got True"),
        ({"seeds": []}, "seeds must have at least one value"),
        ({"seeds": [1, 1]}, "seeds must be distinct, but got [1, 1]"),
        ({"seeds": [0, -1]}, "seeds[1] must be at least 0, but got -1"),
        ({"protocol": "paper"}, "protocol must be 'matched' or 'published', but got 'paper'"),
        ({"protocol": "Publishd"}, "but got 'Publishd'; did you mean 'published'?"),
        ({"kind": "frontier"}, "kind is a key of a study, which 'rdsweep study' runs, and not of a sweep"),
        ({"weights": "maybe"}, "weights must be 'keep' or 'drop', but got 'maybe'"),
        ({"pack_size": 0}, "pack_size must be at least 1, but got 0"),
        ({"space": []}, "space must have at least one value"),
        ({"space": 3}, "space must be a mapping of settings, but got 3"),
        ({"training": {"epoch": 3}}, "training.epoch is not a known key; did you mean 'epochs'?"),
        ({"training": {"epochs": 1.5}}, "training.epochs must be an integer, but got 1.5"),
        ({"training": {"cooldown": 2}}, "training.cooldown must be at most 1, but got 2"),
        ({"training": {"fresh": "off"}}, "training.fresh must be true or false, but got 'off'"),
        ({"probes": "all"}, "probes must be 'paper' or 'none', but got 'all'"),
        ({"probes": 3}, "probes must be paper, none or a list of tasks"),
        ({"probes": [{"head": "linear"}]}, "probes[0] must have the key 'task'"),
        ({"probes": ["equaliti"]}, "but got 'equaliti'; did you mean 'equality'?"),
        ({"probes": [{"task": "order", "head": "deep"}]}, "probes[0].head must be 'linear' or 'nonlinear'"),
        ({"plugins": ["not a module"]}, "plugins[0] must be the dotted name of a module"),
        ({"plugins": ["no_such_module"]}, "plugins[0] must be a module that can be imported: ModuleNotFound"),
        ({"plugins": ["no_such_module"]}, "No module named 'no_such_module' (is its folder on PYTHONPATH?)"),
    ],
)
def test_mistakes_in_settings(changes, message):
    assert message in mistake(**changes)


@pytest.mark.parametrize(
    ("axes", "message"),
    [
        ({"capcity": 1}, "space.grid.capcity is not a known key; did you mean 'capacity'?"),
        ({"capacity": [1, -1]}, "space.grid.capacity[1] must be above 0, but got -1"),
        ({"capacity": "1e-4"}, "space.grid.capacity must be a number, but got '1e-4'"),
        ({"capacity": float("nan")}, "space.grid.capacity must be a finite number, but got nan"),
        ({"capacity": 10**400}, "space.grid.capacity must be a number"),
        ({"capacity": []}, "space.grid.capacity must have at least one value"),
        ({"capacity": None}, "space.grid.capacity must have a value"),
        ({"model": "E2M9"}, "space.grid.model must be one of baseline, E1M1, E1M2"),
        ({"model": "e2m1"}, "but got 'e2m1'; did you mean 'E2M1'?"),
        ({"imbalance": "alignmnt"}, "but got 'alignmnt'; did you mean 'alignment'?"),
        ({"model": "E1M1", "ratio": 0.5}, "space.grid.ratio must be at least 1, but got 0.5"),
        ({"model": ["baseline"], "ratio": 2}, "space must have an imbalance, or a model with one"),
        ({"model": "E1M1", "tasks": "order"}, "space must have model or tasks, but not both"),
        ({"capacity": 1, "beta": 1}, "space must have capacity or beta, but not both"),
        ({"capacity": 1, "weight": 2}, "space must have tasks, or a model with tasks, where it has weight"),
        ({"capacity": 1, "tasks": [[]], "weight": 2}, "space must have tasks"),
        ({"tasks": "order", "weight": "a lot"}, "space.grid.weight must be a number above 0, or a mapping"),
        ({"tasks": "order", "weight": {"order": 0}}, "space.grid.weight.order must be above 0, but got 0"),
        ({}, "space must have at least one axis under grid or zip"),
    ],
)
def test_mistakes_in_axes(axes, message):
    assert message in grid_mistake(**axes)


@pytest.mark.parametrize(
    ("axes", "message"),
    [
        ({"model": "baseline"}, "capacity or beta must be given"),
        (
            {"capacity": 1, "tasks": "ordr"},
            "task must be one of bins, equality, order, region, but got 'ordr'; did you mean 'order'?",
        ),
        ({"capacity": 1, "tasks": "order", "weight": {"ordr": 1}}, "task must be one of"),
        ({"capacity": 1, "tasks": [["order", "order"]]}, "tasks must name each task once"),
        ({"capacity": 1, "n_train": 10}, "n_train must be at least batch_size, but got 10"),
        ({"capacity": 1, "gamma": 3}, "gamma must be left out of a 'constrained' objective, but got 3"),
        ({"capacity": 1, "objective": "beta"}, "capacity must be left out of a 'beta' objective"),
    ],
)
def test_points_that_are_no_runs(axes, message):
    assert f"space declares an impossible run: {message}" in grid_mistake(**axes)


def test_mistakes_across_grid_and_zip():
    assert "must have each axis once, but capacity is in grid and in zip" in mistake(
        space={"grid": {"capacity": 1}, "zip": {"capacity": 2}}
    )
    assert "must have lists of equal length under zip, but got {'capacity': 1, 'epochs': 2}" in mistake(
        space={"zip": {"capacity": [1], "epochs": [1, 2]}}
    )


def test_a_sweep_of_absurd_size_is_refused():
    counts = list(range(1, 101))
    message = grid_mistake(capacity=counts, epochs=counts, n_latents=counts)
    assert "space must declare at most 1,000,000 runs, but got 2,000,000" in message


def test_several_mistakes_are_counted():
    assert mistake(seeds=0, pack_size=0, weights=1).endswith("but got 0 (and 2 more)")


def test_a_file_says_the_line(tmp_path):
    path = tmp_path / "sweep.yaml"
    path.write_text("name: tiny\nseeds: 2\nspace:\n  grid:\n    model: baseline\n    capacity: [1, -3]\n")
    with pytest.raises(SweepError) as caught:
        load_sweep(path)
    assert str(caught.value) == f"{path}:6: space.grid.capacity[1] must be above 0, but got -3"


WORDS = sorted(
    {key for model in (Axes, Block, Objective, SweepFile, Training) for key in model.model_fields}
    | {"baseline", "E1M1", "order", "task", "head", "linear", "paper", "none", "matched", "beta", "keep"}
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 60) | st.sampled_from([10**6, 2**70, 10**400]),
    st.floats(),
    st.sampled_from(WORDS),
    st.text(max_size=5),
)
GARBAGE = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(WORDS) | st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=8,
)


@st.composite
def nearly_valid(draw):
    """Return the valid declaration with one of its parts, at any depth, replaced by garbage."""
    declaration = copy.deepcopy(VALID)
    parent, key = declaration, draw(st.sampled_from(sorted(declaration)))
    while isinstance(parent[key], dict | list) and parent[key] and draw(st.booleans()):
        parent = parent[key]
        key = draw(st.sampled_from(sorted(parent) if isinstance(parent, dict) else range(len(parent))))
    parent[key] = draw(GARBAGE)
    return declaration


def outcome(expand, declaration):
    try:
        return expand(declaration)
    except SweepError as error:
        return str(error)


@settings(max_examples=300, deadline=None)
@given(nearly_valid() | st.dictionaries(st.sampled_from(WORDS), GARBAGE, max_size=6))
def test_anything_is_a_sweep_or_one_line(declaration):
    result = outcome(expand_sweep, declaration)
    if isinstance(result, Sweep):
        assert len({config.run_id for config in result.configs}) == len(result.configs) > 0
    else:
        assert result.isprintable()


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_text_is_a_sweep_or_one_line(tmp_path_factory, data):
    valid = "name: a\nseeds: 1\nspace:\n  grid: {capacity: [1, 2], model: baseline}\n"
    start, stop = sorted(data.draw(st.tuples(*[st.integers(0, len(valid))] * 2)))
    path = tmp_path_factory.getbasetemp() / "fuzz.yaml"
    path.write_text(valid[:start] + data.draw(st.text(max_size=8)) + valid[stop:], encoding="utf-8")
    result = outcome(load_sweep, path)
    assert isinstance(result, Sweep) or (result.startswith(str(path)) and "\n" not in result)
