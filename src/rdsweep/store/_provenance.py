"""Which code produced a row."""

from __future__ import annotations

import os
import subprocess
from functools import cache
from importlib.metadata import version
from pathlib import Path

from rdsweep import __version__

COMMIT_VARIABLE = "RDSWEEP_GIT_COMMIT"
"""Environment variable with the commit of code that was sent here without its history."""


@cache
def code_versions() -> dict[str, str]:
    """Return the provenance columns that are the same for all runs of a process.

    Examples
    --------
    >>> sorted(code_versions())
    ['git_commit', 'rdsweep_version', 'torch_version']
    """
    return {
        "rdsweep_version": __version__,
        "torch_version": version("torch"),
        "git_commit": os.environ.get(COMMIT_VARIABLE) or git_commit(Path(__file__)),
    }


def git_commit(source: Path) -> str:
    """Return the commit of the checkout that tracks the file ``source``.

    Returns
    -------
    str
        40 hexadecimal digits, with ``+dirty`` appended if a tracked file was changed; empty if ``source``
        is not tracked, as in an installed package, or if there is no git.
    """

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(source.parent), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()

    try:
        git("ls-files", "--error-unmatch", source.name)
        return git("describe", "--always", "--abbrev=40", "--dirty=+dirty", "--exclude=*")
    except (OSError, subprocess.SubprocessError):
        return ""
