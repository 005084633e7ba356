"""The claims of a report file decided: one row per test, one per claim, and the runs behind both."""

from __future__ import annotations

import warnings
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from rdstats import claim_runs, evaluate_claims, summarize_verdicts
from rdstats._status import RDStatsWarning, Status
from rdsweep.report._claims_tables import READER_LEVELS, claim_tables
from rdsweep.report._format import count, general
from rdsweep.report._report_file import ReportError
from rdsweep.report._selection import Selection
from rdsweep.report._units import column_label, with_unit
from rdsweep.store import Results

RunIds = tuple[tuple[str, ...], ...]

_DECISIVE = ["metric", "contrast", "stratum", "effect", "low", "high", "n", "p_value", "p_adjusted", "method"]
_LISTED = 3  # strata that a reason names
_RESAMPLING_SEED = 0  # equal results have to give equal verdicts


@dataclass(frozen=True, eq=False)
class DecidedClaims:
    """What the runs say about the claims.

    Attributes
    ----------
    tests : DataFrame
        As `rdstats.evaluate_claims` returns it.
    claims : DataFrame
        As `rdstats.summarize_verdicts` returns it, with the test that decides: ``metric, contrast, stratum,
        effect, low, high`` (of a threshold the metric minus it), ``n, p_value, p_adjusted, method`` and
        ``reason``.
    test_runs, claim_runs : tuple of tuple of str
        Ids of the runs behind each row of ``tests`` and of ``claims``.
    """

    tests: pd.DataFrame
    claims: pd.DataFrame
    test_runs: RunIds
    claim_runs: RunIds


def judge_claims(selection: Selection, store: Results) -> DecidedClaims:
    """Decide the claims of the report file of ``selection``, of which it has at least one.

    Raises
    ------
    ReportError
        If a claim names a column that its metric's table lacks or a level that is nowhere, or leaves several
        runs of a seed in a cell.
    """
    file = selection.file
    names: dict[str, Any] = {
        "condition": file.condition,
        "known_levels": READER_LEVELS | selection.known_levels,
    }
    tables = claim_tables(selection, store, {claim.metric for claim in file.claims})
    frames = {metric: found.frame for metric, found in tables.items()}
    try:
        with warnings.catch_warnings():
            # What these warnings are about stands in the columns status, message and n_dropped.
            warnings.simplefilter("ignore", RDStatsWarning)
            tests = evaluate_claims(
                frames,
                file.claims,
                **names,
                confidence_level=file.confidence_level,
                correction=file.comparison.correction,
                rng=_RESAMPLING_SEED,
            )
        behind = [
            (claim.id, tuple(rows["run_id"]))
            for claim in file.claims
            for rows in claim_runs(frames[claim.metric], claim, **names).values()
        ]
    except ValueError as error:
        raise ReportError(f"claims: {error}") from error
    absent = tests["metric"].map({metric: found.absence for metric, found in tables.items()})
    nothing = (tests["status"] == Status.NO_DATA) & (absent != "")
    tests["message"] = tests["message"].mask(nothing, absent)
    claims = _with_decisive_test(summarize_verdicts(tests), tests)
    of_claims = (
        sorted({run for name, runs in behind if name == claim for run in runs}) for claim in claims["claim"]
    )
    return DecidedClaims(tests, claims, tuple(runs for _, runs in behind), tuple(map(tuple, of_claims)))


def _with_decisive_test(claims: pd.DataFrame, tests: pd.DataFrame) -> pd.DataFrame:
    groups = dict(list(tests.groupby("claim", sort=False)))
    decisive = pd.DataFrame([_decisive_test(groups[claim]) for claim in claims["claim"]])
    return claims.join(decisive).assign(reason=[_reason(groups[claim]) for claim in claims["claim"]])


def _decisive_test(tests: pd.DataFrame) -> dict[Hashable, Any]:
    """Return the test that refutes a claim most clearly or, where none does, supports it least.

    Adjustment makes ties, which the p-values themselves break.
    """
    order = ["p_adjusted", "p_value"]
    failed = tests[tests["verdict"] == "fails"]
    if len(failed):
        contrary = {"p_value": failed["p_contrary"], "p_adjusted": failed["p_contrary_adjusted"]}
        row = failed.assign(**contrary).nsmallest(1, order)
    else:
        row = tests.sort_values(order, ascending=False, na_position="last").head(1)
    return row[_DECISIVE].to_dict("records")[0]


def _reason(tests: pd.DataFrame) -> str:
    """Say in which strata a claim does not replicate, and why where it cannot be tested."""
    parts = []
    for verdict in ("fails", "undecided", "cannot be tested"):
        rows = tests[tests["verdict"] == verdict]
        if rows.empty:
            continue
        named = [text for text in map(plain_stratum, rows["stratum"]) if text]
        more = f"; {count(len(named) - _LISTED)} more" if len(named) > _LISTED else ""
        where = f" ({'; '.join(named[:_LISTED])}{more})" if named and len(rows) < len(tests) else ""
        why = f": {rows['message'].iloc[0]}" if verdict == "cannot be tested" else ""
        parts.append(f"{verdict} in {count(len(rows))} of {count(len(tests))}{where}{why}")
    return "; ".join(parts)


def plain_stratum(stratum: str) -> str:
    """Return a stratum as readers see it: values without the names of their columns, numbers with units.

    Examples
    --------
    >>> plain_stratum("model=E2M1, task=order, capacity=3.0"), plain_stratum("capacity=1.0")
    ('E2M1, order, 3 nats', '1 nat')
    """
    pairs = (part.partition("=") for part in stratum.split(", ") if part)
    return ", ".join(_plain_value(column, value) for column, _, value in pairs)


def _plain_value(column: str, value: str) -> str:
    if column == "capacity":
        return with_unit(column, float(value))
    if column in ("beta_setting", "ratio", "task_weight"):
        return f"{column_label(column)} {general(float(value))}"
    return value
