"""Modules of the user's own, which register tasks.

Only the user names them: on the command line, or in a file of their own that says what to train or to report.
Results name the plugins of their sweep too, but data never runs code: reading results imports nothing.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence

from rdsweep.sweeps._document import Document


def import_plugins(plugins: Sequence[str], *, document: Document | None = None) -> None:
    """Import the user's modules, so that the tasks they register are known.

    Parameters
    ----------
    plugins : sequence of str
        Dotted names of modules that Python finds.
    document : Document, optional
        The file whose key ``plugins`` names them; by default the command line does.

    Raises
    ------
    SweepError
        If a module that ``document`` names cannot be imported.
    ValueError
        If one that the command line names cannot be.

    Examples
    --------
    >>> import_plugins(["no_such_module"])
    Traceback (most recent call last):
    ValueError: plugin must be a module that can be imported: ModuleNotFoundError: No module named ...
    """
    for index, plugin in enumerate(plugins):
        try:
            importlib.import_module(plugin)
        except Exception as error:
            cause = f"{type(error).__name__}: {error}"
            if isinstance(error, ModuleNotFoundError) and error.name == plugin.partition(".")[0]:
                cause += " (is its folder on PYTHONPATH?)"
            problem = f"must be a module that can be imported: {cause}"
            if document is None:
                raise ValueError(f"plugin {problem}") from None
            raise document.error(("plugins", index), problem) from None
