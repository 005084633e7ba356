"""The entry point: commands, and one line instead of a traceback for what a user can put right."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from rdsweep.cli._commands import app

DEBUG_VARIABLE = "RDSWEEP_DEBUG"
"""Environment variable that, where it is set, lets every error show its traceback."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 if all is well, 1 if runs lack, 2 on a mistake, 130 on an interrupt.

    Parameters
    ----------
    arguments : sequence of str, optional
        What follows the name of the program; by default that of the process.
    """
    try:
        app(args=arguments, prog_name="rdsweep")
    except (OSError, ValueError) as error:
        if os.environ.get(DEBUG_VARIABLE):
            raise
        print(f"rdsweep: {_one_line(error)}", file=sys.stderr)  # noqa: T201
        raise SystemExit(2) from None


def _one_line(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return ": ".join(filter(None, [error.filename and str(error.filename), error.strerror.lower()]))
    return " ".join(str(error).split()) or type(error).__name__
