"""How similar the codes of each condition are to the baseline's, whose own seeds are the ceiling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from rdstats import match_levels
from rdsweep.geometry._checks import FloatArray, check_codes, check_labels
from rdsweep.geometry._class_means import class_means
from rdsweep.geometry._similarity import (
    debiased_cka,
    distance_ranks,
    procrustes_distance,
    rank_correlation,
)

_MEASURES = ("debiased_cka", "representational_similarity", "procrustes_distance")


def similarity_table(
    runs: pd.DataFrame,
    codes: Mapping[str, ArrayLike],
    positions: ArrayLike,
    *,
    baseline: str = "baseline",
    condition: str = "model",
    by: str = "capacity",
    seed: str = "seed",
) -> pd.DataFrame:
    """Compare the code of every run with those of the baseline runs of all *other* seeds at its level.

    The rows of the baseline itself are the noise ceiling: what similarity remains where nothing but the seed
    differs. `rdstats.compare_conditions` therefore tests a condition against the ceiling.

    Parameters
    ----------
    runs : DataFrame
        One row per run with ``run_id`` and the columns that the other arguments name, for example the table
        ``runs``.
    codes : Mapping
        By ``run_id`` the latent means of the same images, (n_images, n_latents), as `read_codes` returns
        them. Runs without codes are left out.
    positions : array_like of int, shape (n_images,)
        Position of each image, as `geometry_stimuli` has them.
    baseline : str
        Value of ``condition`` to compare with.
    condition, by, seed : str
        Columns of the condition, of the grid axis within whose levels runs are compared, and of the seed.

    Returns
    -------
    DataFrame
        One row per run with a code, in the order of ``runs``: ``run_id``, the three columns, and
        ``debiased_cka``, ``representational_similarity`` and ``procrustes_distance`` (radians), each the mean
        over the baseline's runs of other seeds, whose number is ``n_references``. NaN where there are none.
        Representational similarity is that of the mean codes of ``positions``, the others are those of
        single images.

    Raises
    ------
    ValueError
        If ``runs`` lacks a column or the baseline, or a code has not one row per position or is not finite.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> runs = pd.DataFrame({"run_id": ["a", "b", "c"], "model": ["baseline", "baseline", "E2M1"],
    ...                      "capacity": 1.0, "seed": [0, 1, 0]})
    >>> codes = {run_id: rng.normal(size=(18, 2)) for run_id in "abc"}
    >>> table = similarity_table(runs, codes, np.repeat([0, 1, 2], 6))
    >>> table[["run_id", "n_references"]].values.tolist()
    [['a', 1], ['b', 1], ['c', 1]]
    """
    keys = ["run_id", condition, by, seed]
    if missing := [name for name in keys if name not in runs]:
        raise ValueError(f"runs must have the columns {keys}, but lacks {missing}")
    has_code = runs["run_id"].isin(codes.keys()).to_numpy()
    coded = runs.loc[has_code, keys]
    shapes = {run_id: _Shape.of(codes[run_id], positions) for run_id in coded["run_id"]}
    references = coded[match_levels(runs[condition], [baseline], name="baseline")[has_code]]
    rows = []
    for row in coded.to_dict("records"):
        others = references[(references[by] == row[by]) & (references[seed] != row[seed])]
        own = shapes[row["run_id"]]
        rows.append(row | _mean_similarity(own, [shapes[run_id] for run_id in others["run_id"]]))
    return pd.DataFrame(rows, columns=[*keys, *_MEASURES, "n_references"])


@dataclass(frozen=True, eq=False)
class _Shape:
    """A code, and the ranks of the distances of its mean codes, which each comparison needs."""

    code: FloatArray
    ranks: FloatArray

    @classmethod
    def of(cls, code: ArrayLike, positions: ArrayLike) -> _Shape:
        images = check_codes("codes", code)
        places = check_labels("positions", positions, n_images=len(images))
        return cls(images, distance_ranks(class_means(images, places)))


def _mean_similarity(own: _Shape, others: list[_Shape]) -> dict[str, float]:
    values = [
        (
            debiased_cka(own.code, other.code),
            rank_correlation(own.ranks, other.ranks),
            procrustes_distance(own.code, other.code),
        )
        for other in others
    ]
    means = np.mean(values, axis=0) if values else np.full(len(_MEASURES), np.nan)
    return {**dict(zip(_MEASURES, means.tolist(), strict=True)), "n_references": len(others)}
