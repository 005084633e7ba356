"""Hyperparameter sweeps of beta-VAEs and hybrid models, from sweep file to report."""

from rdsweep._version import __version__

__all__ = ["__version__"]
