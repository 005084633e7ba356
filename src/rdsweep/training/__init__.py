"""Training of packs: many runs at once as batched tensors."""

from rdsweep.training._checkpoint import Checkpointer
from rdsweep.training._evaluation import coded_images
from rdsweep.training._pack import train_pack
from rdsweep.training._pruning import PackReport, Pruner
from rdsweep.training._result import PackResult, RunResult

__all__ = ["Checkpointer", "PackReport", "PackResult", "Pruner", "RunResult", "coded_images", "train_pack"]
