"""Tests that may be looked at after every seed."""

from rdstats._sequential._design import AnytimeDesign, GroupSequentialDesign
from rdstats._sequential._test import SequentialTest, sequential_test

__all__ = ["AnytimeDesign", "GroupSequentialDesign", "SequentialTest", "sequential_test"]
