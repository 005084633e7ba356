"""The exact rate-distortion optimum: what any code, and any trained model, can be measured against."""

from rdstats.theory._blahut_arimoto import BlahutArimotoResult, blahut_arimoto
from rdstats.theory._cache import default_cache_dir
from rdstats.theory._corridor_bounds import RDBounds, distortion_price, rd_bounds, rd_frontier
from rdstats.theory._corridors import (
    IMBALANCES,
    Imbalance,
    corridor_parts,
    corridor_probabilities,
    corridor_source,
    mean_images,
    position_probabilities,
)
from rdstats.theory._curves import FactorCurve, PixelBounds, factor_curve, pixel_bounds
from rdstats.theory._free_support import FreeSupportSolution, free_support
from rdstats.theory._frontier import Frontier
from rdstats.theory._joint import JointCurve, joint_curve
from rdstats.theory._mixture_source import BernoulliMixture
from rdstats.theory._optimality import efficiency, excess_distortion, optimality_table
from rdstats.theory._pixel_lower import PixelLowerBound, pixel_lower_bound
from rdstats.theory._pixel_upper import PixelUpperBound, pixel_upper_bound
from rdstats.theory._prototypes import optimal_prototypes
from rdstats.theory._reproduction_law import ReproductionMixture
from rdstats.theory._table import rd_table
from rdstats.theory._task_table import task_table
from rdstats.theory._tasks import best_accuracy, best_f1, class_entropy, corridor_tasks
from rdstats.theory._water_filling import GrayBounds, bernoulli_rd, gray_bounds, water_level

__all__ = [
    "IMBALANCES",
    "BernoulliMixture",
    "BlahutArimotoResult",
    "FactorCurve",
    "FreeSupportSolution",
    "Frontier",
    "GrayBounds",
    "Imbalance",
    "JointCurve",
    "PixelBounds",
    "PixelLowerBound",
    "PixelUpperBound",
    "RDBounds",
    "ReproductionMixture",
    "bernoulli_rd",
    "best_accuracy",
    "best_f1",
    "blahut_arimoto",
    "class_entropy",
    "corridor_parts",
    "corridor_probabilities",
    "corridor_source",
    "corridor_tasks",
    "default_cache_dir",
    "distortion_price",
    "efficiency",
    "excess_distortion",
    "factor_curve",
    "free_support",
    "gray_bounds",
    "joint_curve",
    "mean_images",
    "optimal_prototypes",
    "optimality_table",
    "pixel_bounds",
    "pixel_lower_bound",
    "pixel_upper_bound",
    "position_probabilities",
    "rd_bounds",
    "rd_frontier",
    "rd_table",
    "task_table",
    "water_level",
]
