import numpy as np
import pytest

from rdsweep.drawing import looks
from rdsweep.models import MODELS
from rdsweep.report._panel import dodged, spread


def test_labels_are_moved_no_further_than_needed() -> None:
    moved = spread(np.array([0.1, 0.5, 0.52, 0.9]), gap=0.1)
    assert moved == pytest.approx([0.1, 0.46, 0.56, 0.9])


def test_labels_stay_inside_the_axes() -> None:
    moved = spread(np.full(5, 0.99), gap=0.1)
    assert moved == pytest.approx([0.6, 0.7, 0.8, 0.9, 1.0])


def test_conditions_at_one_level_stand_side_by_side_around_it() -> None:
    places = [dodged([0.3, 1.0], np.array([1.0]), place, 3)[0] for place in range(3)]
    assert np.mean(places) == pytest.approx(1.0)
    assert np.all(np.diff(places) > 0)


def test_a_model_looks_the_same_in_every_report() -> None:
    everything, few = (
        looks(list(MODELS), baseline="baseline"),
        looks(["baseline", "E2M4"], baseline="baseline"),
    )
    assert everything["E2M4"] == few["E2M4"]
    assert len({(look.color, look.marker) for look in everything.values()}) == len(MODELS)


def test_conditions_of_users_are_told_apart() -> None:
    names = [f"mine{place}" for place in range(7)]
    assert len(set(looks(names, baseline="baseline").values())) == 8
