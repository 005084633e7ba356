"""Sources: images and the factors that made them, drawn on the device from a seed."""

from rdsweep.sources._corridors import (
    N_PIXELS,
    N_POSITIONS,
    balanced_positions,
    draw_images,
    draw_positions,
    stimulus_distribution,
)
from rdsweep.sources._streams import Stream, generator

__all__ = [
    "N_PIXELS",
    "N_POSITIONS",
    "Stream",
    "balanced_positions",
    "draw_images",
    "draw_positions",
    "generator",
    "stimulus_distribution",
]
