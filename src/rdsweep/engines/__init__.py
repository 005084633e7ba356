"""Engines: they train the missing packs of a sweep, in this process or on Ray."""

from rdsweep.engines._engine import Device, Engine
from rdsweep.engines._job import PackJob, TrainPack
from rdsweep.engines._open import ENGINES, open_engine
from rdsweep.engines._plan import plan_missing
from rdsweep.engines._profiles import known_profile
from rdsweep.engines._stop import stop_on_signals
from rdsweep.engines._sweep import SweepSummary, run_sweep

__all__ = [
    "ENGINES",
    "Device",
    "Engine",
    "PackJob",
    "SweepSummary",
    "TrainPack",
    "known_profile",
    "open_engine",
    "plan_missing",
    "run_sweep",
    "stop_on_signals",
]
