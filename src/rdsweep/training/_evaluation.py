"""Evaluation on the fixed test set: the same images and the same noise for every run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch

from rdsweep.config import RunConfig
from rdsweep.models import Head, HeadGroup, decode, encode, latent_rates, sample_latents
from rdsweep.models._heads import answers, cross_entropy
from rdsweep.models._packed import Weights
from rdsweep.sources import (
    N_POSITIONS,
    Stream,
    balanced_positions,
    draw_images,
    generator,
    stimulus_distribution,
)
from rdsweep.tasks import get_task
from rdsweep.training._information import mutual_information
from rdsweep.training._result import Row
from rdsweep.training._scores import batch_f1_scores, constant_scores, f1_scores

Tensor = torch.Tensor

IMAGES_PER_POSITION = 64
ENCODED_AT_ONCE = 64
"""So many test images of every run go through its model together: a matter of memory, not of results."""

INFORMATION_EVERY = 4
"""One of so many test images gives a latent sample for the mutual information."""

CODED_PER_POSITION = 9
"""So many test images of each position have their latent means stored, for the geometry of codes."""

PAPER_BATCH = 32
ACTIVE_NATS = 0.01
_SIDE = math.isqrt(N_POSITIONS)


@dataclass(frozen=True)
class TestSet:
    """The test images, ordered by position, with their noise.

    Attributes
    ----------
    images : Tensor of uint8, shape (n_images, 169)
    positions : Tensor of int64, shape (n_images,)
    noise : Tensor of float64, shape (n_images, n_latents)
    shuffle : Tensor of int64, shape (n_images,)
        The order in which images fall into the paper's batches.
    """

    images: Tensor
    positions: Tensor
    noise: Tensor
    shuffle: Tensor


def make_test_set(n_latents: int, device: torch.device) -> TestSet:
    """Draw the test set: 64 images of each position, the same on every device."""
    cpu = torch.device("cpu")
    positions = balanced_positions(IMAGES_PER_POSITION, cpu)
    images = draw_images(positions, rng=generator(cpu, 0, Stream.TEST, 0))
    shape = (len(positions), n_latents)
    noise = torch.randn(shape, generator=generator(cpu, 0, Stream.TEST, 1), dtype=torch.float64)
    shuffle = torch.randperm(len(positions), generator=generator(cpu, 0, Stream.TEST, 2))
    return TestSet(images.to(device), positions.to(device), noise.to(device), shuffle.to(device))


def coded_images() -> tuple[Tensor, Tensor]:
    """Return the test images whose latent means are stored, the same for every run.

    Returns
    -------
    images : Tensor of uint8, shape (1521, 169)
        1 for wall, 0 for corridor.
    positions : Tensor of int64, shape (1521,)
        In ascending order, each nine times.
    """
    test = make_test_set(1, torch.device("cpu"))
    return _coded(test.images, 0), _coded(test.positions, 0)


@dataclass(frozen=True)
class Codes:
    """What a pack makes of the test set.

    Attributes
    ----------
    mean, log_variance, latents : Tensor, shape (n_runs, n_images, n_latents)
        Gaussian codes and one sample of each.
    distortion, distortion_mean : Tensor, shape (n_runs, n_images)
        Mean squared error per pixel from the sample and from the mean.
    """

    mean: Tensor
    log_variance: Tensor
    latents: Tensor
    distortion: Tensor
    distortion_mean: Tensor

    @cached_property
    def latent_rates(self) -> Tensor:
        """Nats by image and latent, (n_runs, n_images, n_latents)."""
        return latent_rates(self.mean, self.log_variance)


@torch.no_grad()
def encode_test_set(weights: Weights, test: TestSet) -> Codes:
    """Run all of a pack's models on the test set."""
    n_runs, dtype = len(weights["code.bias"]), weights["code.bias"].dtype
    blocks = []
    for images, noise in zip(
        test.images.split(ENCODED_AT_ONCE), test.noise.split(ENCODED_AT_ONCE), strict=True
    ):
        batch = images.to(dtype).expand(n_runs, -1, -1)
        mean, log_variance = encode(weights, batch)
        latents = sample_latents(mean, log_variance, noise.to(dtype).expand(n_runs, -1, -1))
        errors = [(decode(weights, z) - batch).square().mean(2) for z in (latents, mean)]
        blocks.append((mean, log_variance, latents, *errors))
    return Codes(*(torch.cat(parts, 1) for parts in zip(*blocks, strict=True)))


def measure_runs(configs: Sequence[RunConfig], codes: Codes, test: TestSet) -> list[dict[str, float | int]]:
    """Return the measures of each run that follow from its codes."""
    rates = codes.latent_rates.double()
    totals = {
        "rate": rates.sum(2),
        "distortion_mse": codes.distortion.double(),
        "distortion_mse_mean": codes.distortion_mean.double(),
    }
    own = torch.stack([stimulus_distribution(config.source) for config in configs]).to(rates.device)
    measures: dict[str, list[float]] = {}
    for name, values in totals.items():
        by_position = _by_position(values)
        measures[name] = by_position.mean(1).tolist()
        measures[f"{name}_own"] = (by_position * own).sum(1).tolist()
    active = (rates.mean(1) > ACTIVE_NATS).sum(1).tolist()
    balanced = torch.full_like(own, 1.0 / N_POSITIONS)
    information = _information(codes, test, balanced)
    same = torch.allclose(own, balanced, rtol=1e-12, atol=0.0)
    measures["mutual_information"] = information
    measures["mutual_information_own"] = information if same else _information(codes, test, own)
    return [
        {
            **{name: values[run] for name, values in measures.items()},
            "marginal_mismatch": measures["rate"][run] - measures["mutual_information"][run],
            "marginal_mismatch_own": measures["rate_own"][run] - measures["mutual_information_own"][run],
            "active_latents": active[run],
        }
        for run in range(len(configs))
    ]


def _information(codes: Codes, test: TestSet, probabilities: Tensor) -> list[float]:
    """Return the mutual information of each run for its distribution over positions, (n_runs, 169)."""
    image_weights = (probabilities / IMAGES_PER_POSITION).repeat_interleave(IMAGES_PER_POSITION, dim=1)
    return [
        float(mutual_information(mean, log_variance, test.noise, weights=weights, every=INFORMATION_EVERY))
        for mean, log_variance, weights in zip(codes.mean, codes.log_variance, image_weights, strict=True)
    ]


def measure_maps(codes: Codes) -> list[dict[str, Tensor]]:
    """Return the maps of each run as float32 tensors on the CPU."""
    variance = _by_position(codes.log_variance.double().exp())
    mean = codes.mean.double().unflatten(1, (N_POSITIONS, IMAGES_PER_POSITION))
    maps = {
        "latent_mean": mean.mean(2),
        "latent_mean_sd": mean.std(2),
        "latent_scale": variance.sqrt(),
        "distortion_mse": _by_position(codes.distortion.double()),
        "rate": _by_position(codes.latent_rates.double().sum(2)),
    }
    shaped = {name: values.unflatten(1, (_SIDE, _SIDE)).float().cpu() for name, values in maps.items()}
    return [{name: values[run] for name, values in shaped.items()} for run in range(len(codes.mean))]


def measure_codes(codes: Codes) -> list[Tensor]:
    """Return the latent means of each run on `coded_images`: float32, (n_images, n_latents), on the CPU."""
    return list(_coded(codes.mean, 1).float().cpu())


@torch.no_grad()
def score_heads(
    group: HeadGroup, weights: Weights, codes: Codes, test: TestSet, regime: str
) -> list[tuple[Head, Row]]:
    """Return the scores row of each head of a group, read from sampled latents."""
    device = test.positions.device
    runs, tables = group.runs(device), group.label_tables(device)
    labels = tables[:, test.positions]
    blocks = codes.latents.split(IMAGES_PER_POSITION, dim=1)
    logits = torch.cat([group.logits(weights, block[runs]) for block in blocks], dim=1)
    chosen = answers(logits)
    n_classes = get_task(group.heads[0].task).n_classes
    f1_chance, accuracy_chance, entropy_chance = constant_scores(labels, n_classes)
    columns = {
        "f1": f1_scores(chosen, labels, n_classes),
        "accuracy": (chosen == labels).double().mean(1),
        "cross_entropy": cross_entropy(logits, labels).double().mean(1),
        "f1_batch": batch_f1_scores(
            chosen[:, test.shuffle], labels[:, test.shuffle], n_classes, batch_size=PAPER_BATCH
        ),
        "f1_chance": f1_chance,
        "accuracy_chance": accuracy_chance,
        "cross_entropy_chance": entropy_chance,
    }
    listed = {name: values.tolist() for name, values in columns.items()}
    return [
        (
            head,
            {
                "task": head.task,
                "regime": regime,
                "head": group.kind,
                **{name: values[i] for name, values in listed.items()},
            },
        )
        for i, head in enumerate(group.heads)
    ]


def _by_position(values: Tensor) -> Tensor:
    """Average over the images of each position: (n_runs, n_images, ...) to (n_runs, 169, ...)."""
    by_position: Tensor = values.unflatten(1, (N_POSITIONS, IMAGES_PER_POSITION))
    return by_position.mean(2)


def _coded(values: Tensor, dim: int) -> Tensor:
    """Keep the first images of each position along the axis ``dim`` of test images."""
    by_position: Tensor = values.unflatten(dim, (N_POSITIONS, IMAGES_PER_POSITION))
    return by_position.narrow(dim + 1, 0, min(CODED_PER_POSITION, IMAGES_PER_POSITION)).flatten(dim, dim + 1)
