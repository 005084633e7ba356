from dataclasses import replace

import numpy as np
import pytest
import torch

from rdsweep.config import ProbeConfig, RunConfig, TrainingConfig
from rdsweep.models import Head, group_heads
from rdsweep.sources import N_POSITIONS, Stream, generator
from rdsweep.tasks import get_task
from rdsweep.training import train_pack
from rdsweep.training._batches import ImageFeed, dropout_masks, seed_noise
from rdsweep.training._initial import initial_head_weights, initial_weights
from rdsweep.training._probes import ProbeBatch, ProbeStep, _frozen_codes, _probe_chunks, train_probes

from .reference_training import CPU

TINY = TrainingConfig(n_train=160, batch_size=16, epochs=2)
PROBES = (ProbeConfig("order"), ProbeConfig("order", "nonlinear"), ProbeConfig("bins", "nonlinear"))
RUN = RunConfig(training=TINY, probes=PROBES)


@pytest.mark.usefixtures("small_test_set")
def test_probes_leave_the_model_alone():
    (probed,), (plain,) = train_pack([RUN]).runs, train_pack([replace(RUN, probes=())]).runs
    for name, leaf in plain.weights.items():
        assert np.array_equal(probed.weights[name], leaf), name


@pytest.mark.usefixtures("small_test_set")
def test_a_probe_does_not_depend_on_other_probes():
    (together,), (alone,) = train_pack([RUN]).runs, train_pack([replace(RUN, probes=PROBES[1:2])]).runs
    found = next(row for row in together.scores if (row["task"], row["head"]) == ("order", "nonlinear"))
    # The same products in one batch with others: rounding over 20 steps.
    assert found["cross_entropy"] == pytest.approx(alone.scores[0]["cross_entropy"], rel=1e-5)


@pytest.mark.parametrize("kind", ["linear", "nonlinear"])
def test_a_probe_learns_what_its_latents_say(kind):
    groups = group_heads([Head(0, "order", kind)])
    weights = initial_head_weights([RUN], groups, Stream.PROBE_WEIGHTS)
    step = ProbeStep([RUN], groups, weights)
    positions = torch.arange(N_POSITIONS)[None]
    upper, lower = positions // 13, positions % 13
    latents = torch.zeros(1, N_POSITIONS, 5)
    latents[:, :, 0], latents[:, :, 1] = (upper - 6) / 6, (lower - 6) / 6
    batch = ProbeBatch(latents, positions, (None,), torch.tensor([1e-3]))
    for _ in range(150):
        stats = step(batch)
    labels = torch.from_numpy(get_task("order").label_table())
    assert (stats.answers[0][0] == labels).double().mean() > 0.97


def test_published_probes_train_on_one_sample_of_each_image():
    latents = latents_by_image(replace(RUN, protocol="published"))
    assert all(len({tuple(code) for code in codes}) == 1 for codes in latents.values())


def test_the_published_sample_has_the_noise_of_its_image():
    config = replace(RUN, protocol="published")
    weights, feed = initial_weights([config], (), device=CPU, dtype=torch.float32), ImageFeed([config], CPU)
    ((_, _, chunk),) = _probe_chunks([config], (), weights, feed)
    mean, log_variance = (code[0] for code in _frozen_codes(weights, feed))
    noise = torch.randn(mean.shape, generator=generator(CPU, config.seed, Stream.PROBE_NOISE))
    expected = mean + (0.5 * log_variance).exp() * noise
    # Encoding is the same call; only the sum may round differently.
    first = feed.rows(0, 1)[0, 0]
    torch.testing.assert_close(chunk.latents[0, 0], expected[first], rtol=0.0, atol=1e-6)


def test_matched_probes_see_a_new_sample_each_time():
    latents = latents_by_image(RUN)
    assert all(len({tuple(code) for code in codes}) == len(codes) == 2 for codes in latents.values())


def latents_by_image(config: RunConfig) -> dict[int, list[list[float]]]:
    """Return the latents that probes are shown of each training image, over two epochs."""
    weights = initial_weights([config], (), device=CPU, dtype=torch.float32)
    feed = ImageFeed([config], CPU)
    groups = group_heads([Head(0, probe.name, probe.head) for probe in config.probes])
    ((_, n_steps, chunk),) = _probe_chunks([config], groups, weights, feed)
    rows = ImageFeed([config], CPU).rows(0, n_steps)[:, 0].flatten().tolist()
    seen: dict[int, list[list[float]]] = {}
    for row, code in zip(rows, chunk.latents[:n_steps, 0].flatten(0, 1).tolist(), strict=True):
        seen.setdefault(row, []).append(code)
    assert len(seen) == config.training.n_train
    return seen


def test_probes_start_from_weights_of_their_own():
    config = replace(RUN, training=replace(TINY, learning_rate=1e-12, epochs=1))
    weights = initial_weights([config], (), device=CPU, dtype=torch.float32)
    trained = train_probes([config], weights, ImageFeed([config], CPU))
    start = initial_head_weights([config], trained.groups, Stream.PROBE_WEIGHTS)
    joint = initial_head_weights([config], trained.groups, Stream.HEAD_WEIGHTS)
    for name, leaf in trained.weights.items():
        # Ten steps of Adam move a weight by at most ten times the learning rate.
        torch.testing.assert_close(leaf.detach(), start[name], rtol=0.0, atol=1e-10)
        assert not torch.equal(start[name], joint[name])


def test_probes_have_noise_and_dropout_of_their_own():
    weights = initial_weights([RUN], (), device=CPU, dtype=torch.float32)
    groups = group_heads([Head(0, probe.name, probe.head) for probe in PROBES])
    feed = ImageFeed([RUN], CPU)
    ((_, n_steps, chunk),) = _probe_chunks([RUN], groups, weights, feed)
    rows = feed.rows(0, n_steps)[:, 0]
    mean, log_variance = (code[0, rows] for code in _frozen_codes(weights, feed))
    noise = seed_noise([RUN], Stream.PROBE_NOISE, 0, device=CPU, dtype=torch.float32)[:n_steps, 0]
    expected = mean + (0.5 * log_variance).exp() * noise
    # Encoding is the same call; only the sum may round differently.
    torch.testing.assert_close(chunk.latents[:n_steps, 0], expected, rtol=0.0, atol=1e-6)
    for group, keep in zip(groups, chunk.keep, strict=True):
        drawn = dropout_masks([RUN], group, Stream.PROBE_DROPOUT, 0, device=CPU)
        assert (keep is drawn is None) or torch.equal(keep, drawn)
