"""The verdicts that fewer seeds would have given."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from rdsweep.report import build_report
from rdsweep.report.parts import count

from ._prose import markdown_table

SEEDS = (2, 3, 5, 7)
"""Numbers of seeds at which the claims are decided again."""

TABLE = "verdicts_by_seeds"
"""Name of the table beside those of the report."""


def judge_with_fewer_seeds(report_file: Path, results: Path) -> pd.DataFrame:
    """Decide the claims of a report file from the first seeds only.

    Parameters
    ----------
    report_file, results : Path
        As for `rdsweep.report.build_report`.

    Returns
    -------
    DataFrame
        One row per number of seeds and claim: ``n_seeds, claim, verdict``.
    """
    declared = yaml.safe_load(report_file.read_text(encoding="utf-8"))
    kept = {key: declared[key] for key in ("title", "baseline", "comparison", "confidence_level", "claims")}
    tables = [_verdicts(kept, results, n_seeds).assign(n_seeds=n_seeds) for n_seeds in SEEDS]
    return pd.concat(tables)[["n_seeds", "claim", "verdict"]]


def _verdicts(declared: dict[str, Any], results: Path, n_seeds: int) -> pd.DataFrame:
    chosen = {"where": {"seed": list(range(n_seeds))}, "figures": [], "tables": ["verdicts"]}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "claims.yaml")
        file.write_text(yaml.safe_dump(declared | chosen), encoding="utf-8")
        build_report(file, results=results, out=folder)
        return pd.read_csv(Path(folder, "tables", "verdicts.csv"))


def agreement(by_seeds: pd.DataFrame, verdicts: pd.Series[str]) -> pd.DataFrame:
    """Count how the verdicts of fewer seeds compare with those of all.

    Parameters
    ----------
    by_seeds : DataFrame
        As `judge_with_fewer_seeds` returns it.
    verdicts : Series
        Verdict of all seeds, by claim.

    Returns
    -------
    DataFrame
        Indexed by ``n_seeds``: claims whose verdict is the ``same``, is still ``open`` (all seeds decide it,
        these do not), or is ``contrary`` (both decide, differently), or ``other``.

    Examples
    --------
    >>> by_seeds = pd.DataFrame({"n_seeds": 2, "claim": ["a", "b"], "verdict": ["fails", "undecided"]})
    >>> agreement(by_seeds, pd.Series({"a": "fails", "b": "replicates"})).to_dict("records")
    [{'same': 1, 'open': 1, 'contrary': 0, 'other': 0}]
    """
    final, decided = by_seeds["claim"].map(verdicts), ["replicates", "fails"]
    same = by_seeds["verdict"] == final
    of_both = ~same & by_seeds["verdict"].isin(decided) & final.isin(decided)
    still_open = ~same & ~by_seeds["verdict"].isin(decided) & final.isin(decided)
    flags = pd.DataFrame(
        {"same": same, "open": still_open, "contrary": of_both, "other": ~(same | of_both | still_open)}
    )
    return flags.groupby(by_seeds["n_seeds"]).sum()


def agreement_table(counts: pd.DataFrame) -> str:
    """Return `agreement` as Markdown."""
    header = ["seeds", "same verdict as all seeds", "still open", "contrary", "decided, but open with all"]
    rows = ([count(n), *map(count, counts.T[n])] for n in counts.index)
    return markdown_table(header, rows)
