"""Baseline against hybrid over seeds: tests, effect sizes, aggregates, planning and claims."""

from rdstats._comparisons._bootstrap import Estimate, bootstrap_interval, interquartile_mean
from rdstats._comparisons._bootstrap_conditions import bootstrap_conditions
from rdstats._comparisons._claim import Claim
from rdstats._comparisons._compare_curves import compare_curves
from rdstats._comparisons._comparison import Comparison
from rdstats._comparisons._conditions import compare_conditions
from rdstats._comparisons._contrasts import claim_runs
from rdstats._comparisons._curve_tests import curve_permutation, extra_sum_of_squares
from rdstats._comparisons._effect_sizes import effect_sizes
from rdstats._comparisons._equivalence import equivalence_test
from rdstats._comparisons._friedman import Friedman, friedman
from rdstats._comparisons._mixed_model import mixed_model
from rdstats._comparisons._multiplicity import adjust
from rdstats._comparisons._omnibus import OmnibusTest
from rdstats._comparisons._paired import compare_paired
from rdstats._comparisons._planning import SeedPlan, power, seeds_needed
from rdstats._comparisons._profile import performance_profile
from rdstats._comparisons._simulated_power import SimulatedPower, simulate_power
from rdstats._comparisons._trend import trend_test
from rdstats._comparisons._unpaired import compare_unpaired
from rdstats._comparisons._verdicts import VERDICTS, evaluate_claims, summarize_verdicts

__all__ = [
    "VERDICTS",
    "Claim",
    "Comparison",
    "Estimate",
    "Friedman",
    "OmnibusTest",
    "SeedPlan",
    "SimulatedPower",
    "adjust",
    "bootstrap_conditions",
    "bootstrap_interval",
    "claim_runs",
    "compare_conditions",
    "compare_curves",
    "compare_paired",
    "compare_unpaired",
    "curve_permutation",
    "effect_sizes",
    "equivalence_test",
    "evaluate_claims",
    "extra_sum_of_squares",
    "friedman",
    "interquartile_mean",
    "mixed_model",
    "performance_profile",
    "power",
    "seeds_needed",
    "simulate_power",
    "summarize_verdicts",
    "trend_test",
]
