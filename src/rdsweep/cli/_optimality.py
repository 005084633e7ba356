"""Distance from the exact optimum, as columns of the runs table."""

from __future__ import annotations

import pandas as pd
from rich.console import Console

from rdstats.theory import Frontier, efficiency, excess_distortion, rd_frontier
from rdsweep.cli._solving import SolvingProgress
from rdsweep.config import Imbalance

_OWN = "_own"


def with_optimality(runs: pd.DataFrame) -> pd.DataFrame:
    """Add the theoretical bound of each run, and how far the run is from it.

    Returns
    -------
    DataFrame
        ``runs`` with three columns for the balanced test set, measured against the balanced source, and the
        same with ``_own`` for the run's own stimulus distribution, measured against its own source:

        - ``distortion_bound``: mean squared error per pixel that no code of the run's rate can undercut;
        - ``excess_distortion``: mean squared error per pixel above that bound;
        - ``efficiency``: share of the rate that would suffice for the distortion reached.

        They are NaN for runs without a rate.
    """
    balanced = _frontier("none", 1.0)
    own = [
        _columns(group, _frontier(group["imbalance"].iloc[0], group["ratio"].iloc[0]), suffix=_OWN)
        for _, group in runs.groupby(["imbalance", "ratio"], sort=False)
    ]
    return runs.join([_columns(runs, balanced), pd.concat(own or [_columns(runs, balanced, suffix=_OWN)])])


def _columns(runs: pd.DataFrame, frontier: Frontier, *, suffix: str = "") -> pd.DataFrame:
    rate, distortion = runs[f"rate{suffix}"], runs[f"distortion_mse{suffix}"]
    measures = {
        "distortion_bound": frontier.distortion_mse(rate),
        "excess_distortion": excess_distortion(rate, distortion, frontier=frontier),
        "efficiency": efficiency(rate, distortion, frontier=frontier),
    }
    return pd.DataFrame({f"{name}{suffix}": values for name, values in measures.items()}, index=runs.index)


def _frontier(imbalance: Imbalance, ratio: float) -> Frontier:
    with SolvingProgress(imbalance, ratio, console=Console(stderr=True)) as progress:
        return rd_frontier(imbalance, ratio, progress=progress)
