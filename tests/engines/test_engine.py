from __future__ import annotations

import pytest

from rdsweep.engines._engine import choose_device


@pytest.mark.parametrize(
    ("wanted", "has_cuda", "device"),
    [("auto", True, "cuda"), ("auto", False, "cpu"), ("cpu", True, "cpu"), ("cuda", True, "cuda")],
)
def test_device(wanted: str, has_cuda: bool, device: str) -> None:
    assert choose_device(wanted, has_cuda=lambda: has_cuda) == device


def test_cuda_must_be_there() -> None:
    with pytest.raises(ValueError, match="where there is no CUDA device, but got 'cuda'"):
        choose_device("cuda", has_cuda=lambda: False)
