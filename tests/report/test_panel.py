import itertools

import numpy as np
import pytest

from rdsweep.drawing import Look, drawing
from rdsweep.report._panel import Mark, dodged, label_lines, labeled_panel, spread


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


def test_conditions_at_one_level_keep_apart_from_those_at_the_next() -> None:
    last, first = (dodged([0.3, 1.0], level, place, 28) for level, place in ((0.3, 27), (1.0, 0)))
    assert last < 0.5 < first


def test_many_labels_stay_apart_beside_a_higher_panel() -> None:
    with drawing("labels"):
        figure, axes = labeled_panel("", n_labels=28)
        axes.plot([0, 1], [0, 1])
        label_lines(axes, [Mark(f"mine{place}", (1.0, 1.0), Look("#0072b2", "o")) for place in range(28)])
        figure.draw_without_rendering()
        boxes = [text.get_window_extent() for text in axes.texts]
    assert len(boxes) == 28
    boxes.sort(key=lambda box: box.y0)
    assert all(low.y1 <= high.y0 for low, high in itertools.pairwise(boxes))
    assert axes.bbox.y0 - boxes[0].height < boxes[0].y0
    assert boxes[-1].y1 < axes.bbox.y1 + boxes[-1].height
