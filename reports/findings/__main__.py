"""Collect results, build the report, write the documents: ``python -m reports.findings --help``."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

import typer

from ._collect import REPORTED, build_reports, collect_sweep
from ._document import card, findings
from ._paper_results import read_paper_results

ROOT = Path(__file__).parents[2]
STUDY = ROOT / "reports" / "paper"


def main() -> int:
    """Collect results, build the reports and write the documents; return the exit code."""
    arguments = _parser().parse_args()
    try:
        for name, results in arguments.collect:
            collect_sweep(name, results, STUDY)
        if arguments.report or REPORTED.intersection(name for name, _ in arguments.collect):
            build_reports(ROOT / "reports" / "paper.yaml", STUDY)
        paper = read_paper_results(ROOT)
        texts = {ROOT / "docs" / "findings.md": findings(paper), STUDY / "README.md": card(paper)}
    except (OSError, ValueError) as error:
        typer.echo(f"findings: {error}", err=True)
        return 2
    return _compare(texts) if arguments.check else _write(texts)


def _compare(texts: Mapping[Path, str]) -> int:
    stale = [path for path, text in texts.items() if path.read_text(encoding="utf-8") != text]
    for path in stale:
        typer.echo(f"{path.relative_to(ROOT)} is not what the tables say: run make findings", err=True)
    return 1 if stale else 0


def _write(texts: Mapping[Path, str]) -> int:
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
        typer.echo(path.relative_to(ROOT))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m reports.findings", description=main.__doc__)
    parser.add_argument(
        "collect",
        nargs="*",
        type=_named_folder,
        metavar="NAME=RESULTS",
        help="take the tables of a results folder, for example matched=results/paper",
    )
    parser.add_argument(
        "--report",
        action="store_true",
        help="build the reports from the committed tables, even if none is new",
    )
    parser.add_argument("--check", action="store_true", help="compare the documents instead of writing them")
    return parser


def _named_folder(text: str) -> tuple[str, Path]:
    name, separator, folder = text.partition("=")
    if not (name and separator and folder):
        raise argparse.ArgumentTypeError(f"must be NAME=RESULTS, but got {text!r}")
    return name, Path(folder)


if __name__ == "__main__":
    raise SystemExit(main())
