"""Which precisions of a sweep make training slow on a device of this machine."""

from __future__ import annotations

from collections.abc import Sequence

from rdsweep.config import RunConfig


def slow_precisions(configs: Sequence[RunConfig], device: str) -> tuple[str, ...]:
    """Return a line for each precision of ``configs`` that makes training on ``device`` many times slower.

    Examples
    --------
    >>> slow_precisions([RunConfig()], "cpu")
    ()
    """
    unusual = dict.fromkeys(c.training.precision for c in configs if c.training.precision != "auto")
    if not unusual:  # spares the import of PyTorch
        return ()
    import torch

    from rdsweep.training import slow_precision

    lines = (slow_precision(precision, torch.device(device)) for precision in unusual)
    return tuple(line for line in lines if line)
