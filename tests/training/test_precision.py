import pytest
import torch

from rdsweep.config import RunConfig, TrainingConfig
from rdsweep.training import PrecisionWarning, slow_precision, train_pack
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


@pytest.fixture
def without_bf16(monkeypatch: pytest.MonkeyPatch) -> None:
    """A CPU without instructions for bf16."""
    found = {"avx2": True, "avx512_bf16": False, "amx_bf16": False}
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: found, raising=False)


@pytest.mark.parametrize("native", ["avx512_bf16", "amx_bf16", "bf16", "sve_bf16"])
def test_bf16_is_fine_where_the_cpu_has_instructions_for_it(monkeypatch, native):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx2": True, native: True}, raising=False)
    assert slow_precision("bf16", CPU) == ""


def test_bf16_is_slow_on_a_cpu_without_instructions_for_it(without_bf16):
    assert slow_precision("bf16", CPU) == (
        "precision bf16 takes 6 to 8 times as long as fp32 on this CPU, which has no instructions for it:"
        " set precision to auto or fp32, or train on CUDA"
    )
    assert [slow_precision(name, CPU) for name in ("auto", "fp32")] == ["", ""]
    assert slow_precision("bf16", CUDA) == ""


def test_a_cpu_that_cannot_be_asked_is_not_blamed(monkeypatch):
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert slow_precision("bf16", CPU) == ""


@pytest.mark.usefixtures("small_test_set")
def test_a_slow_precision_warns_once_and_trains(without_bf16):
    config = RunConfig(training=TrainingConfig(n_train=4, batch_size=2, epochs=1, precision="bf16"))
    with pytest.warns(PrecisionWarning, match="takes 6 to 8 times as long as fp32") as caught:
        pack = train_pack([config])
    assert len(caught) == 1
    assert caught[0].filename == __file__, "Python shows it once for a line of the caller"
    assert (pack.precision, pack.runs[0].status) == ("bf16", "completed")
