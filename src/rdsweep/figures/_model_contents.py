"""What the panels of a model's figure show, or why they cannot."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rdsweep.figures._activation import ActivationMaps, activation_maps
from rdsweep.figures._embedding import Embedding, embed_positions
from rdsweep.figures._figure_data import FigureData, FloatArray, LackingError, attempt, in_nats
from rdsweep.figures._matrices import Distortion, distortion
from rdsweep.figures._stimuli import Classes, stimulus_classes
from rdsweep.sources import N_POSITIONS

BASELINE = "baseline"


@dataclass(frozen=True, eq=False)
class CodePanels:
    """Panels of one model at one capacity."""

    embedding: Embedding | LackingError
    maps: ActivationMaps | LackingError


@dataclass(frozen=True, eq=False)
class ModelContents:
    """Contents of the panels of a model's figure.

    Attributes
    ----------
    model : str
    high, low : float
        Capacities, nats per image.
    seeds : tuple of int
    classes : Classes
        By which positions are colored and distortions averaged.
    codes : tuple of CodePanels
        Of the baseline and the model at the high, then at the low capacity: panels A–D and F–I.
    against_baseline : tuple of Distortion
        Of the model against the baseline at the high, then at the low capacity: panels E and J.
    changes : tuple of Distortion
        Of the low against the high capacity, of the baseline and of the model, classes = positions: K and L.
    """

    model: str
    high: float
    low: float
    seeds: tuple[int, ...]
    classes: Classes
    codes: tuple[CodePanels, ...]
    against_baseline: tuple[Distortion | LackingError, ...]
    changes: tuple[Distortion | LackingError, ...]


def model_contents(
    data: FigureData, model: str, *, high: float, low: float, baseline_change: Distortion | LackingError
) -> ModelContents:
    """Compute what the figure of a model shows.

    Parameters
    ----------
    data : FigureData
    model : str
        One of the paper's models but the baseline.
    high, low : float
        Capacities in nats per image.
    baseline_change : Distortion or LackingError
        What `capacity_change` gave for the baseline: the same in every model's figure.
    """
    classes = stimulus_classes(model)
    return ModelContents(
        model=model,
        high=high,
        low=low,
        seeds=tuple(data.seeds),
        classes=classes,
        codes=tuple(
            _code_panels(data, name, capacity) for capacity in (high, low) for name in (BASELINE, model)
        ),
        against_baseline=tuple(
            attempt(_against_baseline, data, model, capacity, classes) for capacity in (high, low)
        ),
        changes=(baseline_change, attempt(capacity_change, data, model, high=high, low=low)),
    )


def capacity_change(data: FigureData, model: str, *, high: float, low: float) -> Distortion:
    """Return the distortion of a model's code at the low capacity against its code at the high one.

    Raises
    ------
    LackingError
        If there is one capacity only, or no seed that has codes at both.
    """
    if high == low:
        raise LackingError(f"only one capacity, {in_nats(high)}, so there is no change")
    codes = data.by_seed("code", model, low), data.by_seed("code", model, high)
    return distortion(*codes, np.arange(N_POSITIONS))


def _code_panels(data: FigureData, model: str, capacity: float) -> CodePanels:
    codes = attempt(_position_codes, data, model, capacity)
    if isinstance(codes, LackingError):
        return CodePanels(codes, codes)
    return CodePanels(embed_positions(codes), activation_maps(codes))


def _position_codes(data: FigureData, model: str, capacity: float) -> FloatArray:
    return np.array(list(data.by_seed("map", model, capacity).values()))


def _against_baseline(data: FigureData, model: str, capacity: float, classes: Classes) -> Distortion:
    codes = data.by_seed("code", model, capacity), data.by_seed("code", BASELINE, capacity)
    return distortion(*codes, classes.labels)
