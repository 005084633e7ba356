"""Matrix arithmetic: what a precision means on a device."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from rdsweep.config import Precision


@dataclass(frozen=True)
class Arithmetic:
    """Resolved arithmetic: its name, the type of master weights and that of the convolutions' products."""

    name: str
    dtype: torch.dtype
    product_dtype: torch.dtype


def resolve_arithmetic(precision: Precision, device: torch.device) -> Arithmetic:
    """Return what ``precision`` means on ``device``.

    ``auto`` is fp32 on CPU and tf32 on CUDA; tf32 needs a CUDA device.
    """
    if precision == "auto":
        precision = "tf32" if device.type == "cuda" else "fp32"
    if precision == "tf32" and device.type != "cuda":
        raise ValueError(f"precision must be auto, fp32 or bf16 on {device.type}, but got 'tf32'")
    return Arithmetic(precision, torch.float32, torch.bfloat16 if precision == "bf16" else torch.float32)


@contextmanager
def matrix_products(arithmetic: Arithmetic) -> Iterator[None]:
    """Set PyTorch's matrix products to ``arithmetic`` and back."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high" if arithmetic.name == "tf32" else "highest")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)
