import torch

from rdsweep.sources import N_POSITIONS
from rdsweep.training._evaluation import IMAGES_PER_POSITION, PAPER_BATCH, make_test_set

CPU = torch.device("cpu")


def test_the_test_set_has_64_images_of_each_position():
    test = make_test_set(5, CPU)
    assert IMAGES_PER_POSITION == 64
    assert test.positions.bincount().tolist() == [64] * N_POSITIONS
    assert test.images.shape == (64 * N_POSITIONS, 169)
    assert test.noise.shape == (64 * N_POSITIONS, 5)
    assert sorted(test.shuffle.tolist()) == list(range(64 * N_POSITIONS))
    assert len(test.images) % PAPER_BATCH == 0


def test_the_test_set_is_fixed():
    one, other = make_test_set(5, CPU), make_test_set(5, CPU)
    assert torch.equal(one.images, other.images)
    assert torch.equal(one.noise, other.noise)
    assert torch.equal(one.shuffle, other.shuffle)
