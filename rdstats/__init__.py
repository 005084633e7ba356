"""Statistics of rate-distortion curves and of baseline-versus-hybrid comparisons over seeds."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rdstats._comparisons import (
        VERDICTS,
        Claim,
        Comparison,
        Estimate,
        Friedman,
        OmnibusTest,
        SeedPlan,
        SimulatedPower,
        adjust,
        bootstrap_conditions,
        bootstrap_interval,
        claim_runs,
        compare_conditions,
        compare_curves,
        compare_paired,
        compare_unpaired,
        curve_permutation,
        effect_sizes,
        equivalence_test,
        evaluate_claims,
        extra_sum_of_squares,
        friedman,
        interquartile_mean,
        mixed_model,
        performance_profile,
        power,
        seeds_needed,
        simulate_power,
        summarize_verdicts,
        trend_test,
    )
    from rdstats._curves import (
        FAMILIES,
        Audit,
        BDResult,
        CurveFit,
        Family,
        LeastSquaresSolution,
        Parameter,
        ResidualCheck,
        audit_runs,
        bd_distortion,
        bd_rate,
        bd_table,
        capacity_audit,
        compare_families,
        convex_monotone_family,
        curve_bands,
        fit_curve,
        fit_curves,
        least_squares_fit,
        parallel_gaussian_family,
        tangency_audit,
    )
    from rdstats._learning import ThresholdTimes, TimeComparison, compare_times, time_to_threshold
    from rdstats._learning_tables import summarize_times, threshold_times
    from rdstats._levels import is_level, match_levels
    from rdstats._prediction import Place, place_in_runs, place_points
    from rdstats._sequential import AnytimeDesign, GroupSequentialDesign, SequentialTest, sequential_test
    from rdstats._status import DegenerateDataWarning, DroppedRowsWarning, Interval, RDStatsWarning, Status

_MODULES = (
    "rdstats._status",
    "rdstats._curves",
    "rdstats._comparisons",
    "rdstats._learning",
    "rdstats._learning_tables",
    "rdstats._levels",
    "rdstats._prediction",
    "rdstats._sequential",
)

__all__ = [
    "FAMILIES",
    "VERDICTS",
    "AnytimeDesign",
    "Audit",
    "BDResult",
    "Claim",
    "Comparison",
    "CurveFit",
    "DegenerateDataWarning",
    "DroppedRowsWarning",
    "Estimate",
    "Family",
    "Friedman",
    "GroupSequentialDesign",
    "Interval",
    "LeastSquaresSolution",
    "OmnibusTest",
    "Parameter",
    "Place",
    "RDStatsWarning",
    "ResidualCheck",
    "SeedPlan",
    "SequentialTest",
    "SimulatedPower",
    "Status",
    "ThresholdTimes",
    "TimeComparison",
    "adjust",
    "audit_runs",
    "bd_distortion",
    "bd_rate",
    "bd_table",
    "bootstrap_conditions",
    "bootstrap_interval",
    "capacity_audit",
    "claim_runs",
    "compare_conditions",
    "compare_curves",
    "compare_families",
    "compare_paired",
    "compare_times",
    "compare_unpaired",
    "convex_monotone_family",
    "curve_bands",
    "curve_permutation",
    "effect_sizes",
    "equivalence_test",
    "evaluate_claims",
    "extra_sum_of_squares",
    "fit_curve",
    "fit_curves",
    "friedman",
    "interquartile_mean",
    "is_level",
    "least_squares_fit",
    "match_levels",
    "mixed_model",
    "parallel_gaussian_family",
    "performance_profile",
    "place_in_runs",
    "place_points",
    "power",
    "seeds_needed",
    "sequential_test",
    "simulate_power",
    "summarize_times",
    "summarize_verdicts",
    "tangency_audit",
    "threshold_times",
    "time_to_threshold",
    "trend_test",
]


def __getattr__(name: str) -> Any:
    """Import the module of a public name when it is first asked for: SciPy and pandas take a second."""
    if name in __all__:
        for module in map(importlib.import_module, _MODULES):
            if hasattr(module, name):
                return getattr(module, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
