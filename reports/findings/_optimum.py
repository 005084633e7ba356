"""The matched runs against the exact optimum, from both sides."""

from __future__ import annotations

import numpy as np
import pandas as pd

from rdstats.theory import Imbalance, mean_images, position_probabilities, rd_table
from rdsweep.report.parts import nats, number, percent

from ._paper_results import GROUP_OF, MATCHED, PaperResults
from ._prose import markdown_table


def measure_optimality(paper: PaperResults) -> pd.DataFrame:
    """Return how far the mean run of each model and capacity is from the optimum.

    Returns
    -------
    DataFrame
        Indexed by model and capacity (nats): ``distortion`` (MSE per pixel); ``excess_low``, its distance
        from a code that is known, and ``excess_high``, that from the bound that no code beats; likewise
        ``efficiency_low`` and ``efficiency_high``, between which the share of the rate lies that would
        suffice for the distortion. The optimum lies between code and bound.
    """
    codes = rd_table()
    runs = paper.runs[MATCHED]
    rate, distortion = runs["rate"].to_numpy(), runs["distortion_mse"].to_numpy()
    known_distortion = np.interp(rate, codes["rate"], codes["pixel_upper"])
    known_rate = np.interp(distortion, codes["pixel_upper"][::-1], codes["rate"][::-1])
    measured = runs[["model", "capacity"]].assign(
        distortion=distortion,
        excess_low=distortion - known_distortion,
        excess_high=runs["excess"],
        efficiency_low=runs["efficiency"],
        efficiency_high=known_rate / rate,
    )
    return measured.groupby(["model", "capacity"]).mean()


def efficiency_text(optimality: pd.DataFrame, cell: tuple[str, float]) -> str:
    """Return the range of an efficiency, or one number where it rounds to one."""
    low, high = (float(optimality[f"efficiency_{end}"][cell]) for end in ("low", "high"))
    text = percent(high, decimals=0)
    return text if percent(low, decimals=0) == text else f"{number(100 * low, decimals=0)} to {text}"


def efficiency_table(optimality: pd.DataFrame) -> str:
    """Return the efficiencies of `measure_optimality` as Markdown."""
    capacities = optimality.index.unique("capacity")
    rows = (
        [model, *(efficiency_text(optimality, (model, capacity)) for capacity in capacities)]
        for model in GROUP_OF
    )
    return markdown_table(["model", *map(nats, capacities)], rows)


def knowing_nothing(imbalance: Imbalance, ratio: float) -> float:
    """Return the distortion of the best constant image on a source, MSE per pixel.

    Examples
    --------
    >>> round(knowing_nothing("none", 1.0), 6)
    0.155297
    """
    probabilities = position_probabilities(imbalance, ratio)
    mean = np.tensordot(probabilities, mean_images(), axes=1)
    return float((mean * (1 - mean)).mean())
