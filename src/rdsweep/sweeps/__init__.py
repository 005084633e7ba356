"""Sweeps: what to run, declared as data, expanded to runs and planned as packs."""

from rdsweep.sweeps._cost import DEVICE_PROFILES, Cost, DeviceProfile, estimate_cost
from rdsweep.sweeps._document import SweepError
from rdsweep.sweeps._plan import Pack, plan_packs
from rdsweep.sweeps._sweep import Sweep, expand_sweep, load_sweep, resolved_yaml

__all__ = [
    "DEVICE_PROFILES",
    "Cost",
    "DeviceProfile",
    "Pack",
    "Sweep",
    "SweepError",
    "estimate_cost",
    "expand_sweep",
    "load_sweep",
    "plan_packs",
    "resolved_yaml",
]
