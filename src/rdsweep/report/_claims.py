"""The section of claims: a verdict on each, and the tests that it rests on."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from rdstats import VERDICTS
from rdsweep.report._claims_metrics import CLAIM_METRICS
from rdsweep.report._claims_verdicts import DecidedClaims, plain_stratum
from rdsweep.report._differences import TEST_NAMES
from rdsweep.report._format import (
    MISSING,
    count,
    counted,
    decimals_for,
    enumeration,
    interval,
    interval_name,
    number,
    p_value,
)
from rdsweep.report._report_file import ReportFile
from rdsweep.report._section import Section
from rdsweep.report._table import ReportTable, TextColumn, badges, header, notes, numbers, words
from rdsweep.report._units import column_unit, short_unit

_OF_A_THRESHOLD = "Of a claim about a threshold the effect is the value minus that mark. "
_VERBS = {
    "replicates": ("replicates", "replicate"),
    "fails": ("fails", "fail"),
    "undecided": ("is undecided", "are undecided"),
    "cannot be tested": ("cannot be tested", "cannot be tested"),
}


def claims_section(file: ReportFile, verdicts: DecidedClaims | None) -> Section | None:
    """Return the section of verdicts, which leads the page, or None for a report without claims."""
    if verdicts is None:
        return None
    return Section(
        name="claims",
        title="Claims",
        findings=(verdict_finding(verdicts.claims),),
        sentences=(_how_decided(file),),
        tables=(_verdict_table(file, verdicts),) if "verdicts" in file.tables else (),
        leads=True,
    )


def claim_tests_section(file: ReportFile, verdicts: DecidedClaims | None) -> Section | None:
    """Return the section of the tests behind the verdicts, or None where there are none to show."""
    if verdicts is None or "claims" not in file.tables:
        return None
    return Section(
        name="claim-tests", title="The tests behind the verdicts", tables=(_test_table(file, verdicts),)
    )


def verdict_finding(claims: pd.DataFrame) -> str:
    """Return how many claims have each verdict.

    Examples
    --------
    >>> verdict_finding(pd.DataFrame({"verdict": ["replicates", "fails", "replicates"]}))
    'Of 3 claims 2 replicate and 1 fails.'
    """
    counts = claims["verdict"].value_counts().to_dict()
    parts = [
        f"{count(counts[verdict])} {_VERBS[verdict][counts[verdict] > 1]}"
        for verdict in VERDICTS
        if verdict in counts
    ]
    return f"Of {counted(len(claims), 'claim')} {enumeration(parts)}."


def _how_decided(file: ReportFile) -> str:
    return (
        "A claim is split into tests, one for each condition, level and task that it names. It replicates if "
        "its contrary is rejected in all of them, fails if it is itself rejected in any, and is undecided "
        f"otherwise. Tests are judged at {file.alpha:.2g}, half of it on each side, "
        f"{_correction(file)} within each family of claims. Where a claim sets a margin, an effect has to "
        "lie beyond it. A claim that cannot be tested says why."
    )


def _correction(file: ReportFile) -> str:
    return {
        "holm": "adjusted after Holm",
        "benjamini-hochberg": "adjusted after Benjamini and Hochberg",
        "none": "not adjusted for their number",
    }[file.comparison.correction]


def _verdict_table(file: ReportFile, verdicts: DecidedClaims) -> ReportTable:
    frame = verdicts.claims
    return ReportTable(
        name="verdicts",
        caption=(
            "Verdict on each claim, how many of its tests replicate, and the test that decides: the one that "
            "refutes the claim most clearly or, where none does, supports it least. p is the probability of "
            "such runs if what the verdict rejects were true. "
            f"{_OF_A_THRESHOLD}Seeds: how many would decide what is "
            "undecided, if effects and spreads stay as measured."
        ),
        frame=frame,
        run_ids=verdicts.claim_runs,
        columns=(
            header("Claim", frame["statement"], details=frame["source"], detail_label="Source"),
            badges("Verdict", frame["verdict"], details=_shares(frame), detail_label="Replicating"),
            words(
                "Deciding test",
                map(plain_stratum, frame["stratum"]),
                details=_methods(frame),
                detail_label="Method",
            ),
            _effects(frame),
            words("Unit", _effect_units(frame, file)),
            numbers("p", map(p_value, frame["p_value"])),
            numbers("Adjusted p", map(p_value, frame["p_adjusted"])),
            numbers("n", map(count, frame["n"])),
            numbers("Seeds", _seeds(frame)),
            *notes(frame["reason"]),
        ),
    )


def _test_table(file: ReportFile, verdicts: DecidedClaims) -> ReportTable:
    frame = verdicts.tests
    return ReportTable(
        name="claims",
        caption=(
            f"All tests of all claims. Effect: as measured, with its {interval_name(file.confidence_level)} "
            f"(not adjusted); it has to lie as claimed. {_OF_A_THRESHOLD}p: against the contrary of the "
            "claim; p of the claim: against the claim itself."
        ),
        frame=frame,
        run_ids=verdicts.test_runs,
        columns=(
            header("Claim", frame["claim"]),
            words(
                "Test",
                map(plain_stratum, frame["stratum"]),
                details=_methods(frame),
                detail_label="Method",
            ),
            badges("Verdict", frame["verdict"]),
            _effects(frame),
            words("Unit", _effect_units(frame, file)),
            words("Claimed", map(_claimed, frame["contrast"], frame["direction"], frame["margin"])),
            numbers("p", map(p_value, frame["p_value"])),
            numbers("Adjusted p", map(p_value, frame["p_adjusted"])),
            numbers("Adjusted p of the claim", map(p_value, frame["p_contrary_adjusted"])),
            numbers("n", map(count, frame["n"])),
            numbers("Seeds", _seeds(frame)),
            *notes(frame["message"]),
        ),
    )


def _methods(frame: pd.DataFrame) -> Iterator[str]:
    return (TEST_NAMES[method] for method in frame["method"])


def _effects(frame: pd.DataFrame) -> TextColumn:
    """Return effects over their intervals; each row has a unit of its own, and so decimals."""
    ends = frame[["effect", "low", "high"]].to_numpy(dtype=np.float64)
    cells, details = [], []
    for effect, low, high in ends:
        half = (high - low) / 2
        measured = np.isfinite(half) and half > 0
        decimals = decimals_for([half]) if measured else decimals_for([effect], significant=3)
        cells.append(number(effect, decimals=decimals, signed=True))
        text = interval(low, high, decimals=decimals, signed=True)
        details.append("" if text == MISSING else text)
    has_marks = (frame["contrast"] == "threshold").any()
    return TextColumn(
        "Effect, or value − mark" if has_marks else "Effect", tuple(cells), details=tuple(details)
    )


def _effect_units(frame: pd.DataFrame, file: ReportFile) -> Iterator[str]:
    axes = {claim.id: claim.axis for claim in file.claims}
    marks = {claim.id: claim.threshold for claim in file.claims}
    for claim, metric, contrast in zip(frame["claim"], frame["metric"], frame["contrast"], strict=True):
        unit = short_unit(CLAIM_METRICS[metric].unit) or metric.replace("f1", "F1").replace("_", " ")
        if contrast in ("trend", "interaction"):
            yield f"{unit} per {column_unit(axes[claim]).removesuffix('s') or axes[claim]}"
        else:
            yield f"{unit} − {marks[claim]:g}" if contrast == "threshold" else unit


def _claimed(contrast: str, direction: str, margin: float) -> str:
    if contrast == "equivalence":
        return f"within ±{margin:g}"
    return (
        f"{'above' if direction == 'greater' else 'below'} {margin if direction == 'greater' else -margin:g}"
    )


def _shares(frame: pd.DataFrame) -> Iterator[str]:
    for replicating, tests in zip(frame["n_replicates"], frame["n_strata"], strict=True):
        yield f"{count(replicating)} of {counted(tests, 'test')}"


def _seeds(frame: pd.DataFrame) -> Iterator[str]:
    for verdict, seeds in zip(frame["verdict"], frame["seeds_needed"], strict=True):
        yield count(int(seeds)) if verdict == "undecided" and not pd.isna(seeds) else MISSING
