"""From runs to the samples that a claim is about: one contrast per seed, or two sets of runs."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from rdstats._comparisons._claim import AXIS_CONTRASTS, SEPARATE_CONTRASTS, Claim
from rdstats._comparisons._samples import magnitude, snap
from rdstats._comparisons._trend import slopes
from rdstats._levels import distinct_levels, is_level, match_levels
from rdstats._validate import FloatArray, check_columns, check_keys

Sample = tuple[FloatArray, ...]


@dataclass(frozen=True)
class Evidence:
    """What the runs of one stratum say about a claim.

    Attributes
    ----------
    stratum : str
        Condition and values of the strata, as text; empty for a claim without either.
    parts : tuple of tuples of ndarray
        Samples in the unit of the metric (per unit of the axis), their claimed sign positive; several
        parts where the claim asserts several differences at once. A part is one array, the contrast of
        each seed, or where runs do not pair two, of which the second is claimed to lie beyond the first.
    n_dropped : int
        Runs left out: not finite, or of a seed that lacks a condition or level.
    problem : str
        Why there are no parts, else empty.
    """

    stratum: str
    parts: tuple[Sample, ...]
    n_dropped: int
    problem: str = ""


def claim_runs(
    runs: pd.DataFrame,
    claim: Claim,
    *,
    condition: str = "model",
    seed: str = "seed",
    known_levels: Mapping[str, Collection[object]] | None = None,
) -> dict[str, pd.DataFrame]:
    """Return the runs that each verdict on a claim is about.

    Parameters
    ----------
    runs : DataFrame
        As for :func:`evaluate_claims`.
    claim : Claim
    condition, seed : str
        Columns of the condition's name and of the seed.
    known_levels : mapping of str to collection, optional
        As for :func:`evaluate_claims`.

    Returns
    -------
    dict of str to DataFrame
        Rows of ``runs`` by stratum, in the order of the rows of :func:`evaluate_claims`.

    Raises
    ------
    ValueError
        If a column is missing, a condition or value that the claim names is nowhere, or its filters leave
        several runs of a seed in a cell.

    Examples
    --------
    >>> runs = pd.DataFrame({"model": ["a", "a", "b"], "seed": [0, 1, 0], "f1": [0.9, 0.8, 0.1]})
    >>> claim = Claim("c", "s", "", "f1", "threshold", ("a", "b"), threshold=0.5)
    >>> {stratum: len(rows) for stratum, rows in claim_runs(runs, claim).items()}
    {'model=a': 2, 'model=b': 1}
    """
    strata = _strata_of(runs, claim, condition=condition, seed=seed, known_levels=known_levels or {})
    return {stratum.label: runs.iloc[stratum.runs.index] for stratum in strata}


def collect_evidence(
    runs: pd.DataFrame,
    claim: Claim,
    *,
    condition: str,
    seed: str,
    known_levels: Mapping[str, Collection[object]],
) -> list[Evidence]:
    """Return the evidence of every stratum of ``claim``, in sorted order; raises as `claim_runs` does."""
    axis = [claim.axis] if claim.contrast in AXIS_CONTRASTS else []
    strata = _strata_of(runs, claim, condition=condition, seed=seed, known_levels=known_levels)
    if claim.paired:
        return [_contrast(stratum, claim, [condition, *axis], seed) for stratum in strata]
    return [_samples(stratum, claim, condition) for stratum in strata]


@dataclass(frozen=True, eq=False)
class _Stratum:
    """A row that a claim will have in the table: its text, and the conditions and runs it is about.

    The index of the runs is their place among all runs.
    """

    label: str
    conditions: tuple[str, ...]
    runs: pd.DataFrame


def _strata_of(
    runs: pd.DataFrame,
    claim: Claim,
    *,
    condition: str,
    seed: str,
    known_levels: Mapping[str, Collection[object]],
) -> list[_Stratum]:
    axis = [claim.axis] if claim.contrast in AXIS_CONTRASTS else []
    keys = [*claim.strata, condition, *axis, seed]
    check_columns(f"claim {claim.id!r}: runs", runs, [claim.metric, *keys, *claim.where])
    needed = list(dict.fromkeys([*keys, *claim.where, claim.metric]))  # others are costly to select
    runs = runs[needed].reset_index(drop=True)
    kept = np.ones(len(runs), dtype=bool)
    for name, column, values in [
        ("conditions", condition, claim.conditions),
        *(("where", *item) for item in claim.where.items()),
    ]:
        kept &= match_levels(
            runs[column], values, name=f"claim {claim.id!r}: {name}", known=known_levels.get(column, ())
        )
    chosen = runs[kept]
    check_keys(chosen, keys, name=f"claim {claim.id!r}: runs")
    return list(_strata(chosen, claim, condition))


def _strata(chosen: pd.DataFrame, claim: Claim, condition: str) -> Iterator[_Stratum]:
    separate = claim.contrast in SEPARATE_CONTRASTS
    for names in [(name,) for name in claim.conditions] if separate else [claim.conditions]:
        label = [f"{condition}={names[0]}"] if separate else []
        of_names = chosen[chosen[condition].isin(names)]
        for values in _stratum_values(of_names, claim):
            pairs = dict(zip(claim.strata, values, strict=bool(values)))
            part = of_names
            for column, value in pairs.items():
                part = part[is_level(part[column], value)]
            yield _Stratum(
                ", ".join([*label, *(f"{key}={value}" for key, value in pairs.items())]), names, part
            )


def _stratum_values(chosen: pd.DataFrame, claim: Claim) -> list[tuple[object, ...]]:
    """Return the strata that the claim names, also those without runs; else those that the runs have."""
    if all(column in claim.where for column in claim.strata):
        return list(itertools.product(*(distinct_levels(claim.where[column]) for column in claim.strata)))
    present = sorted(set(chosen[list(claim.strata)].itertuples(index=False, name=None)))
    return present or [()]  # without any run the claim still gets a row, which says so


def _contrast(stratum: _Stratum, claim: Claim, columns: list[str], seed: str) -> Evidence:
    names, runs = stratum.conditions, stratum.runs
    usable = runs[np.isfinite(runs[claim.metric].to_numpy(dtype=np.float64))]
    wide = usable.pivot(index=seed, columns=columns, values=claim.metric)  # noqa: PD010 - keys are unique
    per_condition = {name: _of_condition(wide, name, len(columns) > 1) for name in names}
    if absent := [name for name, table in per_condition.items() if table.empty]:
        return Evidence(stratum.label, (), len(runs), f"no finite run of {', '.join(absent)}")
    shared = [table.columns for table in per_condition.values()]
    levels = shared[0].intersection(shared[-1]).sort_values()  # runs may come in any order
    if claim.contrast in AXIS_CONTRASTS and len(levels) < 2:
        problem = f"a {claim.contrast} claim needs 2 levels of {claim.axis}, but got {len(levels)}"
        return Evidence(stratum.label, (), len(runs), problem)
    complete = pd.concat([table[levels] for table in per_condition.values()], axis=1).dropna()
    if complete.empty:
        return Evidence(stratum.label, (), len(runs), "no seed has a finite run of every condition and level")
    blocks = complete.to_numpy(dtype=np.float64).reshape(len(complete), len(names), len(levels))
    parts = tuple((_sign(claim) * part,) for part in _parts(claim, blocks, levels))
    return Evidence(stratum.label, parts, len(runs) - complete.size)


def _sign(claim: Claim) -> float:
    """Return what turns a contrast that holds positive."""
    return 1.0 if claim.direction == "greater" or claim.contrast == "equivalence" else -1.0


def _samples(stratum: _Stratum, claim: Claim, condition: str) -> Evidence:
    """Return neighboring conditions as pairs of samples, whatever the seeds of their runs."""
    names, runs = stratum.conditions, stratum.runs
    usable = runs[np.isfinite(runs[claim.metric].to_numpy(dtype=np.float64))]
    samples = [
        _sign(claim) * usable.loc[usable[condition] == name, claim.metric].to_numpy(dtype=np.float64)
        for name in names
    ]
    if absent := [name for name, sample in zip(names, samples, strict=True) if sample.size == 0]:
        return Evidence(stratum.label, (), len(runs), f"no finite run of {', '.join(absent)}")
    return Evidence(stratum.label, tuple(itertools.pairwise(samples)), len(runs) - len(usable))


def _of_condition(wide: pd.DataFrame, name: str, has_levels: bool) -> pd.DataFrame:
    """Return the seeds by levels of one condition; without an axis the only level is the condition."""
    key = wide.columns.get_level_values(0) == name
    selected = wide.loc[:, key].dropna(axis="columns", how="all")
    if has_levels:
        return selected.droplevel(0, axis="columns")
    return selected.set_axis(range(selected.shape[1]), axis="columns")


def _parts(claim: Claim, blocks: FloatArray, levels: pd.Index) -> list[FloatArray]:
    """Return the contrasts of ``blocks``, shape (n_seeds, n_conditions, n_levels), before the sign."""
    if claim.contrast == "monotone":
        return list(snap(np.diff(blocks[:, 0], axis=1), scale=magnitude(blocks)).T)
    if claim.contrast in AXIS_CONTRASTS:
        sloped = blocks[:, 1] - blocks[:, 0] if claim.contrast == "interaction" else blocks[:, 0]
        return [slopes(levels.to_numpy(dtype=np.float64), sloped)]
    values = blocks[:, :, 0]
    scale = magnitude(values)
    if claim.threshold is not None:
        return [snap(values[:, 0] - claim.threshold, scale=scale)]
    return [snap(step, scale=scale) for step in np.diff(values, axis=1).T]
