"""Records of tensors: dataclasses whose fields are tensors, tuples of tensors or None."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import torch

R = TypeVar("R")


def map_tensors(record: R, function: Callable[[torch.Tensor], torch.Tensor]) -> R:
    """Return ``record`` with ``function`` applied to every tensor in it."""
    mapped = {name: _map(value, function) for name, value in _items(record)}
    return dataclasses.replace(record, **mapped)  # type: ignore[type-var]


def tensors_of(record: object) -> Iterator[torch.Tensor]:
    """Yield every tensor of ``record`` in the order of its fields."""
    for _, value in _items(record):
        for tensor in value if isinstance(value, tuple) else (value,):
            if tensor is not None:
                yield tensor


def _items(record: Any) -> list[tuple[str, Any]]:
    return [(field.name, getattr(record, field.name)) for field in dataclasses.fields(record)]


def _map(value: Any, function: Callable[[torch.Tensor], torch.Tensor]) -> Any:
    if isinstance(value, tuple):
        return tuple(_map(item, function) for item in value)
    return None if value is None else function(value)
