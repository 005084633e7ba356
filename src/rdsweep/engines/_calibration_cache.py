"""Calibrations of this machine on disk, so that a device is measured once for equal shapes and code."""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from rdsweep.config import RunConfig
from rdsweep.store import code_versions, write_files

if TYPE_CHECKING:
    from rdsweep.training import Calibration


def cache_folder() -> Path:
    """Return the folder of calibrations: ``$XDG_CACHE_HOME/rdsweep/calibrations``, or under ``~/.cache``.

    Examples
    --------
    >>> cache_folder().name
    'calibrations'
    """
    root = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(root) / "rdsweep" / "calibrations"


def find_calibration(trial: RunConfig, device: str) -> Calibration | None:
    """Return the calibration of this machine's ``device`` for ``trial``; None if there is none to be read."""
    if not cache_folder().is_dir():  # spares the import of PyTorch
        return None
    from rdsweep.training import Calibration

    try:
        fields = json.loads(_file(trial, device).read_text())
        lists = {name: tuple(value) for name, value in fields.items() if isinstance(value, list)}
        return Calibration(**fields | lists)
    except (OSError, RuntimeError, ValueError, TypeError, AttributeError):
        return None


def keep_calibration(trial: RunConfig, device: str, calibration: Calibration) -> None:
    """Store a calibration, whole or not at all; where that is impossible it is measured again next time."""
    file = _file(trial, device)
    content = json.dumps(asdict(calibration), indent=2) + "\n"
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        write_files({file: content.encode()})


def _file(trial: RunConfig, device: str) -> Path:
    """Return the file of a calibration; its name stands for all that the calibration depends on."""
    from rdsweep.training import device_name

    parts = [device, device_name(device), *code_versions().values(), trial.run_id]
    return cache_folder() / f"{hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:24]}.json"
