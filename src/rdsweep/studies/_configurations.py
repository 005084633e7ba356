"""Configurations: what Optuna proposes, as the runs that try it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rdsweep.config import RunConfig
from rdsweep.studies._study_file import StudyFile
from rdsweep.sweeps import Sweep, expand_sweep


@dataclass(frozen=True)
class Configuration:
    """One proposal: a condition, the parameters that Optuna chose, and a run for each seed.

    Attributes
    ----------
    condition : str
        Name of the condition; empty where the study has only one.
    parameters : Mapping of str to float
    axes : Mapping of str to list
        Condition and parameters as the grid of a sweep.
    runs : tuple of RunConfig
        In the order of the seeds.
    """

    condition: str
    parameters: Mapping[str, float]
    axes: Mapping[str, list[Any]]
    runs: tuple[RunConfig, ...]


def make_configuration(file: StudyFile, condition: str, parameters: Mapping[str, float]) -> Configuration:
    """Return the configuration of ``parameters`` under a condition of ``file``.

    Examples
    --------
    >>> search = {"beta": [3.0, 300.0]}
    >>> file = StudyFile(name="beta", kind="frontier", seeds=2, n_configs=8, search=search)
    >>> [run.objective.beta for run in make_configuration(file, "", {"beta": 30.0}).runs]
    [30.0, 30.0]
    """
    chosen = {name: [value] for name, value in parameters.items()}
    axes = file.named_conditions[condition] | chosen
    runs = expand_sweep(file.sweep_settings | {"space": {"grid": axes}}).configs
    return Configuration(condition, dict(parameters), axes, runs)


def batch_sweep(file: StudyFile, batch: Sequence[RunConfig], tried: Sequence[Configuration]) -> Sweep:
    """Return the runs of a batch as a sweep.

    Its resolved form declares every configuration that was ``tried``, so that the results folder of a study
    is that of a sweep: ``rdsweep status`` and ``rdsweep run`` understand it.
    """
    space = [{"grid": dict(configuration.axes)} for configuration in tried]
    resolved = file.sweep_settings | {"space": space}
    return Sweep(file.name, tuple(batch), len(batch), file.weights, file.pack_size, resolved)
