"""What each kind of study seeks: directions, values and constraints."""

from __future__ import annotations

import math
from typing import Literal

from rdsweep.studies._outcomes import Outcome, mean_and_error
from rdsweep.studies._study_file import StudyFile

Direction = Literal["minimize", "maximize"]


def directions(file: StudyFile) -> list[Direction]:
    """Return the direction of each objective, in Optuna's words."""
    if file.kind in ("frontier", "compare"):
        return ["minimize", "minimize"]
    if file.score is not None and file.score.metric != "cross_entropy":
        return ["maximize"]
    return ["minimize"]


def objective_names(file: StudyFile) -> list[str]:
    """Return what Optuna's dashboard calls each objective, with its unit where it has one.

    Examples
    --------
    >>> search = {"beta": [3.0, 300.0]}
    >>> objective_names(StudyFile(name="beta", kind="frontier", seeds=2, n_configs=8, search=search))
    ['rate (nats)', 'distortion (MSE per pixel)']
    """
    if file.target is not None:
        return [f"distance from rate {file.target.rate:g} (nats)"]
    if file.score is not None:
        return [f"{file.score.metric} of {file.score.task}"]
    return ["rate (nats)", "distortion (MSE per pixel)"]


def objective_values(file: StudyFile, outcome: Outcome) -> list[float]:
    """Return the objectives of a configuration whose runs all completed: means over its seeds.

    Rate (nats) and distortion (mean squared error per pixel) for a front, the distance from the wanted rate
    (nats) for ``target_rate``, the score for ``task``.
    """
    rate, _ = mean_and_error(outcome.rates)
    if file.target is not None:
        return [abs(rate - file.target.rate)]
    if file.score is not None:
        return [mean_and_error(outcome.scores)[0]]
    return [rate, mean_and_error(outcome.distortions)[0]]


def constraint_values(file: StudyFile, outcome: Outcome) -> dict[str, float]:
    """Return by how much a configuration exceeds each bound of a ``task`` study; at most 0 keeps it.

    The mean over seeds counts with its standard error, so that a bound is kept beyond the noise.
    """
    if file.score is None:
        return {}
    bounds = {
        "rate": (file.score.rate_at_most, outcome.rates),
        "distortion": (file.score.distortion_at_most, outcome.distortions),
    }
    return {name: upper_end(values) - bound for name, (bound, values) in bounds.items() if bound is not None}


def upper_end(values: tuple[float, ...]) -> float:
    """Return mean plus standard error, or the value itself where there is only one."""
    mean, error = mean_and_error(values)
    return mean if math.isnan(error) else mean + error
