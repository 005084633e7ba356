"""What training a pack returns: plain numbers and arrays, ready to be stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rdsweep.config import RunConfig

RunStatus = Literal["completed", "failed", "pruned"]
Row = Mapping[str, float | int | str]


@dataclass(frozen=True)
class RunResult:
    """A trained run.

    Attributes
    ----------
    config : RunConfig
    status : {"completed", "failed", "pruned"}
    message : str
        Cause of a failure or of an early stop; empty for a completed run.
    measures : Mapping
        Columns ``MEASURES`` of the runs table; empty for a failed run, ``steps`` excepted.
    scores, history, score_history : tuple of rows
        Rows of the tables of these names, without ``run_id``.
    maps : Mapping of arrays
        Columns of the maps table as float32 arrays of shape (13, 13, n_latents) or (13, 13); empty for a
        failed run.
    codes : array or None
        Latent means of the coded test images, float32 of shape (n_images, n_latents); None for a failed run.
    weights : Mapping of arrays or None
        State dict of the reference architecture.
    """

    config: RunConfig
    status: RunStatus
    message: str = ""
    measures: Row = field(default_factory=dict)
    scores: tuple[Row, ...] = ()
    history: tuple[Row, ...] = ()
    score_history: tuple[Row, ...] = ()
    maps: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    codes: NDArray[np.float32] | None = None
    weights: Mapping[str, NDArray[np.float32]] | None = None


@dataclass(frozen=True)
class PackResult:
    """A trained pack: its runs in the order of the configurations, and how they were trained.

    Attributes
    ----------
    runs : tuple of RunResult
    device : str
        Name of the device, for example ``"cpu"`` or ``"NVIDIA H100 80GB HBM3"``.
    precision : str
        Matrix arithmetic that was used.
    wall_seconds : float
        Wall time of the whole pack, evaluation included.
    """

    runs: tuple[RunResult, ...]
    device: str
    precision: str
    wall_seconds: float
