"""The packed model is the reference architecture, run by run: values and gradients."""

import pytest
import torch

from rdsweep.models import decode, encode, from_module, latent_rates, sample_latents, unpack_vae

# float64: sums of up to 2,304 products of order 1 round to about 1e-14.
EXACT = {"rtol": 0.0, "atol": 1e-12}
N_IMAGES = 7


@pytest.fixture
def images(modules, rng) -> torch.Tensor:
    return torch.randint(0, 2, (len(modules), N_IMAGES, 169), generator=rng).double()


@pytest.fixture
def latents(modules, rng) -> torch.Tensor:
    return torch.randn(len(modules), N_IMAGES, 5, generator=rng, dtype=torch.float64)


def test_encode_is_the_references(modules, images):
    mean, log_variance = encode(from_module(*modules), images)
    for run, module in enumerate(modules):
        expected = module.encode(images[run].view(-1, 1, 13, 13))
        torch.testing.assert_close((mean[run], log_variance[run]), expected, **EXACT)


def test_decode_is_the_references(modules, latents):
    walls = decode(from_module(*modules), latents)
    assert walls.shape == (len(modules), N_IMAGES, 169)
    for run, module in enumerate(modules):
        torch.testing.assert_close(walls[run], module.decode(latents[run]).flatten(1), **EXACT)


def test_encoder_gradients_are_the_references(modules, images, latents):
    weights = _leaves(modules)
    mean, log_variance = encode(weights, images)
    (mean * latents + log_variance.square()).sum().backward()
    for run, module in enumerate(modules):
        expected_mean, expected_log_variance = module.encode(images[run].view(-1, 1, 13, 13))
        (expected_mean * latents[run] + expected_log_variance.square()).sum().backward()
    _assert_gradients(weights, modules, ("encoder", "fc_"))


def test_decoder_gradients_are_the_references(modules, images, latents):
    weights = _leaves(modules)
    z = latents.clone().requires_grad_()
    (decode(weights, z) - images).square().sum().backward()
    for run, module in enumerate(modules):
        own = latents[run].clone().requires_grad_()
        (module.decode(own).flatten(1) - images[run]).square().sum().backward()
        torch.testing.assert_close(z.grad[run], own.grad, **EXACT)
    _assert_gradients(weights, modules, ("decoder",))


def test_runs_do_not_mix(modules, images):
    alone, _ = encode(from_module(modules[1]), images[1:2])
    together, _ = encode(from_module(*modules), images)
    torch.testing.assert_close(together[1:2], alone, **EXACT)


def test_latents_are_the_mean_plus_scaled_noise():
    mean, log_variance, noise = torch.tensor([[2.0]]), torch.tensor([[4.0]]).log(), torch.tensor([[-1.5]])
    assert sample_latents(mean, log_variance, noise).item() == pytest.approx(2.0 - 2.0 * 1.5)


def test_rate_is_the_divergence_from_the_prior(rng):
    mean, log_variance = torch.randn(2, 3, 4, 5, generator=rng, dtype=torch.float64)
    posterior = torch.distributions.Normal(mean, (0.5 * log_variance).exp())
    prior = torch.distributions.Normal(torch.zeros_like(mean), torch.ones_like(mean))
    expected = torch.distributions.kl_divergence(posterior, prior)
    torch.testing.assert_close(latent_rates(mean, log_variance), expected, **EXACT)
    assert latent_rates(torch.zeros(1), torch.zeros(1)).item() == 0.0


def _leaves(modules) -> dict[str, torch.Tensor]:
    return {name: leaf.requires_grad_() for name, leaf in from_module(*modules).items()}


def _assert_gradients(weights, modules, parts) -> None:
    gradients = {n: torch.zeros_like(w) if w.grad is None else w.grad for n, w in weights.items()}
    for run, module in enumerate(modules):
        found = unpack_vae(gradients, run)
        names = [name for name, _ in module.named_parameters() if name.startswith(parts)]
        assert names
        for name in names:
            expected = module.get_parameter(name).grad
            torch.testing.assert_close(found[name], expected, rtol=1e-12, atol=1e-12, msg=name)
