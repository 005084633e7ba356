import itertools
from dataclasses import astuple

import pytest

from rdsweep.drawing import MUTED, N_LOOKS, crowd_note, looks
from rdsweep.models import MODELS

OWN = [f"mine{place:02}" for place in range(40)]


def n_shared(first, second):
    """Count of color, marker and line those that two looks share."""
    return sum(one == other for one, other in zip(astuple(first), astuple(second), strict=True))


@pytest.mark.parametrize("models", [[], ["E1M1"], ["E2M5", "baseline"], list(MODELS)])
@pytest.mark.parametrize("baseline", ["baseline", "mine00"])
def test_at_least_24_conditions_are_told_apart_by_two_of_color_marker_and_line(models, baseline):
    names = list(dict.fromkeys([baseline, *models, *OWN]))[:N_LOOKS]
    assert N_LOOKS >= 24
    shown = looks(names, baseline=baseline)
    assert shown.keys() == set(names)
    assert max(n_shared(*pair) for pair in itertools.combinations(shown.values(), 2)) == 1
    assert crowd_note(names, baseline=baseline) == ""


def test_color_and_marker_suffice_where_lines_stand_for_something_else():
    shown = looks(OWN[: N_LOOKS - 1], baseline="baseline")
    assert len({(look.color, look.marker) for look in shown.values()}) == N_LOOKS


def test_models_of_the_catalogue_keep_the_looks_that_they_always_had():
    hues = ["#e69f00", "#56b4e9", "#009e73", "#d55e00", "#0072b2", "#cc79a7", "#a89a00"]
    wanted = [(hue, marker, "-") for hue, marker in zip(hues, "s^DvPXp", strict=True)]
    models = list(MODELS)[1:]
    for names in (models, [*OWN, *models], [*models, "baseline"]):
        shown = looks(names, baseline="mine00")
        assert [astuple(shown[model]) for model in models] == wanted


def test_more_conditions_are_all_gray_and_said_to_be():
    names = ["baseline", *OWN]
    gray = [name for name, look in looks(names, baseline="baseline").items() if look.color == MUTED]
    assert gray == OWN[N_LOOKS - 1 :]
    assert crowd_note(names, baseline="baseline") == (
        "Figures tell 29 conditions apart: the other 12, from mine28 to mine39, are gray crosses alike, "
        "and only labels and tables tell which is which."
    )


def test_a_condition_that_comes_twice_has_one_look():
    assert looks(["a", "a", "b"], baseline="b") == looks(["a", "b"], baseline="b")
