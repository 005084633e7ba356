"""Sweeps: what to run, declared as data, expanded to runs and planned as packs.

Other kinds of files (studies, reports) share the reader of declarations and its one-line mistakes
(`Declaration`, `read_document`, `validate_document`) and the words of a sweep's vocabulary (`Axes`,
`Objective`, `Training`).
"""

from rdsweep.sweeps._cost import (
    DEVICE_PROFILES,
    REFERENCE_BATCH,
    Cost,
    DeviceProfile,
    estimate_cost,
    training_set_bytes,
)
from rdsweep.sweeps._declaration import (
    Added,
    Declaration,
    did_you_mean,
    mistake,
    settled_keys,
    validate_document,
)
from rdsweep.sweeps._document import (
    Document,
    SweepError,
    SweepTaskError,
    format_document,
    parse_document,
    read_document,
)
from rdsweep.sweeps._plan import Pack, pack_id_of, plan_packs
from rdsweep.sweeps._plugins import import_plugins
from rdsweep.sweeps._schema import (
    Axes,
    Count,
    FolderName,
    ModuleName,
    Objective,
    Positive,
    ProbeChoice,
    Seeds,
    Training,
    WeightsPolicy,
)
from rdsweep.sweeps._sweep import Sweep, expand_sweep, load_sweep, parse_sweep, resolved_yaml

__all__ = [
    "DEVICE_PROFILES",
    "REFERENCE_BATCH",
    "Added",
    "Axes",
    "Cost",
    "Count",
    "Declaration",
    "DeviceProfile",
    "Document",
    "FolderName",
    "ModuleName",
    "Objective",
    "Pack",
    "Positive",
    "ProbeChoice",
    "Seeds",
    "Sweep",
    "SweepError",
    "SweepTaskError",
    "Training",
    "WeightsPolicy",
    "did_you_mean",
    "estimate_cost",
    "expand_sweep",
    "format_document",
    "import_plugins",
    "load_sweep",
    "mistake",
    "pack_id_of",
    "parse_document",
    "parse_sweep",
    "plan_packs",
    "read_document",
    "resolved_yaml",
    "settled_keys",
    "training_set_bytes",
    "validate_document",
]
