"""What figures are drawn from: the completed runs of a results folder with their maps and codes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, ParamSpec, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rdstats import is_level, match_levels
from rdsweep.geometry import read_codes
from rdsweep.sources import N_POSITIONS
from rdsweep.store import Results

FloatArray = NDArray[np.float64]
Quantity = Literal["map", "distortion", "code"]
"""Mean latent mean (169, n_latents) or distortion (169,) by position, and code by image."""

_T = TypeVar("_T")
_P = ParamSpec("_P")

_KEYS = ["model", "capacity", "seed"]
_MEASURES = ["rate", "distortion_mse"]
_SETTINGS = ["protocol", "ratio", "task_weight", "objective", "gamma", "beta_setting", "n_latents"]
_SETTINGS += ["n_train", "epochs", "batch_size", "learning_rate"]


class LackingError(Exception):
    """The results lack what a panel needs; the message is the line that the panel shows instead."""


def in_nats(capacity: float) -> str:
    """Return a capacity in words.

    Examples
    --------
    >>> in_nats(0.3), in_nats(1.0)
    ('0.3 nats', '1 nat')
    """
    return f"{capacity:g} nat" if capacity == 1 else f"{capacity:g} nats"


def attempt(make: Callable[_P, _T], *args: _P.args, **options: _P.kwargs) -> _T | LackingError:
    """Return what ``make`` makes, or the reason why the results do not allow it."""
    try:
        return make(*args, **options)
    except LackingError as error:
        return error


@dataclass(frozen=True, eq=False)
class FigureData:
    """Tables of a results folder, one run per model, capacity and seed.

    Attributes
    ----------
    runs : DataFrame
        Completed runs with a capacity: ``run_id, model, capacity, seed, rate, distortion_mse``, sorted.
    arrays : mapping
        By quantity and ``run_id``; runs may lack any of them.
    """

    runs: pd.DataFrame
    arrays: Mapping[Quantity, Mapping[str, NDArray[np.floating]]]

    def of_seed(self, seed: int) -> FigureData:
        """Return the runs of one seed."""
        return replace(self, runs=self.runs[self.runs["seed"] == seed])

    @property
    def seeds(self) -> list[int]:
        """All seeds, in rising order."""
        return sorted(map(int, self.runs["seed"].unique()))

    def capacities(self, model: str) -> list[float]:
        """Return the capacities of a model, in rising order."""
        return sorted(map(float, self.runs.loc[self.runs["model"] == model, "capacity"].unique()))

    def condition(self, model: str, capacity: float) -> pd.DataFrame:
        """Return the runs of a model at a capacity, by seed.

        Raises
        ------
        LackingError
            If there are none.
        """
        chosen = self.runs[(self.runs["model"] == model) & is_level(self.runs["capacity"], capacity)]
        if self.runs.empty:
            raise LackingError("no completed run with a capacity")
        if chosen.empty:
            raise LackingError(f"no completed run of {model} at {in_nats(capacity)}")
        return chosen

    def by_seed(self, quantity: Quantity, model: str, capacity: float) -> dict[int, FloatArray]:
        """Return a quantity of the runs of a model at a capacity, by seed in rising order.

        Raises
        ------
        LackingError
            If no run has it, as in folders that an older version wrote, or if a value is not finite.
        """
        runs, found = self.condition(model, capacity), self.arrays[quantity]
        arrays = {
            int(seed): np.asarray(found[run_id], dtype=np.float64)
            for seed, run_id in zip(runs["seed"], runs["run_id"], strict=True)
            if run_id in found
        }
        if not arrays:
            raise LackingError(f"no {quantity}s of {model} at {in_nats(capacity)} in these results")
        if not all(np.isfinite(array).all() for array in arrays.values()):
            raise LackingError(f"{quantity}s of {model} at {in_nats(capacity)} that are not finite")
        return arrays


def paired(
    first: Mapping[int, FloatArray], second: Mapping[int, FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """Return the arrays of the seeds that both have, stacked along a first axis.

    Raises
    ------
    LackingError
        If they share no seed.
    """
    seeds = sorted(first.keys() & second.keys())
    if not seeds:
        raise LackingError("the two conditions share no seed")
    return np.array([first[seed] for seed in seeds]), np.array([second[seed] for seed in seeds])


def read_figure_data(results: Results, *, where: Mapping[str, Sequence[Any]] | None = None) -> FigureData:
    """Read what figures need.

    Parameters
    ----------
    results : Results
    where : mapping of str to sequence, optional
        Values of columns of the runs table to keep, for example ``{"ratio": [1, 10]}``; matched as
        `rdstats.is_level` does.

    Raises
    ------
    ValueError
        If ``where`` names a value that no run has, or two runs share model, capacity and seed, between which
        it has to choose.
    """
    choices = where or {}
    columns = dict.fromkeys(["run_id", *_KEYS, "status", *_MEASURES, *_SETTINGS, *choices])
    runs = results.read("runs", list(columns))
    kept = np.ones(len(runs), dtype=bool)
    for column, allowed in choices.items():
        kept &= match_levels(runs[column], allowed, name="where")
    runs = runs[kept]
    runs = runs[(runs["status"] == "completed") & runs["capacity"].notna()]
    _check_unique(runs)
    maps = results.read("maps", ["run_id", "latent_mean", "distortion_mse"])
    codes = [values.reshape(N_POSITIONS, -1) for values in maps["latent_mean"]]
    return FigureData(
        runs=runs[["run_id", *_KEYS, *_MEASURES]].sort_values(_KEYS, ignore_index=True),
        arrays={
            "map": dict(zip(maps["run_id"], codes, strict=True)),
            "distortion": dict(zip(maps["run_id"], maps["distortion_mse"], strict=True)),
            "code": read_codes(results),
        },
    )


def _check_unique(runs: pd.DataFrame) -> None:
    repeated = runs[runs.duplicated(_KEYS, keep=False)]
    if repeated.empty:
        return
    _, same = next(iter(repeated.groupby(_KEYS)))
    model, capacity, seed = same[_KEYS].iloc[0]
    differing = [name for name in _SETTINGS if len(same[name].drop_duplicates()) > 1]
    raise ValueError(
        f"where must leave one run per model, capacity and seed, but {model} has {len(same)} at "
        f"{in_nats(capacity)}, seed {seed}, that differ in {', '.join(differing) or 'their configuration'}"
    )
