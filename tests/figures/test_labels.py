import numpy as np
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from rdsweep.figures._labels import label_points


def test_labels_in_a_crowd_do_not_overlap_and_some_are_left_out() -> None:
    points = np.random.default_rng(0).normal(scale=0.02, size=(40, 2))
    figure = Figure(figsize=(3, 3))
    axes = figure.add_subplot(xlim=(-0.2, 0.2), ylim=(-0.2, 0.2))
    written = label_points(axes, points, [f"{n},12" for n in range(30)], size=7.5)
    assert 3 < len(written) < 30
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in axes.texts]
    assert len(boxes) == len(written)
    # Shrunk by a tenth: the extent of a text includes room for letters that reach below the line.
    inner = [box.expanded(0.9, 0.8) for box in boxes]
    assert not any(Bbox.intersection(a, b) for i, a in enumerate(inner) for b in inner[:i])
