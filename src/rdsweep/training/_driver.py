"""Driving a step through a chunk: eagerly anywhere, as a captured graph on CUDA, with equal numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

import torch

from rdsweep.training._records import map_tensors, tensors_of

B = TypeVar("B")
S = TypeVar("S")
B_in = TypeVar("B_in", contravariant=True)
S_out = TypeVar("S_out", covariant=True)

WARM_UP_STEPS = 3
"""Steps that run eagerly before a capture, so that libraries have allocated what they need."""


class Driver(Protocol[B_in, S_out]):
    """Runs the steps of a chunk and returns their statistics with a leading step axis."""

    def __call__(self, chunk: B_in, n_steps: int) -> S_out:
        """Run the first ``n_steps`` steps of ``chunk``."""


class EagerDriver(Generic[B, S]):
    """Runs steps one by one.

    Parameters
    ----------
    step : Callable
        Takes a record of tensors without step axis and returns a record of statistics.
    """

    def __init__(self, step: Callable[[B], S]) -> None:
        self._step = step

    def __call__(self, chunk: B, n_steps: int) -> S:
        """Run the first ``n_steps`` steps of ``chunk``."""
        rows: list[S] = []
        for index in range(n_steps):
            stats = self._step(_select(chunk, index))
            rows.append(map_tensors(stats, lambda tensor: tensor.clone()))
        stacked = (torch.stack(column) for column in zip(*map(tensors_of, rows), strict=True))
        return map_tensors(rows[0], lambda _: next(stacked))


class GraphDriver(Generic[B, S]):
    """Replays one captured CUDA graph per step; a step counter on the device picks the step's inputs.

    Parameters
    ----------
    step : Callable
        As for `EagerDriver`; everything that it changes must be changed in place.
    """

    def __init__(self, step: Callable[[B], S]) -> None:
        self._step = step
        self._graph: torch.cuda.CUDAGraph | None = None

    def __call__(self, chunk: B, n_steps: int) -> S:
        """Run the first ``n_steps`` steps of ``chunk``."""
        first = 0
        if self._graph is None:
            first = min(WARM_UP_STEPS, n_steps)
            self._prepare(chunk, first)
            if first == n_steps:
                return map_tensors(self._outputs, lambda tensor: tensor[:n_steps].clone())
            self._capture()
        else:
            for held, new in zip(tensors_of(self._inputs), tensors_of(chunk), strict=True):
                held.copy_(new)
        assert self._graph is not None
        self._counter.fill_(first)
        for _ in range(first, n_steps):
            self._graph.replay()
        return map_tensors(self._outputs, lambda tensor: tensor[:n_steps].clone())

    def _prepare(self, chunk: B, n_steps: int) -> None:
        """Take over the chunk as input buffers and run the first steps eagerly."""
        self._inputs = map_tensors(chunk, lambda tensor: tensor.clone())
        length = len(next(iter(tensors_of(chunk))))
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for index in range(n_steps):
                stats = self._step(_select(self._inputs, index))
                if index == 0:
                    self._outputs = map_tensors(stats, lambda t: t.new_zeros(length, *t.shape))
                for held, new in zip(tensors_of(self._outputs), tensors_of(stats), strict=True):
                    held[index].copy_(new)
        torch.cuda.current_stream().wait_stream(stream)

    def _capture(self) -> None:
        self._counter = torch.zeros(1, dtype=torch.int64, device="cuda")
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            batch = map_tensors(self._inputs, lambda tensor: tensor.index_select(0, self._counter)[0])
            stats = self._step(batch)
            for held, new in zip(tensors_of(self._outputs), tensors_of(stats), strict=True):
                held.index_copy_(0, self._counter, new.unsqueeze(0))
            self._counter += 1


def make_driver(step: Callable[[B], S], device: torch.device, *, graph: bool = True) -> Driver[B, S]:
    """Return the fastest driver that ``device`` allows."""
    return GraphDriver(step) if device.type == "cuda" and graph else EagerDriver(step)


def _select(chunk: B, index: int) -> B:
    return map_tensors(chunk, lambda tensor: tensor[index])
