"""Rate-distortion curves: families, fits, intervals, and the metrics read off a curve."""

from rdstats._curves._audit_table import audit_runs
from rdstats._curves._bd import BDResult, bd_distortion, bd_rate
from rdstats._curves._bd_table import bd_table
from rdstats._curves._compare import compare_families
from rdstats._curves._convex import convex_monotone_family
from rdstats._curves._curve_fit import CurveFit, ResidualCheck
from rdstats._curves._families import FAMILIES
from rdstats._curves._family import Family, Parameter
from rdstats._curves._fit import fit_curve
from rdstats._curves._fit_tables import curve_bands, fit_curves
from rdstats._curves._solver import LeastSquaresSolution, least_squares_fit
from rdstats._curves._tangency import Audit, capacity_audit, tangency_audit
from rdstats._curves._water_filling import parallel_gaussian_family

__all__ = [
    "FAMILIES",
    "Audit",
    "BDResult",
    "CurveFit",
    "Family",
    "LeastSquaresSolution",
    "Parameter",
    "ResidualCheck",
    "audit_runs",
    "bd_distortion",
    "bd_rate",
    "bd_table",
    "capacity_audit",
    "compare_families",
    "convex_monotone_family",
    "curve_bands",
    "fit_curve",
    "fit_curves",
    "least_squares_fit",
    "parallel_gaussian_family",
    "tangency_audit",
]
