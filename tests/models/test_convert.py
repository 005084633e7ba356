import pytest
import torch

from rdsweep.config import TaskConfig
from rdsweep.models import (
    Head,
    ReferenceHybrid,
    ReferenceVAE,
    from_module,
    group_heads,
    pack_heads,
    reference_head,
    to_module,
    unpack_head,
    unpack_vae,
)


def test_module_round_trip_is_exact(modules):
    weights = from_module(*modules)
    for run, module in enumerate(modules):
        again = to_module(weights, run)
        assert again.state_dict().keys() == module.state_dict().keys()
        for name, leaf in module.state_dict().items():
            assert torch.equal(again.state_dict()[name], leaf), name


def test_packed_round_trip_is_exact(modules):
    weights = from_module(*modules)
    again = from_module(*[to_module(weights, run) for run in range(len(modules))])
    assert again.keys() == weights.keys()
    for name, leaf in weights.items():
        assert torch.equal(again[name], leaf), name


def test_leaves_have_a_run_axis_and_hold_every_parameter(modules):
    weights = from_module(*modules)
    assert {len(leaf) for leaf in weights.values()} == {len(modules)}
    n_parameters = sum(leaf[0].numel() for leaf in weights.values())
    assert n_parameters == sum(leaf.numel() for leaf in modules[0].parameters())


def test_any_number_of_latents_converts():
    module = ReferenceVAE(n_latents=3)
    again = to_module(from_module(module), 0)
    for name, leaf in module.state_dict().items():
        assert torch.equal(again.state_dict()[name], leaf), name


def test_an_unpacked_state_shares_no_memory_with_the_pack(modules):
    weights = from_module(*modules)
    before = {name: leaf.clone() for name, leaf in weights.items()}
    for leaf in unpack_vae(weights, 0).values():
        leaf.zero_()
    for name, leaf in before.items():
        assert torch.equal(weights[name], leaf), name


@pytest.mark.parametrize(("kind", "task"), [("linear", "order"), ("nonlinear", "bins"), ("linear", "bins")])
def test_heads_round_trip_is_exact(kind, task):
    (group,) = group_heads([Head(0, task, kind), Head(1, task, kind)])
    heads = [reference_head(kind, group.n_logits) for _ in range(2)]
    weights = pack_heads(group, heads)
    for index, head in enumerate(heads):
        again = unpack_head(group, weights, index)
        assert again.keys() == head.state_dict().keys()
        for name, leaf in head.state_dict().items():
            assert torch.equal(again[name], leaf), name


def test_a_hybrid_is_a_model_and_a_head_for_each_task():
    hybrid = ReferenceHybrid([TaskConfig("order"), TaskConfig("bins", head="nonlinear")], n_latents=4)
    latents = torch.zeros(2, 4)
    assert hybrid.vae.decode(latents).shape == (2, 1, 13, 13)
    assert {name: head(latents).shape[1] for name, head in hybrid.heads.items()} == {"order": 1, "bins": 25}
