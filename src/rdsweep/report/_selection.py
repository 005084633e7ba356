"""The runs that a report is about, and a count of those that it leaves out."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rdstats import match_levels
from rdsweep.models import MODELS, catalogue_ranks
from rdsweep.report._report_file import ReportError, ReportFile
from rdsweep.store import Results


@dataclass(frozen=True, eq=False)
class Selection:
    """Tables of a results folder after the selection that a report file asks for.

    Attributes
    ----------
    file : ReportFile
    runs : DataFrame
        Completed runs, one row each, sorted by condition, level and seed.
    scores : DataFrame
        Rows of the scores table that belong to them, with their condition, level and seed; sorted by task,
        regime and head first.
    unfinished : DataFrame
        Selected runs that failed or were pruned.
    exclusions : DataFrame
        Columns ``reason`` and ``n_runs``: every run of the folder that ``runs`` lacks, counted once.
    n_stored : int
        Runs in the folder.
    known_levels : dict of str to list
        Levels that filters of the file may name, by column: those of every selected run, failed ones too, of
        the results that these are compared with, and of the catalogue of models.
    """

    file: ReportFile
    runs: pd.DataFrame
    scores: pd.DataFrame
    unfinished: pd.DataFrame
    exclusions: pd.DataFrame
    n_stored: int
    known_levels: dict[str, list[object]]

    @property
    def conditions(self) -> list[str]:
        """Conditions with a completed run, the baseline first."""
        return list(self.runs[self.file.condition].unique())

    @property
    def levels(self) -> list[float]:
        """Levels of the grid axis with a completed run, in rising order."""
        return sorted(self.runs[self.file.by].unique())

    @property
    def seeds(self) -> list[int]:
        """Seeds with a completed run."""
        return sorted(self.runs["seed"].unique())

    @property
    def has_baseline(self) -> bool:
        """Whether any run of the baseline was completed."""
        return self.file.baseline in self.conditions

    @property
    def absent(self) -> list[str]:
        """Conditions besides the baseline that the file names and no completed run has."""
        groups = [panel.conditions for panel in self.file.panels]
        groups += [claim.conditions for claim in self.file.claims]
        named = dict.fromkeys(itertools.chain.from_iterable(groups))
        return [name for name in named if name not in {self.file.baseline, *self.conditions}]

    @property
    def hybrids(self) -> list[str]:
        """Conditions that are compared with the baseline."""
        return [name for name in self.conditions if name != self.file.baseline]

    def runs_of(self, condition: str) -> pd.DataFrame:
        """Return the completed runs of a condition."""
        return self.runs[self.runs[self.file.condition] == condition]

    def panels(self) -> list[tuple[str, list[str]]]:
        """Return title and conditions of each panel that has a run besides the baseline's."""
        chosen = [(panel.title, list(panel.conditions)) for panel in self.file.panels]
        present = [
            (title, [name for name in self.conditions if name in (self.file.baseline, *names)])
            for title, names in chosen or [("", self.conditions)]
        ]
        shown = [(title, names) for title, names in present if names and names != [self.file.baseline]]
        return shown or [("", self.conditions)]


def read_selection(file: ReportFile, store: Results, *, beside: Selection | None = None) -> Selection:
    """Read the results in ``store`` and keep what ``file`` selects.

    Parameters
    ----------
    file : ReportFile
    store : Results
    beside : Selection, optional
        Of other results for the same file, whose levels need not occur here too.

    Raises
    ------
    ReportError
        As for `select_runs`.
    """
    return select_runs(file, runs=store.read("runs"), scores=store.read("scores"), beside=beside)


def select_runs(
    file: ReportFile, *, runs: pd.DataFrame, scores: pd.DataFrame, beside: Selection | None = None
) -> Selection:
    """Keep what ``file`` selects of the tables ``runs`` and ``scores``; ``beside`` as for `read_selection`.

    Raises
    ------
    ReportError
        If the file names a level that no run has, or if two completed runs share condition, level and seed,
        so that no comparison is defined.
    """
    known = {} if beside is None else beside.known_levels
    selected = _selected(runs, file, known)
    levels = _levels(runs[selected], file, known)
    _check_conditions(runs, file, levels)
    reason = _exclusions(runs, file, selected)
    kept = in_order(runs[reason == ""], file)
    _check_unique(kept, file)
    counts = pd.Series(reason[reason != ""]).value_counts(sort=False)
    keys, readers = ["run_id", file.condition, file.by, "seed"], ["task", "regime", "head"]
    return Selection(
        file=file,
        runs=kept,
        scores=kept[keys].merge(scores, on="run_id").sort_values(readers, kind="stable", ignore_index=True),
        unfinished=in_order(runs[np.isin(reason, ["failed", "pruned"])], file),
        exclusions=counts.rename_axis("reason").reset_index(name="n_runs").sort_values("reason"),
        n_stored=len(runs),
        known_levels=levels,
    )


def _selected(runs: pd.DataFrame, file: ReportFile, known: Mapping[str, list[object]]) -> NDArray[np.bool_]:
    selected = np.ones(len(runs), dtype=bool)
    try:
        for column, allowed in file.where.items():
            selected &= match_levels(runs[column], allowed, name="where", known=known.get(column, ()))
    except ValueError as error:
        raise ReportError(str(error)) from error
    return selected


def _levels(
    runs: pd.DataFrame, file: ReportFile, known: Mapping[str, list[object]]
) -> dict[str, list[object]]:
    columns = dict.fromkeys(
        [file.condition, *file.where, *(name for claim in file.claims for name in claim.where)]
    )
    levels = {name: [*runs[name].dropna().unique(), *known.get(name, ())] for name in columns if name in runs}
    if file.condition == "model":
        levels["model"] += list(MODELS)
    return levels


def _check_conditions(runs: pd.DataFrame, file: ReportFile, levels: Mapping[str, list[object]]) -> None:
    column = runs[file.condition]
    named = {f"panels[{place}].conditions": panel.conditions for place, panel in enumerate(file.panels)}
    if "baseline" in file.model_fields_set:  # other conditions than models may have none, which the page says
        named["baseline"] = (file.baseline,)
    try:
        for name, conditions in named.items():
            match_levels(column, conditions, name=name, known=levels[file.condition])
    except ValueError as error:
        raise ReportError(str(error)) from error


def _exclusions(runs: pd.DataFrame, file: ReportFile, selected: NDArray[np.bool_]) -> NDArray[np.str_]:
    """Return the first reason for which each run is left out, empty for those that are kept."""
    measures = runs[["rate", "rate_own", file.curve.rate, file.curve.distortion]].astype(float)
    reasons = {
        "not selected by the report file": ~selected,
        f"no {file.by} or {file.condition}": runs[[file.by, file.condition]].isna().any(axis=1),
        "failed": runs["status"] == "failed",
        "pruned": runs["status"] == "pruned",
        f"no finite rate or {file.curve.distortion}": ~np.isfinite(measures).all(axis=1),
    }
    return np.select([np.asarray(rows) for rows in reasons.values()], np.array(list(reasons)), default="")


def in_order(runs: pd.DataFrame, file: ReportFile) -> pd.DataFrame:
    """Order the baseline first, then the catalogue's models, then other conditions by name."""
    ranks = catalogue_ranks(runs[file.condition].dropna(), first=[file.baseline])
    return runs.sort_values(
        [file.condition, file.by, "seed", "run_id"],
        key=lambda column: column.map(ranks) if column.name == file.condition else column,
        ignore_index=True,
    )


def _check_unique(runs: pd.DataFrame, file: ReportFile) -> None:
    keys = [file.condition, file.by, "seed"]
    repeated = runs[runs.duplicated(keys, keep=False)]
    if repeated.empty:
        return
    first = repeated.groupby(keys, sort=False).get_group(tuple(repeated[keys].iloc[0]))
    settings = ["protocol", "imbalance", "ratio", "tasks", "task_weight", "objective", "capacity", "gamma"]
    settings += ["beta_setting", "n_latents", "n_train", "epochs", "batch_size", "learning_rate"]
    differing = [name for name in settings if name not in keys and len(first[name].drop_duplicates()) > 1]
    raise ReportError(
        f"where must leave one run per {file.condition}, {file.by} and seed, but "
        f"{first[file.condition].iloc[0]} has {len(first)} at {first[file.by].iloc[0]:g}, "
        f"seed {first['seed'].iloc[0]}, that differ in {', '.join(differing) or 'their configuration'}"
    )
