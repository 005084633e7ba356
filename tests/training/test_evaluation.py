import math

import pytest
import torch

from rdsweep.config import RunConfig, SourceConfig
from rdsweep.models import ReferenceVAE, from_module
from rdsweep.sources import stimulus_distribution
from rdsweep.training._evaluation import (
    Codes,
    coded_images,
    encode_test_set,
    make_test_set,
    measure_codes,
    measure_maps,
    measure_runs,
)

CPU = torch.device("cpu")
CONFIGS = [RunConfig(), RunConfig(source=SourceConfig("lower_corridor", 10.0))]


@pytest.mark.usefixtures("small_test_set")
def test_codes_are_those_of_the_model():
    test, module = make_test_set(5, CPU), ReferenceVAE().double()
    codes = encode_test_set(from_module(module, module), test)
    images = test.images.double().view(-1, 1, 13, 13)
    with torch.no_grad():
        mean, log_variance = module.encode(images)
        latents = mean + (0.5 * log_variance).exp() * test.noise
        errors = [(module.decode(z) - images).square().mean((1, 2, 3)) for z in (latents, mean)]
    found = (codes.mean, codes.log_variance, codes.latents, codes.distortion, codes.distortion_mean)
    for run in range(2):
        for ours, expected in zip(found, (mean, log_variance, latents, *errors), strict=True):
            # float64 products in another order.
            torch.testing.assert_close(ours[run], expected, rtol=0.0, atol=1e-12)


@pytest.fixture
def codes(small_test_set: None) -> Codes:
    """Codes of two runs whose first latent tells x_LC and whose others say nothing."""
    test = make_test_set(5, CPU)
    mean = torch.zeros(2, len(test.positions), 5)
    mean[:, :, 0] = 100.0 * (test.positions % 13)
    distortion = (test.positions % 13 <= 6).float().expand(2, -1)
    return Codes(mean, torch.zeros_like(mean), mean, distortion, 2 * distortion)


def test_measures_by_hand(codes):
    balanced, own = measure_runs(CONFIGS, codes, make_test_set(5, CPU))
    squares = torch.arange(13).double().square()
    assert balanced["rate"] == balanced["rate_own"] == pytest.approx(0.5 * 1e4 * squares.mean().item())
    assert balanced["distortion_mse"] == pytest.approx(7 / 13)
    assert balanced["distortion_mse_mean"] == pytest.approx(14 / 13)
    assert balanced["mutual_information"] == pytest.approx(math.log(13))
    assert balanced["active_latents"] == own["active_latents"] == 1
    assert own["distortion_mse"] == pytest.approx(7 / 13)
    # x_LC <= 6 is ten times as frequent: 70 of 76 parts.
    assert own["distortion_mse_own"] == pytest.approx(70 / 76)
    shares = stimulus_distribution(CONFIGS[1].source).view(13, 13).sum(0)
    assert own["rate_own"] == pytest.approx(0.5 * 1e4 * (shares * squares).sum().item())
    assert own["mutual_information_own"] == pytest.approx(-torch.xlogy(shares, shares).sum().item())
    assert own["marginal_mismatch_own"] == pytest.approx(own["rate_own"] - own["mutual_information_own"])


def test_maps_by_hand(codes):
    maps = measure_maps(codes)[0]
    expected = 100.0 * torch.arange(13.0).expand(13, 13)
    assert torch.equal(maps["latent_mean"][:, :, 0], expected)
    assert torch.equal(maps["rate"], 0.5 * expected.square())
    assert not maps["latent_mean_sd"].any()
    assert torch.equal(maps["latent_scale"], torch.ones(13, 13, 5))


def test_coded_are_the_first_images_of_each_position(codes):
    images, positions = coded_images()
    test = make_test_set(5, CPU)
    assert positions.bincount().tolist() == [4] * 169
    assert torch.equal(images, test.images)
    assert torch.equal(measure_codes(codes)[0], codes.mean[0])


def test_nine_images_of_each_position_are_coded():
    images, positions = coded_images()
    test = make_test_set(5, CPU)
    first = torch.cat([torch.nonzero(test.positions == p)[:9, 0] for p in range(169)])
    assert torch.equal(images, test.images[first])
    assert torch.equal(positions, test.positions[first])
