"""``rdsweep version``."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

import typer

from rdsweep import __version__

_LIBRARIES = ("torch", "ray", "numpy", "scipy", "pandas", "statsmodels", "pyarrow")


def print_versions() -> None:
    """Print one line per program or library, without importing any."""
    versions = {"rdsweep": __version__, "python": platform.python_version()}
    for name, text in (versions | {library: _installed(library) for library in _LIBRARIES}).items():
        typer.echo(f"{name:<12}{text}")


def _installed(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return "not installed"
