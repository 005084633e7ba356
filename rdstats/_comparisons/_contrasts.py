"""From runs to one number per seed: the contrast that a claim is about."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from rdstats._comparisons._blocks import check_keys
from rdstats._comparisons._claim import AXIS_CONTRASTS, Claim
from rdstats._comparisons._samples import magnitude, snap
from rdstats._comparisons._trend import slopes
from rdstats._validate import FloatArray, check_columns


@dataclass(frozen=True)
class Evidence:
    """What the runs of one stratum say about a claim.

    Attributes
    ----------
    stratum : str
        Condition and values of the strata, as text; empty for a claim without either.
    parts : tuple of ndarray, each of shape (n_seeds,)
        Contrast of each seed in the unit of the metric (per unit of the axis), its claimed sign
        positive; several where the claim asserts several differences at once.
    n_dropped : int
        Runs left out: not finite, or of a seed that lacks a condition or level.
    problem : str
        Why there are no parts, else empty.
    """

    stratum: str
    parts: tuple[FloatArray, ...]
    n_dropped: int
    problem: str = ""


def collect_evidence(runs: pd.DataFrame, claim: Claim, *, condition: str, seed: str) -> list[Evidence]:
    """Return the evidence of every stratum of ``claim``, in sorted order.

    Raises
    ------
    ValueError
        If a column is missing, or the claim's filters leave several runs of a seed in a cell.
    """
    axis = [claim.axis] if claim.contrast in AXIS_CONTRASTS else []
    keys = [*claim.strata, condition, *axis, seed]
    check_columns("runs", runs, [claim.metric, *keys, *claim.where])
    chosen = runs[runs[condition].isin(claim.conditions)]
    for column, values in claim.where.items():
        chosen = chosen[chosen[column].isin(values)]
    check_keys(chosen, keys)
    return [
        _contrast(stratum, group, names, claim, [condition, *axis], seed)
        for stratum, names, group in _strata(chosen, claim, condition)
    ]


def _strata(
    chosen: pd.DataFrame, claim: Claim, condition: str
) -> Iterator[tuple[str, tuple[str, ...], pd.DataFrame]]:
    """Yield the text, conditions and runs of each row that the claim will have in the table."""
    together = claim.contrast not in ("threshold", "trend")
    for names in [claim.conditions] if together else [(name,) for name in claim.conditions]:
        label = [] if together else [f"{condition}={names[0]}"]
        of_names = chosen[chosen[condition].isin(names)]
        for values in _stratum_values(chosen, claim):
            pairs = dict(zip(claim.strata, values, strict=True))
            part = of_names[(of_names[list(pairs)] == pd.Series(pairs, dtype=object)).all(axis=1)]
            yield ", ".join([*label, *(f"{key}={value}" for key, value in pairs.items())]), names, part


def _stratum_values(chosen: pd.DataFrame, claim: Claim) -> list[tuple[object, ...]]:
    """Return the strata that the claim asks for, also those without runs; else those that the runs have."""
    if all(column in claim.where for column in claim.strata):
        return list(itertools.product(*(claim.where[column] for column in claim.strata)))
    return sorted(set(chosen[list(claim.strata)].itertuples(index=False, name=None)))


def _contrast(
    stratum: str,
    runs: pd.DataFrame,
    names: tuple[str, ...],
    claim: Claim,
    columns: list[str],
    seed: str,
) -> Evidence:
    usable = runs[np.isfinite(runs[claim.metric].to_numpy(dtype=np.float64))]
    wide = usable.pivot_table(index=seed, columns=columns, values=claim.metric, aggfunc="first")
    per_condition = {name: _of_condition(wide, name, len(columns) > 1) for name in names}
    if absent := [name for name, table in per_condition.items() if table.empty]:
        return Evidence(stratum, (), len(runs), f"no finite run of {', '.join(absent)}")
    shared = [table.columns for table in per_condition.values()]
    levels = shared[0].intersection(shared[-1])
    if claim.contrast in AXIS_CONTRASTS and len(levels) < 2:
        return Evidence(stratum, (), len(runs), f"a slope needs 2 levels, but got {len(levels)}")
    complete = pd.concat([table[levels] for table in per_condition.values()], axis=1).dropna()
    if complete.empty:
        return Evidence(stratum, (), len(runs), "no seed has a finite run of every condition and level")
    blocks = complete.to_numpy(dtype=np.float64).reshape(len(complete), len(names), len(levels))
    sign = 1.0 if claim.direction == "greater" or claim.contrast == "equivalence" else -1.0
    parts = tuple(sign * part for part in _parts(claim, blocks, levels))
    return Evidence(stratum, parts, len(runs) - complete.size)


def _of_condition(wide: pd.DataFrame, name: str, has_levels: bool) -> pd.DataFrame:
    """Return the seeds by levels of one condition; without an axis the only level is the condition."""
    key = wide.columns.get_level_values(0) == name
    selected = wide.loc[:, key].dropna(axis="columns", how="all")
    if has_levels:
        return selected.droplevel(0, axis="columns")
    return selected.set_axis(range(selected.shape[1]), axis="columns")


def _parts(claim: Claim, blocks: FloatArray, levels: pd.Index) -> list[FloatArray]:
    """Return the contrasts of ``blocks``, shape (n_seeds, n_conditions, n_levels), before the sign."""
    if claim.contrast in AXIS_CONTRASTS:
        sloped = blocks[:, 1] - blocks[:, 0] if claim.contrast == "interaction" else blocks[:, 0]
        return [slopes(levels.to_numpy(dtype=np.float64), sloped)]
    values = blocks[:, :, 0]
    scale = magnitude(values)
    if claim.threshold is not None:
        return [snap(values[:, 0] - claim.threshold, scale=scale)]
    return [snap(step, scale=scale) for step in np.diff(values, axis=1).T]
