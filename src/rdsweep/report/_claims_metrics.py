"""What claims can be about: every metric with its table, unit and meaning."""

from __future__ import annotations

from dataclasses import dataclass

from rdsweep.store import DERIVED_TABLES, MEASURES, TABLES


@dataclass(frozen=True)
class ClaimMetric:
    """A column that claims can name.

    Attributes
    ----------
    name : str
    table : str
        ClaimTable that has it: a key of `rdsweep.report._claims_tables.CLAIM_TABLES`.
    unit, meaning : str
    """

    name: str
    table: str
    unit: str
    meaning: str


def _measured(table: str, names: tuple[str, ...]) -> list[ClaimMetric]:
    columns = {column.name: column for column in ((TABLES | DERIVED_TABLES)[table])}
    return [ClaimMetric(name, table, columns[name].unit, columns[name].meaning) for name in names]


_MSE = "mean squared error per pixel"

CLAIM_METRICS: dict[str, ClaimMetric] = {
    metric.name: metric
    for metric in (
        *_measured("runs", tuple(column.name for column in MEASURES)),
        *_measured("scores", ("f1", "f1_batch", "accuracy", "cross_entropy")),
        ClaimMetric("f1_gain", "scores", "1", "(F1 - chance) / (1 - chance); chance: best constant answer"),
        ClaimMetric(
            "f1_shortfall", "scores", "1", "F1 of the head trained with that task alone, minus this F1"
        ),
        ClaimMetric("steps_to_solve", "learning", "steps", "steps to half of the gain, or all if never"),
        ClaimMetric("solving_delay", "learning", "steps", "steps_to_solve minus that of the joint head"),
        ClaimMetric(
            "lower_corridor_gap",
            "maps",
            _MSE,
            "distortion at positions that a lower-corridor imbalance makes rare, minus that at frequent ones",
        ),
        ClaimMetric("alignment_gap", "maps", _MSE, "the same for an alignment imbalance"),
        ClaimMetric(
            "class_separation",
            "classes",
            "1",
            "distances between classes of the run's own task, relative to the baseline's, minus those within",
        ),
        *_measured("indices", tuple(column.name for column in DERIVED_TABLES["indices"][1:])),
    )
}
"""By name, in the order in which the documentation lists them."""
