import pytest
import torch

from rdsweep.models import ReferenceVAE


@pytest.fixture
def modules() -> list[ReferenceVAE]:
    """Three models of the reference architecture in float64."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return [ReferenceVAE().double() for _ in range(3)]


@pytest.fixture
def rng() -> torch.Generator:
    return torch.Generator().manual_seed(1)
