"""Whether the runs can be believed: capacities reached, nothing below the bound, none lost."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from rdsweep.report.parts import count, percent

RATE_TOLERANCE = 0.02
"""Deviation of rate from capacity that the controller of the matched protocol was built for."""


@dataclass(frozen=True)
class Trust:
    """What was looked at before the results were believed, for one sweep.

    Attributes
    ----------
    n_stored, n_completed : int
    worst_deviation : float
        Greatest relative deviation of the rate from the capacity of any run, on its own stimuli.
    worst_model, worst_capacity : str, float
        Whose it is, in nats.
    n_beyond : int
        Runs further off than `RATE_TOLERANCE`.
    n_below_bound : int
        Runs whose distortion is less than any code of their rate can have: a bug, if there were one.
    least_excess : float
        Smallest distance above the bound, MSE per pixel.
    closest : str
        Model of that run.
    """

    n_stored: int
    n_completed: int
    worst_deviation: float
    worst_model: str
    worst_capacity: float
    n_beyond: int
    n_below_bound: int
    least_excess: float
    closest: str


def check_runs(stored: pd.DataFrame, runs: pd.DataFrame) -> Trust:
    """Look at all runs of a sweep."""
    deviation = (runs["rate_own"] / runs["capacity"] - 1).abs()
    worst, closest = runs.iloc[deviation.argmax()], runs.iloc[runs["excess"].argmin()]
    return Trust(
        n_stored=len(stored),
        n_completed=len(runs),
        worst_deviation=float(deviation.max()),
        worst_model=str(worst["model"]),
        worst_capacity=float(worst["capacity"]),
        n_beyond=int((deviation > RATE_TOLERANCE).sum()),
        n_below_bound=int((runs["excess"] < 0).sum()),
        least_excess=float(closest["excess"]),
        closest=str(closest["model"]),
    )


def n_beyond_text(trust: Trust) -> str:
    """Say how many runs miss their capacity by more than the tolerance."""
    share = percent(RATE_TOLERANCE, decimals=0)
    return f"{count(trust.n_beyond)} of {count(trust.n_completed)} by more than {share}"
