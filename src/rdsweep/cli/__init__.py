"""The command line: ``rdsweep plan | run | status | table | report | theory | version``."""

from rdsweep.cli._main import main

__all__ = ["main"]
