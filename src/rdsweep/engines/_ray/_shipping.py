"""What a cluster's workers are sent: the code that the launcher runs."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from rdsweep.store import COMMIT_VARIABLE, code_versions

_PACKAGES = ("rdsweep", "rdstats")


def shipped_code() -> dict[str, Any]:
    """Return a runtime environment with the packages of this process.

    Workers then run what the launcher runs, whatever is or is not installed on their nodes; only the
    requirements of the packages have to be there. The commit goes along, because a copy has no history.
    """
    return {
        "py_modules": [str(files(package)) for package in _PACKAGES],
        "excludes": ["__pycache__"],
        "env_vars": {COMMIT_VARIABLE: code_versions()["git_commit"]},
    }
