from __future__ import annotations

import pytest

from rdsweep.engines import open_engine


@pytest.mark.parametrize("engine", ["ray", "inline"])
def test_ray_client_is_refused_at_once(engine: str) -> None:
    with (
        pytest.raises(
            ValueError, match=r"address must be auto or HOST:PORT.*, but got 'ray://10.0.0.1:10001'$"
        ),
        open_engine(engine, address="ray://10.0.0.1:10001", device="cpu", n_workers=1),
    ):
        pass
