"""A sweep: a declared space, its seeds and its budget, expanded to runs."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rdsweep.config import RunConfig
from rdsweep.sweeps._declaration import validate_document
from rdsweep.sweeps._document import Document, format_document, parse_document, read_document
from rdsweep.sweeps._expand import expand_block, order_conditions
from rdsweep.sweeps._schema import SweepFile, WeightsPolicy

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
    """Read and expand a sweep file.

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
    return _expand(read_document(Path(path)))


def expand_sweep(declaration: Mapping[str, Any], *, name: str = "sweep") -> Sweep:
    """Expand a sweep that is declared as plain data.

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
    return _expand(Document(name, dict(declaration)))


def parse_sweep(text: str, *, name: str) -> Sweep:
    """Expand the text of a sweep file, which error messages call ``name``; raises as `load_sweep` does.

    Examples
    --------
    >>> len(parse_sweep("{name: tiny, seeds: 5, space: {grid: {capacity: [1, 3]}}}", name="tiny").configs)
    10
    """
    return _expand(parse_document(text, name=name))


def resolved_yaml(sweep: Sweep) -> str:
    """Return the resolved declaration of ``sweep`` as YAML, a sweep file of the same runs."""
    return format_document(sweep.resolved)


def _expand(document: Document) -> Sweep:
    file = validate_document(document, SweepFile)
    n_declared = sum(block.n_points() for block in file.space) * len(file.seeds)
    if n_declared > MAX_RUNS:
        raise document.error(("space",), f"must declare at most {MAX_RUNS:,} runs, but got {n_declared:,}")
    import_plugins(document, file.plugins)
    conditions: list[RunConfig] = []
    for index, block in enumerate(file.space):
        try:
            conditions += expand_block(block, file)
        except ValueError as error:
            raise document.error(("space", index), f"declares an impossible run: {error}") from None
    configs = tuple(
        replace(condition, seed=seed) for condition in order_conditions(conditions) for seed in file.seeds
    )
    return Sweep(file.name, configs, n_declared, file.weights, file.pack_size, _resolved(file))


def import_plugins(document: Document, plugins: Sequence[str]) -> None:
    """Import the user's modules, so that the tasks they register are known.

    Raises
    ------
    SweepError
        If a module cannot be imported; ``document`` is where the key ``plugins`` stands.
    """
    for index, plugin in enumerate(plugins):
        try:
            importlib.import_module(plugin)
        except Exception as error:
            cause = f"{type(error).__name__}: {error}"
            if isinstance(error, ModuleNotFoundError) and error.name == plugin.partition(".")[0]:
                cause += " (is its folder on PYTHONPATH?)"
            raise document.error(
                ("plugins", index), f"must be a module that can be imported: {cause}"
            ) from None


def _resolved(file: SweepFile) -> dict[str, Any]:
    resolved = file.model_dump(exclude_none=True)
    resolved["space"] = [{part: axes for part, axes in block.items() if axes} for block in resolved["space"]]
    return {key: value for key, value in resolved.items() if value not in ({}, [], "")}
