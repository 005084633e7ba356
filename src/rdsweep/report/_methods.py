"""The methods paragraph: what was run and tested, in sentences made from the configuration."""

from __future__ import annotations

import json
import platform
from collections import Counter
from collections.abc import Iterable
from importlib.metadata import version

import pandas as pd

from rdsweep.report._analysis import Analysis
from rdsweep.report._format import count, counted, enumeration, interval_name
from rdsweep.report._section import Section
from rdsweep.report._selection import Selection
from rdsweep.report._units import column_label, with_unit
from rdsweep.store import TABLES

_OBJECTIVES = {
    "constrained": "distortion plus weighted task losses subject to rate = C, by dual ascent on its price",
    "capacity": "distortion plus weighted task losses plus γ times the absolute deviation of the rate from C",
    "beta": "distortion plus weighted task losses plus β times the rate",
}
_TESTS = {
    "t": "Student’s t test of the differences between seeds",
    "wilcoxon": "Wilcoxon’s signed-rank test",
    "sign_flip": "a sign-flip test over seeds",
    "welch": "Welch’s t test",
    "brunner_munzel": "the Brunner–Munzel test",
    "permutation": "a permutation test",
}
NOT_RECORDED = "not recorded"
CORRECTIONS = {
    "holm": "Holm’s procedure",
    "benjamini-hochberg": "the procedure of Benjamini and Hochberg",
    "none": "no correction",
}


def methods_section(analysis: Analysis) -> Section:
    """Return the section with the paragraph."""
    return Section(
        name="methods",
        title="Methods, ready to paste",
        sentences=(" ".join(methods_sentences(analysis)),),
    )


def methods_sentences(analysis: Analysis) -> list[str]:
    """Return what was trained, measured and tested, one sentence each; every number is read off the runs."""
    selection = analysis.selection
    return [
        _design(selection),
        _training(selection.runs),
        *_tasks(selection),
        _evaluation(selection),
        _curves(selection),
        *_comparisons(analysis),
        *_claims(selection),
        _software(selection.runs),
    ]


def _design(selection: Selection) -> str:
    file = selection.file
    unfinished = len(selection.unfinished)
    lost = f" ({count(unfinished)} more failed or were pruned)" if unfinished else ""
    return (
        f"We trained {counted(len(selection.runs), 'model')}{lost}: "
        f"{counted(len(selection.conditions), 'condition')} "
        f"({enumeration(selection.conditions)}) at {column_label(file.by).lower()} "
        f"{with_unit(file.by, *selection.levels)}, with up to {counted(len(selection.seeds), 'seed')} each; "
        "a seed fixes initial weights, noise and the numbers that images are drawn with, so that runs with "
        "equal seeds pair across conditions."
    )


def _training(runs: pd.DataFrame) -> str:
    objectives = enumeration([_OBJECTIVES[name] for name in runs["objective"].unique()])
    n_train, epochs, batches, rates = (
        spread_of(runs[name]) for name in ("n_train", "epochs", "batch_size", "learning_rate")
    )
    return (
        f"Each β-VAE with {spread_of(runs['n_latents'])} latents minimized {objectives} "
        f"({enumeration(list(runs['protocol'].unique()))} protocol), with Adam at an initial learning rate "
        f"of {rates} times {setting(runs, 'learning_rate_decay')} per epoch, over {n_train} images per "
        f"epoch, {epochs} epochs and batches of {batches}."
    )


def _tasks(selection: Selection) -> list[str]:
    joint = selection.scores[selection.scores["regime"] == "joint"]
    probes = selection.scores[selection.scores["regime"] == "probe"]
    sentences = []
    if len(joint):
        weights = spread_of(selection.runs["task_weight"].dropna())
        tasks = enumeration(sorted(joint["task"].unique()))
        sentences.append(
            f"Hybrid models had classifiers for {tasks}, trained jointly, with weight {weights}."
        )
    if len(probes):
        tasks = enumeration(sorted(probes["task"].unique()))
        heads = enumeration(sorted(probes["head"].unique())).replace("nonlinear", "non-linear")
        sentences.append(f"Probes ({heads}) for {tasks} were trained on frozen latents afterwards.")
    return sentences


def _evaluation(selection: Selection) -> str:
    curve = selection.file.curve
    meanings = {column.name: f"{column.name} ({column.meaning})" for column in TABLES["runs"]}
    return (
        "All runs were evaluated on one fixed test set, the same for every source, where columns for a run’s "
        "own distribution weight its images as the source of the run does. Rate, in nats per image, is the "
        f"column {meanings[curve.rate]}, and distortion {meanings[curve.distortion]}."
    )


def _curves(selection: Selection) -> str:
    family = selection.file.curve.family.replace("_", " ")
    intervals = f", with {interval_name(selection.file.confidence_level)}s from resampling seeds"
    return (
        f"A {family} rate–distortion curve was fitted to the runs of each condition by least squares"
        f"{intervals if len(selection.seeds) > 1 else ''}."
    )


def _comparisons(analysis: Analysis) -> list[str]:
    file = analysis.selection.file
    tables = {metric: table for metric, table in analysis.differences.items() if not table.empty}
    if not tables:
        return []
    methods = sorted({method for table in tables.values() for method in table["method"].unique()})
    metrics = enumeration([column_label(metric).lower() for metric in tables])
    if all(table["p_value"].isna().all() for table in tables.values()):
        return [
            f"Differences from {file.baseline} in {metrics} are given without tests, for which there are too "
            "few seeds."
        ]
    correction = file.comparison.correction
    adjusted = (
        "not adjusted for their number" if correction == "none" else f"adjusted by {CORRECTIONS[correction]}"
    )
    return [
        f"Conditions were compared with {file.baseline} in {metrics} at each {column_label(file.by).lower()} "
        f"by {enumeration([_TESTS[method] for method in methods])} ("
        f"{'paired by seed' if file.comparison.paired else 'unpaired'}, two-sided), {adjusted}, "
        f"with {interval_name(file.confidence_level)}s; the unit "
        "of replication is the run."
    ]


def _claims(selection: Selection) -> list[str]:
    claims = selection.file.claims
    if not claims:
        return []
    families = len({claim.family for claim in claims})
    methods = Counter(str(claim.method) for claim in claims).most_common()
    tests = [f"{_TESTS[method]}{f' ({count(n)})' if len(methods) > 1 else ''}" for method, n in methods]
    return [
        f"{counted(len(claims), 'claim')} in {counted(families, 'family', 'families')}, listed in the report "
        f"file with direction and margin, {'was' if len(claims) == 1 else 'were'} tested in both directions "
        f"by {enumeration(tests)} and judged at {selection.file.alpha:.2g} per "
        f"{'test' if selection.file.comparison.correction == 'none' else 'family'}."
    ]


def _software(runs: pd.DataFrame) -> str:
    versions = {"rdsweep": "rdsweep_version", "PyTorch": "torch_version"}
    training = [f"{name} {spread_of(runs[column])}" for name, column in versions.items()]
    analysis = [f"{name} {version(name)}" for name in ("numpy", "scipy", "pandas", "statsmodels")]
    return (
        f"Training used {enumeration(training)} on {spread_of(runs['device'])}; statistics used Python "
        f"{platform.python_version()} with {enumeration(analysis)}."
    )


def setting(runs: pd.DataFrame, name: str) -> str:
    """Return the values of a training setting that has no column of its own."""
    return spread_of(json.loads(text).get("training", {}).get(name) for text in runs["config"].unique())


def spread_of(values: Iterable[object]) -> str:
    r"""Return the distinct values of a column, or ``not recorded`` where there is none.

    Examples
    --------
    >>> spread_of([75000, 75000, 10000]), spread_of([""])
    ('10\u202f000 and 75\u202f000', 'not recorded')
    """
    distinct = pd.Series(list(values), dtype=object).replace("", None).dropna().drop_duplicates()
    return enumeration([_text(value) for value in sorted(distinct)]) or NOT_RECORDED


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    number = float(value)  # type: ignore[arg-type]
    return count(int(number)) if number.is_integer() else f"{number:g}"
