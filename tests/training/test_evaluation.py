import math

import pytest
import torch

from rdsweep.config import RunConfig, SourceConfig
from rdsweep.models import Head, ReferenceVAE, from_module, group_heads
from rdsweep.sources import stimulus_distribution
from rdsweep.tasks import get_task
from rdsweep.training._evaluation import (
    Codes,
    coded_images,
    encode_test_set,
    make_test_set,
    measure_codes,
    measure_maps,
    measure_runs,
    score_heads,
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


def test_scale_is_a_standard_deviation_and_activity_a_mean(small_test_set):
    test = make_test_set(5, CPU)
    mean = torch.zeros(1, len(test.positions), 5)
    mean[:, 0, 1] = 2.0  # 2 nats on one of 676 images
    log_variance = torch.zeros_like(mean)
    log_variance[:, :, 0] = 2 * math.log(3.0)
    distortion = torch.zeros(1, len(test.positions))
    codes = Codes(mean, log_variance, mean, distortion, distortion)
    assert codes.latent_rates[0, 0, 1] == pytest.approx(2.0)
    (maps,), (measures,) = measure_maps(codes), measure_runs(CONFIGS[:1], codes, test)
    assert measures["active_latents"] == 1, "the wide one only"
    scales = maps["latent_scale"].mean((0, 1)).tolist()
    assert scales == pytest.approx([3.0, 1.0, 1.0, 1.0, 1.0])


def test_f1_of_batches_is_that_of_shuffled_batches(small_test_set):
    test = make_test_set(1, CPU)
    # The head says 1 where x_LC is above 6, to a question about x_UC and x_LC.
    (group,) = group_heads([Head(0, "order", "linear")])
    latents = (test.positions % 13).float().sub(6.5).view(1, -1, 1)
    leaves = {"w1": torch.ones(1, 1, 1), "b1": torch.zeros(1, 1), "w2": torch.ones(1, 1, 1)}
    weights = {f"{group.name}.{name}": leaf for name, leaf in leaves.items()}
    weights[f"{group.name}.b2"] = torch.zeros(1, 1)
    nothing = torch.zeros(1, len(test.positions))
    codes = Codes(latents, torch.zeros_like(latents), latents, nothing, nothing)
    ((_, row),) = score_heads(group, weights, codes, test, "joint")
    labels = torch.from_numpy(get_task("order").label_table())[test.positions]
    answers = test.positions % 13 > 6
    batches = list(test.shuffle.split(26))
    hits = [(answers[b] & (labels[b] == 1)).sum().item() for b in batches]
    sizes = [(answers[b].sum() + (labels[b] == 1).sum()).item() for b in batches]
    expected = sum(2 * h / max(n, 1) for h, n in zip(hits, sizes, strict=True)) / len(batches)
    assert row["f1_batch"] == pytest.approx(expected)
    assert row["f1_batch"] != pytest.approx(row["f1"], abs=1e-4)
