"""What figure 1 shows: distortion of each stimulus, and pairs of stimuli that collapse, as the rate falls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rdsweep.figures._figure_data import FigureData, FloatArray, LackingError
from rdsweep.figures._stimuli import NEIGHBORS, BoolArray


@dataclass(frozen=True, eq=False)
class ByRelevance:
    """A quantity of stimuli, or of pairs of them, at each capacity of a model.

    Attributes
    ----------
    rate : ndarray, shape (n_capacities,)
        Mean rate over seeds, nats per image, rising.
    of_items : ndarray, shape (n_capacities, n_items)
        Mean over seeds.
    means : ndarray, shape (2, n_capacities)
        Mean over items that do not matter to the model, and over those that do, then over seeds.
    deviations : ndarray, shape (2, n_capacities)
        Standard deviation of the means over seeds; NaN for one seed.
    relevant : ndarray of bool, shape (n_items,)
    """

    rate: FloatArray
    of_items: FloatArray
    means: FloatArray
    deviations: FloatArray
    relevant: BoolArray


def stimulus_errors(data: FigureData, model: str, *, relevant: BoolArray) -> ByRelevance:
    """Return the distortion of each of the 169 stimuli, mean squared error per pixel.

    Raises
    ------
    LackingError
        If there are no runs of ``model``, or none with maps.
    """
    errors = {capacity: data.by_seed("distortion", model, capacity) for capacity in _capacities(data, model)}
    return _by_relevance(data, model, errors, relevant)


def pair_distances(data: FigureData, model: str, *, relevant: BoolArray) -> ByRelevance:
    """Return the distance of neighboring stimuli over that at the model's highest capacity, seeds paired.

    Raises
    ------
    LackingError
        If there are no runs of ``model``, none with maps, or one capacity only.
    """
    capacities = _capacities(data, model)
    if len(capacities) < 2:
        raise LackingError(f"only one capacity of {model}, so no change with the rate")
    distances = {
        capacity: {
            seed: np.linalg.norm(code[NEIGHBORS[:, 0]] - code[NEIGHBORS[:, 1]], axis=1)
            for seed, code in data.by_seed("map", model, capacity).items()
        }
        for capacity in capacities
    }
    highest = distances[capacities[-1]]
    if any((distance == 0).any() for distance in highest.values()):
        raise LackingError(f"{model} has neighbors in one point at its highest capacity")
    shares = {
        capacity: {seed: distance / highest[seed] for seed, distance in by_seed.items() if seed in highest}
        for capacity, by_seed in distances.items()
    }
    if not all(shares.values()):
        raise LackingError(f"the capacities of {model} share no seed")
    return _by_relevance(data, model, shares, relevant)


def _capacities(data: FigureData, model: str) -> list[float]:
    capacities = data.capacities(model)
    if not capacities:
        raise LackingError(f"no completed run of {model}")
    return capacities


def _by_relevance(
    data: FigureData,
    model: str,
    values: Mapping[float, Mapping[int, FloatArray]],
    relevant: BoolArray,
) -> ByRelevance:
    stacks = [np.array(list(by_seed.values())) for by_seed in values.values()]
    groups = [[stack[:, relevant == kind].mean(axis=1) for stack in stacks] for kind in (False, True)]
    return ByRelevance(
        rate=np.array([data.condition(model, capacity)["rate"].mean() for capacity in values]),
        of_items=np.array([stack.mean(axis=0) for stack in stacks]),
        means=np.array([[by_seed.mean() for by_seed in group] for group in groups]),
        deviations=np.array([[_deviation(by_seed) for by_seed in group] for group in groups]),
        relevant=relevant,
    )


def _deviation(values: FloatArray) -> float:
    return float(values.std(ddof=1)) if len(values) > 1 else np.nan
