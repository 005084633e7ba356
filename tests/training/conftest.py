from collections.abc import Iterator

import pytest


@pytest.fixture(scope="module")
def small_test_set() -> Iterator[None]:
    """Four test images of each position instead of 64, and batches that divide their number."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rdsweep.training._evaluation.IMAGES_PER_POSITION", 4)
        patch.setattr("rdsweep.training._evaluation.PAPER_BATCH", 26)
        yield
