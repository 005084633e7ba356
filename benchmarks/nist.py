"""Certified digits that the curve solver reaches on the nonlinear reference data sets of NIST.

Run ``python benchmarks/nist.py`` for a table, ``--markdown`` for the page under ``docs``. Exits with
status 1 if any parameter of any set agrees to fewer than six digits from either starting point.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy import arctan, cos, exp, pi, sin

from rdstats import least_squares_fit

DATA = Path(__file__).parent.parent / "tests" / "golden" / "nist"
MIN_DIGITS = 6.0
MAX_DIGITS = 11.0  # the number certified


def _gauss(x, b1, b2, b3, b4, b5, b6, b7, b8):  # type: ignore[no-untyped-def]
    return b1 * exp(-b2 * x) + b3 * exp(-(((x - b4) / b5) ** 2)) + b6 * exp(-(((x - b7) / b8) ** 2))


def _enso(x, b1, b2, b3, b4, b5, b6, b7, b8, b9):  # type: ignore[no-untyped-def]
    year, first, second = (2 * pi * x / period for period in (12, b4, b7))
    seasons = b2 * cos(year) + b3 * sin(year)
    return b1 + seasons + b5 * cos(first) + b6 * sin(first) + b8 * cos(second) + b9 * sin(second)


def _lanczos(x, b1, b2, b3, b4, b5, b6):  # type: ignore[no-untyped-def]
    return b1 * exp(-b2 * x) + b3 * exp(-b4 * x) + b5 * exp(-b6 * x)


def _cubic_ratio(x, b1, b2, b3, b4, b5, b6, b7):  # type: ignore[no-untyped-def]
    return (b1 + x * (b2 + x * (b3 + x * b4))) / (1 + x * (b5 + x * (b6 + x * b7)))


MODELS: dict[str, Callable] = {  # type: ignore[type-arg]
    "Bennett5": lambda x, b1, b2, b3: b1 * (b2 + x) ** (-1 / b3),
    "BoxBOD": lambda x, b1, b2: b1 * (1 - exp(-b2 * x)),
    "Chwirut1": lambda x, b1, b2, b3: exp(-b1 * x) / (b2 + b3 * x),
    "Chwirut2": lambda x, b1, b2, b3: exp(-b1 * x) / (b2 + b3 * x),
    "DanWood": lambda x, b1, b2: b1 * x**b2,
    "ENSO": _enso,
    "Eckerle4": lambda x, b1, b2, b3: b1 / b2 * exp(-0.5 * ((x - b3) / b2) ** 2),
    "Gauss1": _gauss,
    "Gauss2": _gauss,
    "Gauss3": _gauss,
    "Hahn1": _cubic_ratio,
    "Kirby2": lambda x, b1, b2, b3, b4, b5: (b1 + x * (b2 + x * b3)) / (1 + x * (b4 + x * b5)),
    "Lanczos1": _lanczos,
    "Lanczos2": _lanczos,
    "Lanczos3": _lanczos,
    "MGH09": lambda x, b1, b2, b3, b4: b1 * (x**2 + x * b2) / (x**2 + x * b3 + b4),
    "MGH10": lambda x, b1, b2, b3: b1 * exp(b2 / (x + b3)),
    "MGH17": lambda x, b1, b2, b3, b4, b5: b1 + b2 * exp(-x * b4) + b3 * exp(-x * b5),
    "Misra1a": lambda x, b1, b2: b1 * (1 - exp(-b2 * x)),
    "Misra1b": lambda x, b1, b2: b1 * (1 - (1 + b2 * x / 2) ** -2.0),
    "Misra1c": lambda x, b1, b2: b1 * (1 - (1 + 2 * b2 * x) ** -0.5),
    "Misra1d": lambda x, b1, b2: b1 * b2 * x / (1 + b2 * x),
    "Nelson": lambda x, b1, b2, b3: b1 - b2 * x[:, 0] * exp(-b3 * x[:, 1]),
    "Rat42": lambda x, b1, b2, b3: b1 / (1 + exp(b2 - b3 * x)),
    "Rat43": lambda x, b1, b2, b3, b4: b1 / (1 + exp(b2 - b3 * x)) ** (1 / b4),
    "Roszman1": lambda x, b1, b2, b3, b4: b1 - b2 * x - arctan(b3 / (x - b4)) / pi,
    "Thurber": _cubic_ratio,
}


@dataclass(frozen=True)
class Dataset:
    """One reference data set: predictors, response, two starting points and the certified answer."""

    name: str
    x: np.ndarray
    y: np.ndarray
    starts: np.ndarray
    certified: np.ndarray
    certified_rss: float


def load_dataset(name: str) -> Dataset:
    """Read the file of one data set as NIST lays it out."""
    lines = (DATA / f"{name}.dat").read_text().splitlines()
    rows = [line.split("=")[1].split() for line in lines[40:60] if re.match(r"\s*b\d+\s*=", line)]
    parameters = np.array(rows, dtype=float)
    rss = next(line for line in lines[40:60] if line.startswith("Residual Sum of Squares"))
    data = np.loadtxt(lines[60:])
    x = data[:, 1] if data.shape[1] == 2 else data[:, 1:]
    y = np.log(data[:, 0]) if name == "Nelson" else data[:, 0]
    return Dataset(name, x, y, parameters[:, :2].T, parameters[:, 2], float(rss.split(":")[1]))


def digits(dataset: Dataset, start: int) -> float:
    """Return the digits that the worst parameter shares with its certified value."""
    model = MODELS[dataset.name]

    def jacobian(parameters: np.ndarray) -> np.ndarray:
        """Differentiate by complex steps, which is exact to rounding for analytic models."""
        shifted = parameters + 1e-30j * np.eye(len(parameters))
        return np.stack([model(dataset.x, *row).imag / 1e-30 for row in shifted], axis=1)

    solution = least_squares_fit(
        lambda parameters: model(dataset.x, *parameters) - dataset.y, jacobian, dataset.starts[start]
    )
    error = np.abs(solution.parameters / dataset.certified - 1).max()
    return float(np.clip(-np.log10(max(error, 1e-300)), 0, MAX_DIGITS)) if np.isfinite(error) else 0.0


def main(arguments: list[str] | None = None) -> int:
    """Print the table; return 1 if any set falls short."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--markdown", action="store_true", help="print the page for docs/nist.md")
    markdown = parser.parse_args(arguments).markdown
    table = {name: [digits(load_dataset(name), start) for start in (0, 1)] for name in MODELS}
    n_reached = sum(min(row) >= MIN_DIGITS for row in table.values())
    summary = f"{n_reached}/{len(table)} data sets reach {MIN_DIGITS:g} digits from both starting points."
    if markdown:
        print("# Certified digits on the NIST nonlinear-regression data\n")
        print("Made by `python benchmarks/nist.py --markdown`. Digits of the worst parameter, at most 11.\n")
        print(f"{summary}\n\n| data set | start 1 | start 2 |\n|---|---|---|")
        print(
            "\n".join(f"| {name} | {first:.1f} | {second:.1f} |" for name, (first, second) in table.items())
        )
    else:
        print("\n".join(f"{name:10s}{first:6.1f}{second:6.1f}" for name, (first, second) in table.items()))
        print(summary)
    return int(n_reached < len(table))


if __name__ == "__main__":
    sys.exit(main())
