from collections.abc import Iterator

import pytest
import torch


@pytest.fixture(scope="module")
def small_test_set() -> Iterator[None]:
    """Four test images of each position instead of 64, and batches that divide their number."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rdsweep.training._evaluation.IMAGES_PER_POSITION", 4)
        patch.setattr("rdsweep.training._evaluation.PAPER_BATCH", 26)
        yield


@pytest.fixture
def without_bf16(monkeypatch: pytest.MonkeyPatch) -> None:
    """A CPU without instructions for bf16."""
    found = {"avx2": True, "avx512_bf16": False, "amx_bf16": False}
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: found, raising=False)
