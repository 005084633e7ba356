import pytest
import torch

from rdsweep.config import RunConfig, TrainingConfig
from rdsweep.training import train_pack
from rdsweep.training._precision import matrix_products, resolve_arithmetic

CPU, CUDA = torch.device("cpu"), torch.device("cuda")


@pytest.mark.parametrize(
    ("precision", "device", "name"),
    [("auto", CPU, "fp32"), ("auto", CUDA, "tf32"), ("bf16", CPU, "bf16"), ("fp32", CUDA, "fp32")],
)
def test_arithmetic_is_named(precision, device, name):
    arithmetic = resolve_arithmetic(precision, device)
    assert (arithmetic.name, arithmetic.dtype) == (name, torch.float32)


def test_tf32_needs_cuda():
    config = RunConfig(training=TrainingConfig(precision="tf32"))
    message = r"^precision must be auto, fp32 or bf16 on cpu, but got 'tf32'"
    with pytest.raises(ValueError, match=message):
        train_pack([config])


def test_matrix_products_are_set_back():
    before = torch.get_float32_matmul_precision()
    with matrix_products(resolve_arithmetic("tf32", CUDA)):
        assert torch.get_float32_matmul_precision() == "high"
    assert torch.get_float32_matmul_precision() == before
