import math

import pytest
import torch

from rdsweep.training._information import mutual_information


def normal(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_codes_that_do_not_depend_on_the_image_carry_nothing():
    mean, log_variance = torch.full((50, 3), 0.7), torch.full((50, 3), -1.0)
    assert mutual_information(mean, log_variance, normal(50, 3)).item() == pytest.approx(0.0, abs=1e-12)


def test_codes_far_apart_tell_every_image():
    mean = 100.0 * torch.arange(20)[:, None].expand(20, 2)
    found = mutual_information(mean, torch.zeros(20, 2), normal(20, 2)).item()
    assert found == pytest.approx(math.log(20))


def test_weights_are_the_distribution_of_images():
    mean, weights = torch.tensor([[-50.0], [50.0]]), torch.tensor([0.9, 0.1])
    found = mutual_information(mean, torch.zeros(2, 1), normal(2, 1), weights=weights).item()
    assert found == pytest.approx(-0.9 * math.log(0.9) - 0.1 * math.log(0.1))


def test_an_image_without_weight_does_not_matter():
    mean, noise = torch.tensor([[-5.0], [5.0], [0.0]]), normal(3, 1)
    weights = torch.tensor([0.5, 0.5, 0.0])
    found = mutual_information(mean, torch.zeros(3, 1), noise, weights=weights)
    assert found.item() == pytest.approx(mutual_information(mean[:2], torch.zeros(2, 1), noise[:2]).item())


@pytest.mark.parametrize("signal", [0.5, 3.0])
def test_a_gaussian_channel_has_its_capacity(signal):
    n_images = 6000
    draws = normal(2, n_images, 1)
    mean, noise = math.sqrt(signal) * draws[0], draws[1]
    found = mutual_information(mean, torch.zeros_like(mean), noise).item()
    # Four standard errors of the mean over images, whose log ratio has a variance of signal / (1 + signal);
    # the aggregate of 6,000 codes adds a bias of the order of 1 / 6,000.
    tolerance = 4 * math.sqrt(signal / (1 + signal) / n_images)
    assert found == pytest.approx(0.5 * math.log1p(signal), abs=tolerance)


def test_independent_latents_add_up():
    n_images = 4000
    draws = normal(2, n_images, 2)
    found = mutual_information(draws[0], torch.zeros_like(draws[0]), draws[1]).item()
    # As above, for two latents of variance 1/2 each.
    assert found == pytest.approx(math.log(2.0), abs=4 * math.sqrt(1.0 / n_images))


def test_samples_of_some_images_estimate_the_same():
    n_images = 8000
    draws = normal(2, n_images, 1)
    everything = mutual_information(draws[0], torch.zeros_like(draws[0]), draws[1]).item()
    quarter = mutual_information(draws[0], torch.zeros_like(draws[0]), draws[1], every=4).item()
    # Four standard errors of 2,000 samples, for a log ratio of variance 1/2.
    assert quarter == pytest.approx(everything, abs=4 * math.sqrt(0.5 / (n_images / 4)))
    assert quarter != everything


def test_single_precision_codes_are_accepted():
    mean = torch.tensor([[-30.0], [30.0]])
    found = mutual_information(mean, torch.zeros(2, 1), torch.zeros(2, 1))
    assert found.dtype == torch.float64
    assert found.item() == pytest.approx(math.log(2.0))
