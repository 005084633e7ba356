"""Training a pack: the one function that the engines call."""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch

from rdsweep.config import RunConfig, pack_key
from rdsweep.training._checkpoint import Checkpointer
from rdsweep.training._loop import Progress, train_runs
from rdsweep.training._optimizer import learning_rate_settings
from rdsweep.training._outcomes import run_results
from rdsweep.training._precision import (
    PrecisionWarning,
    matrix_products,
    resolve_arithmetic,
    slow_precision,
)
from rdsweep.training._pruning import PackReport, Pruner
from rdsweep.training._result import PackResult
from rdsweep.training._threads import torch_threads


def train_pack(
    configs: Sequence[RunConfig],
    *,
    device: str | torch.device = "cpu",
    progress: Progress | None = None,
    checkpointer: Checkpointer | None = None,
    pruner: Pruner | None = None,
    keep_weights: bool = True,
    n_threads: int = 1,
) -> PackResult:
    """Train runs together and evaluate them.

    A run does not depend on its pack: its data, initial weights and noise are the same in any company. A run
    that diverges is returned as failed and does not touch the others.

    Parameters
    ----------
    configs : sequence of RunConfig
        Runs that agree in protocol, batches and sizes (`rdsweep.config.pack_key`).
    device : str or torch.device, default "cpu"
    progress : Callable, optional
        Called now and then with the fraction done, in [0, 1].
    checkpointer : Checkpointer, optional
        Saves the state of training now and then; a saved state of the same pack is taken up.
    pruner : Callable, optional
        Told after each chunk of 64 steps how the runs do (`PackReport`), it returns the indices of those to
        stop and why. They come back with the status ``pruned``, and their slots are freed where that pays.
    keep_weights : bool, default True
        Whether results carry the trained weights.
    n_threads : int, default 1
        Threads of PyTorch while the pack is trained, whatever `torch.set_num_threads` or ``OMP_NUM_THREADS``
        say; the setting of before is restored at the end. The products of a pack are so small that more
        threads mostly wait for each other, and numbers may differ in their last digits with the number of
        threads. To use the setting that there is, give ``torch.get_num_threads()``.

    Returns
    -------
    PackResult
        Runs in the order of ``configs``.

    Raises
    ------
    ValueError
        If ``configs`` is empty or its runs do not fit into one pack, or ``n_threads`` is below 1.

    Warns
    -----
    PrecisionWarning
        If the device has no instructions for the precision of the runs, which makes them many times slower.
    """
    started = time.perf_counter()
    place = torch.device(device)
    _check_pack(configs)
    if n_threads < 1:
        raise ValueError(f"n_threads must be an integer of at least 1, but got {n_threads!r}")
    slow = slow_precision(configs[0].training.precision, place)
    if slow:
        warnings.warn(slow, PrecisionWarning, stacklevel=2)
    order = sorted(range(len(configs)), key=lambda i: learning_rate_settings(configs[i]))
    runs = [configs[i] for i in order]
    arithmetic = resolve_arithmetic(runs[0].training.precision, place)
    with matrix_products(arithmetic), torch_threads(n_threads):
        trained = train_runs(
            runs,
            place,
            arithmetic,
            progress=progress or _ignore,
            checkpointer=checkpointer,
            pruner=None if pruner is None else _reordered(pruner, order),
        )
        results = run_results(trained, keep_weights=keep_weights)
    if checkpointer is not None:
        checkpointer.remove()
    back = sorted(range(len(configs)), key=order.__getitem__)
    name = torch.cuda.get_device_name(place) if place.type == "cuda" else place.type
    seconds = time.perf_counter() - started
    return PackResult(tuple(results[i] for i in back), name, arithmetic.name, seconds)


def _check_pack(configs: Sequence[RunConfig]) -> None:
    if not configs:
        raise ValueError("configs must hold at least one run, but is empty")
    keys = {pack_key(config) for config in configs}
    if len(keys) > 1:
        raise ValueError(
            f"configs must agree in protocol, batches and sizes to share a pack, but got {len(keys)} kinds"
        )


def _ignore(fraction: float) -> None:
    """Take no notice of progress."""


def _reordered(pruner: Pruner, order: Sequence[int]) -> Pruner:
    """Return ``pruner`` for runs that train in another order: place i holds run ``order[i]``."""
    back = np.argsort(order)

    def reordered(report: PackReport) -> Mapping[int, str]:
        own = replace(report, rate=report.rate[back], distortion_mse=report.distortion_mse[back])
        reasons = pruner(own)
        for run in reasons:
            if run not in range(len(order)):
                raise ValueError(f"pruner must name runs in 0..{len(order) - 1}, but named {run!r}")
        return {int(back[run]): reason for run, reason in reasons.items()}

    return reordered
