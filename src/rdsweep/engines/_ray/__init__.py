"""The engine on Ray Tune: one trial per pack; the only package that imports Ray."""

import os

# Ray reads these when it is imported. The store replaces Tune's files per trial, and signals have to end the
# sweep in our way rather than make `fit` return as if it had finished.
os.environ.update(
    RAY_AIR_NEW_OUTPUT="0",
    RAY_CHDIR_TO_TRIAL_DIR="0",
    RAY_USAGE_STATS_ENABLED="0",
    TUNE_DISABLE_AUTO_CALLBACK_LOGGERS="1",
    TUNE_DISABLE_SIGINT_HANDLER="1",
)

from rdsweep.engines._ray._connection import ray_engine
from rdsweep.engines._ray._engine import RayEngine

__all__ = ["RayEngine", "ray_engine"]
