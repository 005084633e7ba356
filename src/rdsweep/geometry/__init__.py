"""Geometry of codes: what a limited code does to the distances between stimuli, in numbers per run."""

from rdsweep.geometry._contrast import DistortionContrast, distortion_contrast
from rdsweep.geometry._distortion import UndefinedRatioWarning, class_distortion
from rdsweep.geometry._indices import run_indices
from rdsweep.geometry._orthogonalization import (
    active_units,
    cross_condition_accuracy,
    parallelism_score,
    participation_ratio,
    task_angle,
)
from rdsweep.geometry._prototypes import effective_positions, position_information, scatter_ratio, silhouette
from rdsweep.geometry._read import read_codes
from rdsweep.geometry._seeds import pooled_code, seed_distortions
from rdsweep.geometry._similarity import debiased_cka, procrustes_distance, representational_similarity
from rdsweep.geometry._similarity_table import similarity_table
from rdsweep.geometry._specialization import (
    crossing,
    discriminability,
    frequency_exponent,
    log_contrast,
    neighbor_pairs,
)
from rdsweep.geometry._stimuli import Stimuli, geometry_stimuli
from rdsweep.geometry._table import UnstoredIndicesWarning, geometry_table

__all__ = [
    "DistortionContrast",
    "Stimuli",
    "UndefinedRatioWarning",
    "UnstoredIndicesWarning",
    "active_units",
    "class_distortion",
    "cross_condition_accuracy",
    "crossing",
    "debiased_cka",
    "discriminability",
    "distortion_contrast",
    "effective_positions",
    "frequency_exponent",
    "geometry_stimuli",
    "geometry_table",
    "log_contrast",
    "neighbor_pairs",
    "parallelism_score",
    "participation_ratio",
    "pooled_code",
    "position_information",
    "procrustes_distance",
    "read_codes",
    "representational_similarity",
    "run_indices",
    "scatter_ratio",
    "seed_distortions",
    "silhouette",
    "similarity_table",
    "task_angle",
]
