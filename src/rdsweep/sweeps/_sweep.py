"""A sweep: a declared space, its seeds and its budget, expanded to runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rdsweep.config import RunConfig
from rdsweep.sweeps._declaration import validate_document
from rdsweep.sweeps._document import (
    Document,
    SweepTaskError,
    format_document,
    parse_document,
    read_document,
)
from rdsweep.sweeps._expand import expand_block, order_conditions
from rdsweep.sweeps._plugins import import_plugins
from rdsweep.sweeps._schema import SweepFile, WeightsPolicy
from rdsweep.tasks import UnknownTaskError

MAX_RUNS = 1_000_000
"""Largest number of runs that a sweep may declare; more would rather be a slip of the pen."""


@dataclass(frozen=True)
class Sweep:
    """An expanded sweep.

    Attributes
    ----------
    name : str
        Also the name of its results folder.
    configs : tuple of RunConfig
        Its distinct runs, ordered by condition and seed.
    n_declared : int
        Runs before equal ones were merged.
    weights : {"keep", "drop"}
        Whether the trained weights are stored.
    pack_size : int or None
        Largest number of runs in a pack; None leaves it to the device.
    resolved : Mapping
        The declaration with every default and list written out; itself a sweep file of the same runs.
    """

    name: str
    configs: tuple[RunConfig, ...]
    n_declared: int
    weights: WeightsPolicy = "drop"
    pack_size: int | None = None
    resolved: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def n_conditions(self) -> int:
        """Number of conditions that the runs repeat over seeds."""
        return len({config.condition_id for config in self.configs})


def load_sweep(path: str | Path) -> Sweep:
    """Import the plugins of a sweep file, which is the user's own, and expand it.

    Parameters
    ----------
    path : str or Path
        A YAML file in the vocabulary of ``sweeps/README.md``.

    Returns
    -------
    Sweep

    Raises
    ------
    SweepError
        If the file has a mistake; one line that says where it is and what is allowed.
    OSError
        If the file can't be read.
    """
    return _expand(read_document(Path(path)), imports=True)


def expand_sweep(declaration: Mapping[str, Any], *, name: str = "sweep") -> Sweep:
    """Import the plugins of a sweep that is declared as plain data, and expand it.

    Parameters
    ----------
    declaration : Mapping
        What a sweep file holds.
    name : str
        How error messages call the declaration.

    Returns
    -------
    Sweep

    Raises
    ------
    SweepError
        As for `load_sweep`.

    Examples
    --------
    >>> space = {"grid": {"model": ["baseline", "E2M1"], "capacity": [1, 3]}}
    >>> sweep = expand_sweep({"name": "tiny", "seeds": 5, "space": space})
    >>> len(sweep.configs)
    20
    """
    return _expand(Document(name, dict(declaration)), imports=True)


def parse_sweep(text: str, *, name: str) -> Sweep:
    """Expand the text of a sweep that was stored; the plugins that it names are not imported.

    Parameters
    ----------
    text : str
        A resolved sweep file. Whoever could write into a results folder wrote it, so it must not run code.
    name : str
        How error messages call it.

    Raises
    ------
    SweepTaskError
        If it names a task that is not registered.
    SweepError
        As for `load_sweep`.

    Examples
    --------
    >>> len(parse_sweep("{name: tiny, seeds: 5, space: {grid: {capacity: [1, 3]}}}", name="tiny").configs)
    10
    """
    return _expand(parse_document(text, name=name), imports=False)


def resolved_yaml(sweep: Sweep) -> str:
    """Return the resolved declaration of ``sweep`` as YAML, a sweep file of the same runs."""
    return format_document(sweep.resolved)


def _expand(document: Document, *, imports: bool) -> Sweep:
    file = validate_document(document, SweepFile)
    n_declared = sum(block.n_points() for block in file.space) * len(file.seeds)
    if n_declared > MAX_RUNS:
        raise document.error(("space",), f"must declare at most {MAX_RUNS:,} runs, but got {n_declared:,}")
    if imports:
        import_plugins(file.plugins, document=document)
    conditions: list[RunConfig] = []
    for index, block in enumerate(file.space):
        try:
            conditions += expand_block(block, file)
        except ValueError as error:
            mistake = document.error(("space", index), f"declares an impossible run: {error}")
            raise SweepTaskError(str(mistake)) if isinstance(error, UnknownTaskError) else mistake from None
    configs = tuple(
        replace(condition, seed=seed) for condition in order_conditions(conditions) for seed in file.seeds
    )
    return Sweep(file.name, configs, n_declared, file.weights, file.pack_size, _resolved(file))


def _resolved(file: SweepFile) -> dict[str, Any]:
    resolved = file.model_dump(exclude_none=True)
    resolved["space"] = [{part: axes for part, axes in block.items() if axes} for block in resolved["space"]]
    return {key: value for key, value in resolved.items() if value not in ({}, [], "")}
