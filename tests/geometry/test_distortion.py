from __future__ import annotations

import itertools
import math
import tracemalloc

import numpy as np
import pytest

from rdsweep.geometry import UndefinedRatioWarning, class_distortion

RNG = np.random.default_rng(0)


def by_loops(latents, reference, labels, *, summary=np.mean, transform=float):
    """The definition, pair by pair."""
    names = sorted(set(labels))
    cells = {pair: [] for pair in itertools.product(names, names)}
    for u, v in itertools.product(range(len(latents)), repeat=2):
        above, below = math.dist(latents[u], latents[v]), math.dist(reference[u], reference[v])
        ratio = 1.0 if above == below == 0.0 else above / below
        cells[labels[u], labels[v]].append(transform(ratio))
    overall = summary([value for values in cells.values() for value in values])
    return np.array([[summary(cells[a, b]) - overall for b in names] for a in names])


@pytest.fixture
def codes():
    """Two codes of 30 images in 4 classes of unequal size, two of the images with the same pixels."""
    latents, reference = RNG.normal(size=(30, 5)), RNG.normal(size=(30, 3))
    latents[7], reference[7] = latents[3], reference[3]
    return latents, reference, RNG.choice(["a", "b", "c", "d"], size=30, p=[0.4, 0.3, 0.2, 0.1])


@pytest.mark.parametrize(
    ("statistic", "options"),
    [
        ("mean", {}),
        ("median", {"summary": np.median}),
        ("log", {"transform": math.log}),
    ],
)
def test_the_definition_in_loops(codes, statistic, options):
    found = class_distortion(*codes, statistic=statistic)
    # Sums in another order.
    np.testing.assert_allclose(found, by_loops(*codes, **options), rtol=0.0, atol=1e-9)


def test_blocks_change_nothing(codes, monkeypatch):
    whole = class_distortion(*codes)
    monkeypatch.setattr("rdsweep.geometry._distortion._PAIRS_PER_BLOCK", 70)
    np.testing.assert_allclose(class_distortion(*codes), whole, rtol=0.0, atol=1e-12)


def test_pairs_of_an_image_with_itself_count():
    # One class: every ratio is 2 but those of u = v, which are 1. So are they within the class of one image.
    reference = np.array([[0.0], [1.0], [5.0]])
    found = class_distortion(2 * reference, reference, [0, 0, 1])
    mean = (3 * 1 + 6 * 2) / 9
    np.testing.assert_allclose(found, [[1.5 - mean, 2 - mean], [2 - mean, 1 - mean]], atol=1e-12)


@pytest.mark.parametrize("statistic", ["mean", "median", "log"])
def test_the_same_code_is_not_distorted(codes, statistic):
    latents, _, labels = codes
    found = class_distortion(latents, latents, labels, statistic=statistic)
    np.testing.assert_allclose(found, np.zeros((4, 4)), atol=1e-12)


def test_a_constant_code_has_ratios_of_zero_but_on_the_diagonal():
    reference, labels = RNG.normal(size=(6, 2)), [0, 0, 0, 1, 1, 1]
    found = class_distortion(np.zeros((6, 2)), reference, labels)
    np.testing.assert_allclose(found, [[1 / 6, -1 / 6], [-1 / 6, 1 / 6]], atol=1e-12)


def test_rotation_translation_and_order_of_images_do_not_matter(codes):
    latents, reference, labels = codes
    rotation, _ = np.linalg.qr(RNG.normal(size=(5, 5)))
    expected, order = class_distortion(*codes), RNG.permutation(30)
    # An orthogonal map and its rounding.
    for found in (
        class_distortion(latents @ rotation - 7.0, reference[:, ::-1], labels),
        class_distortion(latents[order], reference[order], labels[order]),
    ):
        np.testing.assert_allclose(found, expected, rtol=0.0, atol=1e-9)


@pytest.mark.parametrize("statistic", ["mean", "median", "log"])
def test_the_scale_free_form_ignores_scale_where_the_reference_separates_all(statistic):
    latents, reference = RNG.normal(size=(200, 5)), RNG.normal(size=(200, 5))
    labels = np.arange(200) % 2
    expected = class_distortion(latents, reference, labels, statistic=statistic, scale_free=True)
    found = class_distortion(10 * latents, reference, labels, statistic=statistic, scale_free=True)
    # The pairs u = v keep the ratio 1 whatever the scale: 1 in 200 of all, 1 in 100 within a class.
    tolerance = {"mean": 0.01, "median": 0.01, "log": 0.03}[statistic]
    np.testing.assert_allclose(found, expected, rtol=0.0, atol=tolerance)


def test_a_pair_that_only_the_model_tells_apart_is_left_out_and_counted():
    latents, reference = [[0.0], [1.0], [2.0]], [[0.0], [0.0], [1.0]]
    with pytest.warns(UndefinedRatioWarning, match="2 of 9 ordered pairs have no finite ratio"):
        found = class_distortion(latents, reference, [0, 0, 1])
    # Class 0 keeps its two pairs u = v; across, the ratios are 2 and 1.
    mean = (3 * 1 + 2 * (2 + 1)) / 7
    np.testing.assert_allclose(found, [[1 - mean, 1.5 - mean], [1.5 - mean, 1 - mean]], atol=1e-12)


def test_a_pair_of_classes_without_a_ratio_is_nan():
    with pytest.warns(UndefinedRatioWarning):
        found = class_distortion([[0.0], [1.0], [5.0]], [[0.0], [0.0], [1.0]], [0, 1, 2])
    assert np.isnan(found[0, 1])
    assert np.isnan(found[1, 0])
    assert np.isfinite(found).sum() == 7


def test_logarithms_of_zero_are_left_out_and_counted():
    with pytest.warns(UndefinedRatioWarning, match="2 of 9"):
        class_distortion([[0.0], [0.0], [5.0]], [[0.0], [1.0], [3.0]], [0, 0, 1], statistic="log")


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        (([1.0], [[1.0]], [0]), {}, ValueError, r"latents must have shape \(n_images, n_latents\)"),
        (([[np.nan]], [[1.0]], [0]), {}, ValueError, "latents must be finite, but got 1 values"),
        (([[1.0]], [[1.0], [2.0]], [0]), {}, ValueError, "reference must hold the images of latents, 1"),
        (([[1.0]], [[1.0]], [0, 1]), {}, ValueError, r"labels must have one entry per image, 1, but got"),
        (([[1.0]], [[1.0]], [0.5]), {}, TypeError, "labels must hold integers, truth values or text"),
        (([[1.0]], [[1.0]], [0]), {"statistic": "mode"}, ValueError, "statistic must be one of mean, median"),
    ],
)
def test_mistakes_are_named(arguments, options, error, message):
    with pytest.raises(error, match=message):
        class_distortion(*arguments, **options)


def test_memory_is_that_of_a_block():
    latents = RNG.normal(size=(6_000, 5))
    tracemalloc.start()
    class_distortion(latents, latents + 1.0, np.arange(6_000) % 2)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # A matrix of all pairs alone would take 288 MB; a block of 2^20 pairs takes 8 MB for each of its arrays.
    assert peak < 60e6
