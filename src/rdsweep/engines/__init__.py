"""Engines: they train the missing packs of a sweep, in this process or on Ray."""

from rdsweep.engines._engine import Device, Engine
from rdsweep.engines._job import PackJob, TrainPack
from rdsweep.engines._local import START_SECONDS, local_slots
from rdsweep.engines._open import ENGINES, open_engine
from rdsweep.engines._plan import plan_devices, plan_missing
from rdsweep.engines._profiles import known_profile, timed_profile
from rdsweep.engines._slow_precisions import slow_precisions
from rdsweep.engines._stop import stop_on_signals
from rdsweep.engines._sweep import SweepSummary, run_sweep

__all__ = [
    "ENGINES",
    "START_SECONDS",
    "Device",
    "Engine",
    "PackJob",
    "SweepSummary",
    "TrainPack",
    "known_profile",
    "local_slots",
    "open_engine",
    "plan_devices",
    "plan_missing",
    "run_sweep",
    "slow_precisions",
    "stop_on_signals",
    "timed_profile",
]
