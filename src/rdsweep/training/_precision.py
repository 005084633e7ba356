"""Matrix arithmetic: what a precision means on a device."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from rdsweep.config import Precision


class PrecisionWarning(UserWarning):
    """A precision that works on a device but makes training many times slower."""


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


def slow_precision(precision: Precision, device: torch.device) -> str:
    """Return in one line why ``precision`` makes training on ``device`` slow; nothing if it does not.

    Examples
    --------
    >>> slow_precision("fp32", torch.device("cpu"))
    ''
    """
    if precision != "bf16" or device.type != "cpu" or _has_bf16_instructions():
        return ""
    # benchmarks/packed_training.py on one core of an AMD EPYC with AVX2: 5.7 times in packs of 8, 6.6 times
    # in packs of 4. A whole sweep on another machine with AVX2 took 8 times as long.
    return (
        "precision bf16 takes 6 to 8 times as long as fp32 on this CPU, which has no instructions for it:"
        " set precision to auto or fp32, or train on CUDA"
    )


def _has_bf16_instructions() -> bool:
    """Whether products in bf16 are native to this CPU: by AVX-512, AMX or those of ARM.

    Assumed of a CPU of which PyTorch cannot say, as before its release 2.10.
    """
    ask = getattr(torch.cpu, "get_capabilities", None)
    return ask is None or any(has for name, has in ask().items() if name.endswith("bf16"))


@contextmanager
def matrix_products(arithmetic: Arithmetic) -> Iterator[None]:
    """Set PyTorch's matrix products to ``arithmetic`` and back."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high" if arithmetic.name == "tf32" else "highest")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)
