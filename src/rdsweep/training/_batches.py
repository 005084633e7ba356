"""What each step of a pack sees: images, noise and schedules, prepared in chunks of steps on the device."""

from __future__ import annotations

import copy
import math
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from rdsweep import objectives
from rdsweep.config import RunConfig, SourceConfig
from rdsweep.models import HeadGroup
from rdsweep.models._reference import DROPOUT
from rdsweep.sources import Stream, draw_images, draw_positions, generator

Tensor = torch.Tensor

CHUNK_STEPS = 64
"""Steps that are drawn together. Streams are addressed by chunk, so this is part of what a seed means."""


@dataclass(frozen=True)
class TrainingBatch:
    """Inputs of one step, or with a leading step axis those of a chunk.

    Attributes
    ----------
    images : Tensor of uint8, shape (n_runs, batch_size, 169)
    positions : Tensor of int64, shape (n_runs, batch_size)
    noise : Tensor, shape (n_runs, batch_size, n_latents)
        Standard normal.
    keep : tuple of (Tensor of bool or None)
        For each head group the units that dropout keeps, (n_heads, batch_size, width).
    target, task_ramp, learning_rate : Tensor, shape (n_runs,)
        Target rate (nats), factor of the task weights and Adam's learning rate.
    """

    images: Tensor
    positions: Tensor
    noise: Tensor
    keep: tuple[Tensor | None, ...]
    target: Tensor
    task_ramp: Tensor
    learning_rate: Tensor


class ImageFeed:
    """Images and positions for the steps of every run, equal for equal seeds and sources.

    Parameters
    ----------
    configs : sequence of RunConfig
        Runs that agree in ``n_train``, ``batch_size``, ``epochs`` and ``fresh``.
    device : torch.device
    """

    def __init__(self, configs: Sequence[RunConfig], device: torch.device) -> None:
        training = configs[0].training
        self._device = device
        self._training = training
        self._n_images = CHUNK_STEPS * training.batch_size if training.fresh else training.n_train
        keys = [(config.seed, config.source) for config in configs]
        self._sets = list(dict.fromkeys(keys))
        self._seeds = list(dict.fromkeys(config.seed for config in configs))
        self._set_of_run = torch.tensor([self._sets.index(key) for key in keys], device=device)
        self._seed_of_run = torch.tensor([self._seeds.index(c.seed) for c in configs], device=device)
        self._orders: dict[int, Tensor] = {}
        if not training.fresh:
            self._images, self._positions = self._draw_sets(block=0)

    @property
    def set_of_run(self) -> Tensor:
        """Index of each run's training set: int64, (n_runs,)."""
        return self._set_of_run

    def training_sets(self) -> tuple[Tensor, Tensor]:
        """Return images (n_sets, n_images, 169) and positions (n_sets, n_images) of the training sets."""
        return self._images, self._positions

    def select(self, runs: Sequence[int]) -> ImageFeed:
        """Return the feed of some of the runs, by place; images are shared, not drawn again."""
        feed = copy.copy(self)
        feed._set_of_run, feed._seed_of_run = self._set_of_run[list(runs)], self._seed_of_run[list(runs)]
        return feed

    def steps(self, first: int, n_steps: int) -> tuple[Tensor, Tensor]:
        """Return images (n_steps, n_runs, batch, 169) and positions (n_steps, n_runs, batch)."""
        if self._training.fresh:
            self._images, self._positions = self._draw_sets(block=first // CHUNK_STEPS)
            rows = torch.arange(n_steps * self._training.batch_size, device=self._device)
            rows = rows.view(n_steps, 1, -1)
        else:
            rows = self.rows(first, n_steps)
        flat = rows + self._n_images * self._set_of_run.view(1, -1, 1)
        return self._images.flatten(0, 1)[flat], self._positions.flatten(0, 1)[flat]

    def _draw_sets(self, block: int) -> tuple[Tensor, Tensor]:
        drawn = [self._draw_set(seed, source, block) for seed, source in self._sets]
        images, positions = zip(*drawn, strict=True)
        return torch.stack(images), torch.stack(positions)

    def _draw_set(self, seed: int, source: SourceConfig, block: int) -> tuple[Tensor, Tensor]:
        rng = generator(self._device, seed, Stream.IMAGES, block)
        positions = draw_positions(source, self._n_images, rng=rng)
        return draw_images(positions, rng=rng), positions

    def rows(self, first: int, n_steps: int) -> Tensor:
        """Return rows of the training set by step, run and place in the batch, (n_steps, n_runs, batch)."""
        training = self._training
        steps = torch.arange(first, first + n_steps, device=self._device)
        places = torch.arange(training.batch_size, device=self._device)
        start = (steps % training.steps_per_epoch) * training.batch_size
        within = (start[:, None] + places) % self._n_images
        last = first + n_steps - 1
        epochs = range(first // training.steps_per_epoch, last // training.steps_per_epoch + 1)
        self._orders = {e: self._orders[e] if e in self._orders else self._order(e) for e in epochs}
        of_step = [step // training.steps_per_epoch for step in range(first, first + n_steps)]
        rows = [self._orders[epoch][:, within[i]] for i, epoch in enumerate(of_step)]
        return torch.stack(rows)[:, self._seed_of_run]

    def _order(self, epoch: int) -> Tensor:
        orders = []
        for seed in self._seeds:
            rng = generator(self._device, seed, Stream.ORDER, epoch)
            orders.append(torch.randperm(self._n_images, generator=rng, device=self._device))
        return torch.stack(orders)


def batch_chunks(
    configs: Sequence[RunConfig],
    groups: Sequence[HeadGroup],
    feed: ImageFeed,
    *,
    device: torch.device,
    dtype: torch.dtype,
    first_chunk: int = 0,
) -> Iterator[tuple[int, TrainingBatch]]:
    """Yield the number of steps and the inputs of each chunk, from ``first_chunk`` to the last.

    The step axis of every chunk is ``CHUNK_STEPS`` long; in the last one only the first steps count.
    """
    training = configs[0].training
    for first in range(first_chunk * CHUNK_STEPS, training.n_steps, CHUNK_STEPS):
        n_steps = min(CHUNK_STEPS, training.n_steps - first)
        images, positions = feed.steps(first, n_steps)
        schedules = _schedules(configs, first, device=device, dtype=dtype)
        chunk = first // CHUNK_STEPS
        noise = seed_noise(configs, Stream.NOISE, chunk, device=device, dtype=dtype)
        keep = tuple(dropout_masks(configs, group, Stream.DROPOUT, chunk, device=device) for group in groups)
        yield n_steps, TrainingBatch(padded(images), padded(positions), noise, keep, *schedules)


def padded(tensor: Tensor) -> Tensor:
    """Fill the step axis of the last chunk up to its full length."""
    missing = CHUNK_STEPS - len(tensor)
    return torch.cat([tensor, tensor[:1].expand(missing, *tensor.shape[1:])]) if missing else tensor


def _schedules(
    configs: Sequence[RunConfig], first: int, *, device: torch.device, dtype: torch.dtype
) -> Iterator[Tensor]:
    """Yield target rate, task ramp and learning rate of a chunk, (CHUNK_STEPS, n_runs) each."""
    steps = np.arange(first, first + CHUNK_STEPS)
    training = configs[0].training
    per_epoch = training.steps_per_epoch
    objective_rows = [
        (
            objectives.target_rates(config.objective, steps, steps_per_epoch=per_epoch),
            objectives.task_ramps(config.objective, steps, steps_per_epoch=per_epoch),
        )
        for config in configs
    ]
    for part in zip(*objective_rows, strict=True):
        yield torch.from_numpy(np.stack(part, axis=1)).to(device=device, dtype=dtype)
    yield learning_rates(configs, first, device=device)


def learning_rates(configs: Sequence[RunConfig], first: int, *, device: torch.device) -> Tensor:
    """Return the learning rates of a chunk: float32, (CHUNK_STEPS, n_runs)."""
    steps = np.arange(first, first + CHUNK_STEPS)
    rates = np.stack([objectives.learning_rates(config.training, steps) for config in configs], axis=1)
    return torch.from_numpy(rates).to(device=device, dtype=torch.float32)


def seed_noise(
    configs: Sequence[RunConfig], stream: Stream, chunk: int, *, device: torch.device, dtype: torch.dtype
) -> Tensor:
    """Return standard-normal noise of a chunk, (CHUNK_STEPS, n_runs, batch_size, n_latents)."""
    training = configs[0].training
    shape = (CHUNK_STEPS, training.batch_size, training.n_latents)
    seeds = list(dict.fromkeys(config.seed for config in configs))
    drawn = torch.stack(
        [torch.randn(shape, generator=generator(device, s, stream, chunk), device=device) for s in seeds],
        dim=1,
    )
    of_run = torch.tensor([seeds.index(config.seed) for config in configs], device=device)
    return drawn[:, of_run].to(dtype)


def dropout_masks(
    configs: Sequence[RunConfig], group: HeadGroup, stream: Stream, chunk: int, *, device: torch.device
) -> Tensor | None:
    """Return the units that dropout keeps in a chunk, (CHUNK_STEPS, n_heads, batch_size, width) of bool."""
    if not group.has_dropout:
        return None
    shape = (CHUNK_STEPS, configs[0].training.batch_size, group.width)
    masks = torch.empty(CHUNK_STEPS, len(group.heads), *shape[1:], dtype=torch.bool, device=device)
    places: dict[tuple[int, str], list[int]] = {}
    for place, head in enumerate(group.heads):
        places.setdefault((configs[head.run].seed, head.task), []).append(place)
    for (seed, task), equal in places.items():
        rng = generator(device, seed, stream, task_address(task), chunk)
        drawn = _kept_units(shape, rng, device)
        for place in equal:
            masks[:, place] = drawn
    return masks


def _kept_units(shape: tuple[int, ...], rng: torch.Generator, device: torch.device) -> Tensor:
    """Draw which units dropout keeps, of one random byte each; their number is a multiple of 8."""
    words = torch.empty(math.prod(shape) // 8, dtype=torch.int64, device=device)
    words.random_(torch.iinfo(torch.int64).min, None, generator=rng)
    return (words.view(torch.uint8) >= round(256 * DROPOUT)).view(shape)


def task_address(task: str) -> int:
    """Return the address of a task within a stream, so that its head does not depend on other heads."""
    return zlib.crc32(task.encode())
