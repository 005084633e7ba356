import math

import pytest
import torch

from rdsweep.models import Head, group_heads, pack_heads, reference_head
from rdsweep.models._heads import answers, cross_entropy
from rdsweep.tasks import get_task

HEADS = [
    Head(0, "order", "linear"),
    Head(1, "bins", "nonlinear"),
    Head(1, "region", "linear", 2.0),
    Head(2, "bins", "linear"),
]


def test_heads_are_grouped_by_shape_in_order_of_appearance():
    groups = group_heads(HEADS)
    assert [group.name for group in groups] == ["linear1", "nonlinear25", "linear25"]
    assert [head.task for head in groups[0].heads] == ["order", "region"]
    assert [group.width for group in groups] == [1024, 1500, 1024]
    assert [group.has_dropout for group in groups] == [False, True, False]


def test_a_group_knows_its_runs_and_labels():
    group = group_heads(HEADS)[0]
    device = torch.device("cpu")
    assert group.runs(device).tolist() == [0, 1]
    expected = [get_task(task).label_table().tolist() for task in ("order", "region")]
    assert group.label_tables(device).tolist() == expected


@pytest.mark.parametrize("group", group_heads(HEADS), ids=lambda group: group.name)
def test_logits_are_those_of_ordinary_heads(group, rng):
    modules = [reference_head(group.kind, group.n_logits).double().eval() for _ in group.heads]
    latents = torch.randn(len(modules), 6, 5, generator=rng, dtype=torch.float64)
    logits = group.logits(pack_heads(group, modules), latents)
    for index, module in enumerate(modules):
        # float64: 1,500 products of order 1 round to about 1e-14.
        torch.testing.assert_close(logits[index], module(latents[index]), rtol=0.0, atol=1e-12)


def test_dropout_scales_what_it_keeps(rng):
    (group,) = group_heads([Head(0, "bins", "nonlinear")])
    module = reference_head("nonlinear", 25).double()
    latents = torch.randn(1, 6, 5, generator=rng, dtype=torch.float64)
    keep = torch.rand(1, 6, group.width, generator=rng) >= 0.25
    hidden = module[1](module[0](latents[0])) * keep[0] / 0.75
    logits = group.logits(pack_heads(group, [module]), latents, keep)
    torch.testing.assert_close(logits[0], module[3](hidden), rtol=0.0, atol=1e-12)


def test_gradients_under_dropout_are_those_of_an_ordinary_head(rng):
    (group,) = group_heads([Head(0, "bins", "nonlinear")])
    module = reference_head("nonlinear", 25).double()
    leaves = {name: leaf.detach().requires_grad_() for name, leaf in pack_heads(group, [module]).items()}
    latents = torch.randn(1, 6, 5, generator=rng, dtype=torch.float64, requires_grad=True)
    keep = torch.rand(1, 6, group.width, generator=rng) >= 0.25
    slopes = torch.randn(1, 6, 25, generator=rng, dtype=torch.float64)
    w1, b1, w2, b2 = leaves.values()
    hidden = torch.nn.functional.leaky_relu(latents @ w1 + b1.unsqueeze(1), 0.2) * keep / 0.75
    ordinary = hidden @ w2 + b2.unsqueeze(1)
    wanted = torch.autograd.grad((ordinary * slopes).sum(), [latents, w1, b1, w2, b2])
    found = torch.autograd.grad(
        (group.logits(leaves, latents, keep) * slopes).sum(), [latents, w1, b1, w2, b2]
    )
    for ours, expected in zip(found, wanted, strict=True):
        torch.testing.assert_close(ours, expected, rtol=0.0, atol=1e-12)


def test_binary_cross_entropy_by_hand():
    logits = torch.tensor([[[0.0], [2.0], [-2.0]]])
    expected = [math.log(2.0), math.log1p(math.exp(-2.0)), math.log1p(math.exp(2.0))]
    assert cross_entropy(logits, torch.tensor([[1, 1, 1]]))[0].tolist() == pytest.approx(
        [expected[0], expected[1], expected[2]]
    )
    assert cross_entropy(logits, torch.tensor([[0, 0, 0]]))[0].tolist() == pytest.approx(
        [expected[0], expected[2], expected[1]]
    )


def test_cross_entropy_of_many_classes_by_hand():
    logits = torch.tensor([[[1.0, 3.0, 0.0]]])
    total = math.e + math.e**3 + 1.0
    assert cross_entropy(logits, torch.tensor([[1]])).item() == pytest.approx(math.log(total) - 3.0)
    shares = [math.e / total, math.e**3 / total, 1.0 / total]
    twice = math.log(sum(math.exp(share) for share in shares)) - shares[1]
    double = cross_entropy(logits, torch.tensor([[1]]), double_softmax=True)
    assert double.item() == pytest.approx(twice)


def test_double_softmax_is_for_many_classes_only():
    logits, labels = torch.tensor([[[2.0]]]), torch.tensor([[1]])
    assert cross_entropy(logits, labels, double_softmax=True) == cross_entropy(logits, labels)


def test_answers_are_the_likeliest_classes():
    assert answers(torch.tensor([[[-0.1], [0.0], [0.1]]])).tolist() == [[0, 1, 1]]
    assert answers(torch.tensor([[[0.0, 2.0, 1.0]]])).tolist() == [[1]]
