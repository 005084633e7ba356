"""Models: the paper's eight as data, the reference architecture, and the packed one."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from rdsweep.models._catalogue import (
    MODELS,
    PUBLISHED_RATIO,
    Model,
    catalogue_ranks,
    default_head,
    model_kind,
    model_name,
)

if TYPE_CHECKING:
    from rdsweep.models._convert import from_module, pack_heads, pack_vae, to_module, unpack_head, unpack_vae
    from rdsweep.models._heads import Head, HeadGroup, group_heads
    from rdsweep.models._packed import decode, encode, latent_rates, sample_latents
    from rdsweep.models._reference import ReferenceHybrid, ReferenceVAE, reference_head

_TORCH_NAMES = {
    **dict.fromkeys(
        ("from_module", "pack_heads", "pack_vae", "to_module", "unpack_head", "unpack_vae"), "_convert"
    ),
    **dict.fromkeys(("Head", "HeadGroup", "group_heads"), "_heads"),
    **dict.fromkeys(("decode", "encode", "latent_rates", "sample_latents"), "_packed"),
    **dict.fromkeys(("ReferenceHybrid", "ReferenceVAE", "reference_head"), "_reference"),
}

__all__ = [
    "MODELS",
    "PUBLISHED_RATIO",
    "Head",
    "HeadGroup",
    "Model",
    "ReferenceHybrid",
    "ReferenceVAE",
    "catalogue_ranks",
    "decode",
    "default_head",
    "encode",
    "from_module",
    "group_heads",
    "latent_rates",
    "model_kind",
    "model_name",
    "pack_heads",
    "pack_vae",
    "reference_head",
    "sample_latents",
    "to_module",
    "unpack_head",
    "unpack_vae",
]


def __getattr__(name: str) -> Any:
    """Import what needs torch when it is first asked for, so that the catalogue stays light."""
    if name in _TORCH_NAMES:
        return getattr(importlib.import_module(f"rdsweep.models.{_TORCH_NAMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
