"""Training of packs: many runs at once as batched tensors."""

from rdsweep.training._calibration import Calibration, calibrate, device_name, free_memory
from rdsweep.training._checkpoint import Checkpointer
from rdsweep.training._evaluation import coded_images
from rdsweep.training._pack import train_pack
from rdsweep.training._precision import PrecisionWarning, slow_precision
from rdsweep.training._pruning import PackReport, Pruner
from rdsweep.training._result import PackResult, RunResult

__all__ = [
    "Calibration",
    "Checkpointer",
    "PackReport",
    "PackResult",
    "PrecisionWarning",
    "Pruner",
    "RunResult",
    "calibrate",
    "coded_images",
    "device_name",
    "free_memory",
    "slow_precision",
    "train_pack",
]
