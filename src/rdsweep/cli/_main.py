"""The entry point: commands, and one line instead of a traceback for what a user can put right."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from rdsweep._signals import handled_by
from rdsweep.cli._signals import end_at_once

DEBUG_VARIABLE = "RDSWEEP_DEBUG"
"""Environment variable that, where it is set, lets every error show its traceback."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 if all is well, 1 if runs lack, 2 on a mistake.

    After a signal the code is the one that a shell gives to it: 130 for SIGINT, 143 for SIGTERM, 129 for
    SIGHUP.

    Parameters
    ----------
    arguments : sequence of str, optional
        What follows the name of the program; by default that of the process.
    """
    with handled_by(end_at_once, for_good=arguments is None):
        from rdsweep.cli._commands import app  # takes a while, which a signal may well fall into

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
