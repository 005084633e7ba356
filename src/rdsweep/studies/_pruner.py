"""Stopping runs that another run of the same seed has already beaten in rate and in distortion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rdsweep.config import RunConfig

if TYPE_CHECKING:
    from rdsweep.training import PackReport, PackResult

Family = tuple[object, ...]

NO_CODE_DISTORTION = 0.155297
"""Mean squared error per pixel of the best constant image on the uniform source; biased sources have less."""


@dataclass(frozen=True)
class DominatedRuns:
    """A pruner for `rdsweep.training.train_pack`.

    A run is stopped once a share of training is over and another run of its family has, by more than a
    relative margin, both a smaller rate and a smaller distortion on the last chunk of training batches; or
    once its own distortion is by the margin worse than that of no code at all.

    Attributes
    ----------
    after : float
        Share of training before which no run is stopped.
    margin : float
        Relative lead in rate and in distortion that counts.
    families : tuple
        Of each run of the pack, what it has to share with a run that it is measured against.
    """

    after: float
    margin: float
    families: tuple[Family, ...]

    def __call__(self, report: PackReport) -> Mapping[int, str]:
        """Return the runs to stop, by index, each with its reason.

        Examples
        --------
        >>> from rdsweep.training import PackReport
        >>> pruner = DominatedRuns(0.5, 0.1, families=((), ()))
        >>> pruner(PackReport(64, 100, np.array([1.0, 2.0]), np.array([0.10, 0.14])))
        {1: 'dominated after 64 steps: rate 2 and distortion 0.14 against 1 and 0.1'}
        """
        if report.steps < self.after * report.n_steps:
            return {}
        points = np.stack([report.rate, report.distortion_mse], axis=1)
        reasons = {}
        for run, (rate, distortion) in enumerate(points):
            better = (points < (1 - self.margin) * points[run]).all(axis=1)
            better &= [family == self.families[run] for family in self.families]
            own = f"rate {rate:.4g} and distortion {distortion:.4g}"
            if better.any():
                other = points[np.flatnonzero(better)[0]]
                against = f"{other[0]:.4g} and {other[1]:.4g}"
                reasons[run] = f"dominated after {report.steps} steps: {own} against {against}"
            elif distortion > (1 + self.margin) * NO_CODE_DISTORTION:
                reasons[run] = f"worse than no code after {report.steps} steps: {own}"
        return reasons


@dataclass(frozen=True)
class PrunedTraining:
    """`rdsweep.training.train_pack` with a `DominatedRuns` pruner, as engines take it; can be pickled."""

    after: float
    margin: float

    def __call__(self, configs: Sequence[RunConfig], **options: Any) -> PackResult:
        """Train ``configs`` together."""
        from rdsweep.training import train_pack

        pruner = DominatedRuns(self.after, self.margin, tuple(map(_family, configs)))
        return train_pack(configs, pruner=pruner, **options)


def _family(config: RunConfig) -> Family:
    """Return what runs have to share to be rivals: what they encode and for which tasks, and their noise."""
    return config.source, tuple(task.name for task in config.tasks), config.seed
