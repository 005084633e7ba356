import math

import numpy as np
import pytest
import torch

from rdsweep.config import SourceConfig
from rdsweep.sources import (
    N_PIXELS,
    N_POSITIONS,
    Stream,
    balanced_positions,
    draw_images,
    draw_positions,
    generator,
    stimulus_distribution,
)

CPU = torch.device("cpu")
N_IMAGES = 200_000
SOURCES = [
    SourceConfig(),
    SourceConfig("lower_corridor", 10.0),
    SourceConfig("alignment", 10.0),
    SourceConfig("alignment", 2.5),
]


def wall_probabilities() -> np.ndarray:
    """Return the definition of the images, pixel by pixel: (169 positions, 169 pixels)."""
    images = np.zeros((13, 13, 13, 13))
    for upper in range(13):
        for lower in range(13):
            for column in range(13):
                images[upper, lower, :6, column] = 1 - math.exp(-((column - upper) ** 2) / (2 * 1.2**2))
                images[upper, lower, 7:, column] = 1 - math.exp(-((column - lower) ** 2) / (2 * 1.2**2))
    return images.reshape(N_POSITIONS, N_PIXELS)


def draw(source: SourceConfig, *, seed: int = 0, n_images: int = N_IMAGES):
    rng = generator(CPU, seed, Stream.IMAGES, 0)
    positions = draw_positions(source, n_images, rng=rng)
    return positions, draw_images(positions, rng=rng)


@pytest.mark.parametrize("source", SOURCES)
def test_positions_are_as_frequent_as_the_source_says(source):
    expected = stimulus_distribution(source).numpy()
    positions, _ = draw(source)
    frequencies = np.bincount(positions, minlength=N_POSITIONS) / N_IMAGES
    # Five binomial standard errors: with 169 positions and 4 sources one test in 2,600 would fail by chance.
    assert (np.abs(frequencies - expected) < 5 * np.sqrt(expected * (1 - expected) / N_IMAGES)).all()


def test_frequent_positions_are_as_many_times_as_frequent():
    lower = stimulus_distribution(SourceConfig("lower_corridor", 10.0)).view(13, 13)
    assert lower[3, 6] / lower[3, 7] == pytest.approx(10.0)
    # 91 of the 169 positions have x_LC <= 6.
    assert lower[:, :7].sum().item() == pytest.approx(910 / (910 + 78))
    aligned = stimulus_distribution(SourceConfig("alignment", 10.0)).view(13, 13)
    assert aligned.diagonal().sum().item() == pytest.approx(130 / (130 + 156))
    for probabilities in (lower, aligned):
        assert probabilities.sum().item() == pytest.approx(1.0)


def test_pixels_are_as_frequent_as_the_closed_form_says():
    positions = balanced_positions(2000, CPU)
    images = draw_images(positions, rng=generator(CPU, 0, Stream.IMAGES)).view(N_POSITIONS, 2000, N_PIXELS)
    expected = wall_probabilities()
    error = np.abs(images.double().mean(1).numpy() - expected)
    # 5.5 binomial standard errors: 28,561 pixels make one failure in 900 such tests; a probability of
    # less than 1/2000 needs the allowance of two images.
    assert (error < 5.5 * np.sqrt(expected * (1 - expected) / 2000) + 2 / 2000).all()


def test_certain_pixels_are_certain():
    _, images = draw(SourceConfig(), n_images=5000)
    positions, _ = draw(SourceConfig(), n_images=5000)
    certain = torch.from_numpy(wall_probabilities() == 0.0)[positions]
    assert images.dtype == torch.uint8
    assert set(images.unique().tolist()) == {0, 1}
    assert (images[certain] == 0).all()
    assert (images.view(-1, 13, 13)[:, 6] == 0).all()


def test_mean_squared_errors_of_the_uniform_source():
    _, images = draw(SourceConfig())
    positions, _ = draw(SourceConfig())
    walls = wall_probabilities()
    # The published anchors, five decimals rounded up to the sixth.
    assert (walls * (1 - walls)).mean() == pytest.approx(0.054648, abs=5e-7)
    assert (walls.mean(0) * (1 - walls.mean(0))).mean() == pytest.approx(0.155297, abs=5e-7)
    # The spread over images of an image's error is below 0.03: 0.03 / sqrt(200,000) is 7e-5, times four.
    known = (images - torch.from_numpy(walls)[positions]).square().mean()
    unknown = (images - torch.from_numpy(walls.mean(0))).square().mean()
    assert known.item() == pytest.approx(0.054648, abs=3e-4)
    assert unknown.item() == pytest.approx(0.155297, abs=3e-4)


@pytest.mark.parametrize("source", SOURCES[1:])
def test_sources_share_the_numbers_that_make_their_images(source):
    positions, images = draw(SourceConfig(), n_images=20_000)
    other_positions, other_images = draw(source, n_images=20_000)
    same = positions == other_positions
    assert same.any()
    assert not same.all()
    assert torch.equal(images[same], other_images[same])
    # Where one corridor agrees, its half of the image does.
    lower = positions % 13 == other_positions % 13
    assert torch.equal(images[lower, 78:], other_images[lower, 78:])


def test_seeds_differ():
    assert not torch.equal(
        draw(SourceConfig(), n_images=100)[1], draw(SourceConfig(), seed=1, n_images=100)[1]
    )


def test_balanced_positions_are_in_order():
    positions = balanced_positions(3, CPU)
    assert positions[:4].tolist() == [0, 0, 0, 1]
    assert positions.bincount().tolist() == [3] * N_POSITIONS
