"""From the reference architecture's state dicts to packed weights and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import nn

from rdsweep.models._heads import HeadGroup
from rdsweep.models._packed import Weights
from rdsweep.models._reference import ReferenceVAE

Tensor = torch.Tensor

_CONVOLUTIONS = {
    "enc1": "encoder.0",
    "enc2": "encoder.2",
    "enc3": "encoder.4",
    "dec1": "decoder.0",
    "dec2": "decoder.2",
    "dec3": "decoder.4",
}
_POSITIONS = 4
_HEAD_LAYERS = {"linear": ("0", "1"), "nonlinear": ("0", "3")}


def pack_vae(states: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """Stack state dicts of `ReferenceVAE` into packed weights, (n_runs, ...) each."""
    packed = [_pack_one(state) for state in states]
    return {name: torch.stack([one[name] for one in packed]) for name in packed[0]}


def _pack_one(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    weights = {}
    for name, module in _CONVOLUTIONS.items():
        weights[f"{name}.kernel"] = state[f"{module}.weight"].permute(2, 3, 1, 0)
        weights[f"{name}.bias"] = state[f"{module}.bias"]
    # The reference flattens channels first, the pack positions first.
    code = torch.cat([state["fc_mu.weight"], state["fc_var.weight"]])
    weights["code.weight"] = code.unflatten(1, (-1, _POSITIONS)).permute(2, 1, 0).flatten(0, 1)
    weights["code.bias"] = torch.cat([state["fc_mu.bias"], state["fc_var.bias"]])
    expand = state["decoder_input.weight"]
    weights["expand.weight"] = expand.unflatten(0, (-1, _POSITIONS)).permute(1, 2, 0)
    weights["expand.bias"] = state["decoder_input.bias"].unflatten(0, (-1, _POSITIONS)).T
    return weights


def unpack_vae(weights: Weights, run: int) -> dict[str, Tensor]:
    """Return the state dict of `ReferenceVAE` that equals one run of packed weights."""
    one = {name: leaf[run].detach() for name, leaf in weights.items()}
    state = {}
    for name, module in _CONVOLUTIONS.items():
        state[f"{module}.weight"] = one[f"{name}.kernel"].permute(3, 2, 0, 1).contiguous()
        state[f"{module}.bias"] = one[f"{name}.bias"].clone()
    code = one["code.weight"].unflatten(0, (_POSITIONS, -1)).permute(2, 1, 0).flatten(1)
    for part, rows, bias in zip(("fc_mu", "fc_var"), code.chunk(2), one["code.bias"].chunk(2), strict=True):
        state[f"{part}.weight"], state[f"{part}.bias"] = rows.contiguous(), bias.clone()
    state["decoder_input.weight"] = one["expand.weight"].permute(2, 0, 1).flatten(0, 1).contiguous()
    state["decoder_input.bias"] = one["expand.bias"].T.flatten()
    return state


def pack_heads(group: HeadGroup, modules: Sequence[nn.Sequential]) -> dict[str, Tensor]:
    """Stack ordinary head modules into the leaves of ``group``."""
    first, last = _HEAD_LAYERS[group.kind]
    states = [module.state_dict() for module in modules]
    return {
        f"{group.name}.w1": torch.stack([state[f"{first}.weight"].T for state in states]),
        f"{group.name}.b1": torch.stack([state[f"{first}.bias"] for state in states]),
        f"{group.name}.w2": torch.stack([state[f"{last}.weight"].T for state in states]),
        f"{group.name}.b2": torch.stack([state[f"{last}.bias"] for state in states]),
    }


def unpack_head(group: HeadGroup, weights: Weights, index: int) -> dict[str, Tensor]:
    """Return the state dict of the ordinary module that equals head ``index`` of ``group``."""
    first, last = _HEAD_LAYERS[group.kind]
    w1, b1, w2, b2 = (weights[f"{group.name}.{leaf}"][index].detach() for leaf in ("w1", "b1", "w2", "b2"))
    return {
        f"{first}.weight": w1.T.contiguous(),
        f"{first}.bias": b1.clone(),
        f"{last}.weight": w2.T.contiguous(),
        f"{last}.bias": b2.clone(),
    }


def from_module(*modules: ReferenceVAE) -> dict[str, Tensor]:
    """Return packed weights of ordinary modules, one run each."""
    return pack_vae([module.state_dict() for module in modules])


def to_module(weights: Weights, run: int) -> ReferenceVAE:
    """Return one run of packed weights as an ordinary module."""
    module = ReferenceVAE(n_latents=weights["expand.weight"].shape[2])
    module.to(weights["expand.weight"].dtype).load_state_dict(unpack_vae(weights, run))
    return module
