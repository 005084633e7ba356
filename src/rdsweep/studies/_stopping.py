"""When a search is over."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from rdsweep.studies._frontier import hypervolume_history
from rdsweep.studies._outcomes import mean_and_error
from rdsweep.studies._study_file import StudyFile, Target
from rdsweep.studies._tried import Tried, completed, rates_and_distortions


def stop_reason(file: StudyFile, tried: Sequence[Tried], *, n_configs: int) -> str:
    """Return why nothing more is to be tried, or nothing if there is something.

    Configurations that a living process works on count as tried; so do pruned ones.
    """
    if file.target is not None and (reason := _target_reason(file, file.target, completed(tried))):
        return reason
    if file.stop.stagnation is not None and _stagnates(tried, file.stop.stagnation * file.batch):
        return f"no gain in hypervolume beyond noise in the last {file.stop.stagnation * file.batch}"
    if len(tried) >= n_configs:
        return f"budget of {n_configs} configurations spent"
    return ""


def _target_reason(file: StudyFile, target: Target, done: Sequence[Tried]) -> str:
    """Say that the wanted rate is reached, and how surely, or that it never will be.

    The mean over seeds decides. Where its standard error exceeds the tolerance, other β would not help, but
    more seeds would.
    """
    for each in done:
        rate, error = mean_and_error(each.rates)
        if abs(rate - target.rate) <= target.tolerance:
            surely = (
                "" if math.isnan(error) else f" (standard error {error:.2g} over {len(each.rates)} seeds)"
            )
            return f"rate {rate:.4g}{surely} is within {target.tolerance:g} nats of {target.rate:g}"
    ends = file.search.ranges()["beta"]
    if set(ends) <= {each.parameters["beta"] for each in done}:
        means = [float(np.mean(each.rates)) for each in done]
        if not min(means) <= target.rate <= max(means):
            span = f"{min(means):.3g} to {max(means):.3g}"
            return f"rate {target.rate:g} is out of reach: the search range of beta gives {span} nats"
    return ""


def _stagnates(tried: Sequence[Tried], n_last: int) -> bool:
    """Whether the last configurations gained less area than its standard error over seeds."""
    history = hypervolume_history(rates_and_distortions(tried))
    if len(history) <= n_last:
        return False
    gain = float((history[-1] - history[-1 - n_last]).mean())
    _, error = mean_and_error(history[-1])
    return gain <= error
