"""The tables on disk: every column with its type, unit and meaning."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import pandas as pd
import pyarrow as pa

_TEXT, _INT, _REAL = pa.string(), pa.int64(), pa.float64()
_MAPS = pa.list_(pa.float32())


@dataclass(frozen=True)
class Column:
    """A column: its name, Arrow type, unit (empty for labels) and meaning."""

    name: str
    type: pa.DataType
    unit: str
    meaning: str


_RUN_ID = Column("run_id", _TEXT, "", "hash of the resolved configuration and seed")

_CONDITION = (
    Column("condition_id", _TEXT, "", "hash of the resolved configuration without its seed"),
    Column("model", _TEXT, "", "the paper's name of source and tasks at its ratio, or one made from them"),
    Column("protocol", _TEXT, "", "matched or published"),
    Column("imbalance", _TEXT, "", "none, lower_corridor or alignment"),
    Column("ratio", _REAL, "1", "how many times as frequent the favored positions are"),
    Column("tasks", _TEXT, "", "joint heads, joined by +; empty for a plain beta-VAE"),
    Column("task_weight", _REAL, "1", "weight of the tasks' cross-entropy where all agree, else NaN"),
    Column("objective", _TEXT, "", "constrained, capacity or beta"),
    Column("capacity", _REAL, "nats per image", "target rate C; NaN for the beta objective"),
    Column("gamma", _REAL, "1", "weight of the capacity penalty, per rate_weight; NaN elsewhere"),
    Column("beta_setting", _REAL, "1", "beta of the beta objective, per rate_weight; NaN elsewhere"),
    Column("rate_weight", _REAL, "mean squared error per nat", "w, the weight of the rate terms"),
    Column("n_latents", _INT, "1", "dimensions of the latent code"),
    Column("n_train", _INT, "images", "images per epoch"),
    Column("epochs", _INT, "1", "passes over the training set"),
    Column("batch_size", _INT, "images", "images per step"),
    Column("learning_rate", _REAL, "1", "Adam's learning rate in the first epoch"),
    Column("seed", _INT, "", "seed of the run; equal seeds pair runs across conditions"),
    Column("config", _TEXT, "", "the resolved configuration as canonical JSON"),
)

MEASURES = (
    Column("rate", _REAL, "nats per image", "E KL(q(z|x) || p(z)) on the balanced test set"),
    Column("rate_own", _REAL, "nats per image", "the same, weighted by the run's own stimulus distribution"),
    Column("distortion_mse", _REAL, "mean squared error per pixel", "balanced test set, sampled latents"),
    Column("distortion_mse_own", _REAL, "mean squared error per pixel", "own distribution, sampled latents"),
    Column("distortion_mse_mean", _REAL, "mean squared error per pixel", "balanced test set, latent means"),
    Column(
        "distortion_mse_mean_own", _REAL, "mean squared error per pixel", "own distribution, latent means"
    ),
    Column("mutual_information", _REAL, "nats per image", "I(X;Z), full-aggregate Monte-Carlo estimate"),
    Column("mutual_information_own", _REAL, "nats per image", "the same under the run's own distribution"),
    Column("marginal_mismatch", _REAL, "nats per image", "KL(q(z) || p(z)) = rate - mutual_information"),
    Column("marginal_mismatch_own", _REAL, "nats per image", "rate_own - mutual_information_own"),
    Column("beta", _REAL, "mean squared error per nat", "price of rate at the end of training"),
    Column("objective_value", _REAL, "1", "distortion plus weighted task losses on the balanced test set"),
    Column("active_latents", _INT, "1", "latents with more than 0.01 nats on the balanced test set"),
    Column("steps", _INT, "1", "optimizer steps done"),
)
"""What training measures of a run; missing for failed runs."""

_PROVENANCE = (
    Column("status", _TEXT, "", "completed, failed or pruned"),
    Column("message", _TEXT, "", "cause of a failure or of an early stop, else empty"),
    Column("sweep", _TEXT, "", "name of the sweep that trained the run first"),
    Column("pack_id", _TEXT, "", "hash of the pack that trained it"),
    Column("pack_size", _INT, "runs", "number of runs in the pack"),
    Column("pack_seconds", _REAL, "s", "wall time of the pack, evaluation included"),
    Column("wall_seconds", _REAL, "s", "the run's share of its pack's wall time"),
    Column("finished_at", _TEXT, "", "UTC time at which the pack was stored, ISO 8601"),
    Column("device", _TEXT, "", "device name"),
    Column("precision", _TEXT, "", "matrix arithmetic that was used: fp32, tf32, bf16 or fp64"),
    Column("rdsweep_version", _TEXT, "", "version of rdsweep"),
    Column("torch_version", _TEXT, "", "version of PyTorch"),
    Column("git_commit", _TEXT, "", "commit of the code, with +dirty for local changes; empty if unknown"),
)

_SCORES = (
    _RUN_ID,
    Column("task", _TEXT, "", "task that is read"),
    Column("regime", _TEXT, "", "joint: trained with the model; probe: trained on its frozen latents"),
    Column("head", _TEXT, "", "linear or nonlinear"),
    Column(
        "f1", _REAL, "1", "F1 of class 1, or macro F1 for more than two classes; pooled balanced test set"
    ),
    Column("accuracy", _REAL, "1", "share of correct answers on the balanced test set"),
    Column("cross_entropy", _REAL, "nats", "mean cross-entropy on the balanced test set"),
    Column("f1_batch", _REAL, "1", "mean over batches of 32 images of the batch's F1, as the paper reports"),
    Column("f1_chance", _REAL, "1", "F1 of the best constant answer"),
    Column("accuracy_chance", _REAL, "1", "accuracy of the best constant answer"),
    Column("cross_entropy_chance", _REAL, "nats", "cross-entropy of the best constant answer"),
)

_HISTORY = (
    _RUN_ID,
    Column("step", _INT, "1", "optimizer steps done"),
    Column("rate", _REAL, "nats per image", "rate on the training batches since the last row"),
    Column("distortion_mse", _REAL, "mean squared error per pixel", "distortion on the same batches"),
    Column("beta", _REAL, "mean squared error per nat", "current price of rate; NaN for the capacity kind"),
    Column("target_rate", _REAL, "nats per image", "current target rate; NaN for the beta kind"),
    Column("learning_rate", _REAL, "1", "current learning rate"),
)

_SCORE_HISTORY = (
    _RUN_ID,
    Column("task", _TEXT, "", "task that is read"),
    Column("regime", _TEXT, "", "joint or probe"),
    Column("head", _TEXT, "", "linear or nonlinear"),
    Column("step", _INT, "1", "optimizer steps of the head"),
    Column("f1", _REAL, "1", "pooled F1 over the training batches since the last row"),
    Column("accuracy", _REAL, "1", "accuracy on the same batches"),
    Column("cross_entropy", _REAL, "nats", "mean cross-entropy on the same batches"),
)

_MAP_COLUMNS = (
    _RUN_ID,
    Column("n_latents", _INT, "1", "dimensions of the latent code: length of the last axis of the maps"),
    Column(
        "latent_mean", _MAPS, "1", "mean latent mean by position and latent; (13, 13, n_latents), C order"
    ),
    Column("latent_mean_sd", _MAPS, "1", "standard deviation over images of the latent mean; same shape"),
    Column("latent_scale", _MAPS, "1", "root mean encoder variance; same shape"),
    Column("distortion_mse", _MAPS, "mean squared error per pixel", "sampled latents, by position; (13, 13)"),
    Column("rate", _MAPS, "nats per image", "rate by position; (13, 13)"),
)

_CODES = (
    _RUN_ID,
    Column("n_images", _INT, "images", "test images, ordered by position and equally many of each"),
    Column("n_latents", _INT, "1", "dimensions of the latent code"),
    Column("latent_mean", _MAPS, "1", "latent mean of each image; (n_images, n_latents), C order"),
)


def _contrast(name: str, what: str, where: str) -> Column:
    return Column(name, _REAL, "nats", f"log of the mean {what} {where} over its mean elsewhere")


_DPRIME, _BESIDE = "d' of neighboring positions", "at positions beside a class boundary of the task"
_ACROSS = "across a class boundary of the task"

_INDICES = (
    _RUN_ID,
    Column("scatter_ratio", _REAL, "1", "scatter of latent means within positions over that between them"),
    Column("silhouette", _REAL, "1", "mean silhouette of the positions' latent means"),
    Column("effective_positions", _REAL, "positions", "exp I(position; sampled latent), of 169"),
    Column(
        "prototype_distance",
        _REAL,
        "rad",
        "shape of the latent means against that of the optimum at its rate",
    ),
    _contrast("distortion_lower_corridor", "distortion", "at positions with x_LC <= 6"),
    _contrast("distortion_alignment", "distortion", "at positions with x_UC = x_LC"),
    _contrast("distortion_order", "distortion", _BESIDE),
    _contrast("distortion_region", "distortion", _BESIDE),
    _contrast("distortion_equality", "distortion", _BESIDE),
    _contrast("distortion_bins", "distortion", _BESIDE),
    _contrast("dprime_lower_corridor", _DPRIME, "with x_LC <= 6"),
    _contrast("dprime_order", _DPRIME, _ACROSS),
    _contrast("dprime_region", _DPRIME, _ACROSS),
    _contrast("dprime_equality", _DPRIME, f"{_ACROSS}: pairs that touch x_UC = x_LC"),
    _contrast("dprime_bins", _DPRIME, _ACROSS),
    Column("frequency_exponent", _REAL, "1", "a of d' ~ frequency^a in the own source; NaN if it is uniform"),
    Column("angle_order_region", _REAL, "degrees", "angle between the axes of the two tasks"),
    Column("angle_order_equality", _REAL, "degrees", "angle between the axes of the two tasks"),
    Column("angle_region_equality", _REAL, "degrees", "angle between the axes of the two tasks"),
    Column("parallelism_corridors", _REAL, "1", "cosine of left-right axes in the other corridor's halves"),
    Column("parallelism_order", _REAL, "1", "cosine of the order axes where x_UC + x_LC < 12 and elsewhere"),
    Column("generalization_corridors", _REAL, "1", "accuracy of a left-right read-out in the unseen half"),
    Column("generalization_order", _REAL, "1", "the same of order, between x_UC + x_LC < 12 and elsewhere"),
    Column("participation_ratio", _REAL, "1", "effective number of dimensions of the latent means"),
    Column("active_units", _REAL, "1", "latents whose mean has a variance above 0.01"),
)

TABLES: dict[str, tuple[Column, ...]] = {
    "scores": _SCORES,
    "history": _HISTORY,
    "score_history": _SCORE_HISTORY,
    "maps": _MAP_COLUMNS,
    "codes": _CODES,
    "runs": (_RUN_ID, *_CONDITION, *MEASURES, *_PROVENANCE),
}
"""Columns of each table, in the order in which a pack's parts are written: ``runs`` comes last."""

DERIVED_TABLES: dict[str, tuple[Column, ...]] = {"indices": _INDICES}
"""Columns of the tables that are computed from those of `TABLES` and can be made again at any time."""


@cache
def table_schema(table: str) -> pa.Schema:
    """Return the Arrow schema of ``table``; each field's metadata holds its unit and meaning.

    Examples
    --------
    >>> table_schema("runs").field("rate").metadata[b"unit"]
    b'nats per image'
    """
    return pa.schema(
        pa.field(column.name, column.type, metadata={"unit": column.unit, "meaning": column.meaning})
        for column in (TABLES | DERIVED_TABLES)[table]
    )


def columns_table() -> pd.DataFrame:
    """Return every column of every table with its type, unit and meaning.

    Returns
    -------
    DataFrame
        Columns ``table, column, type, unit, meaning``.

    Examples
    --------
    >>> columns = columns_table()
    >>> columns.loc[columns["column"] == "rate", "unit"].unique().tolist()
    ['nats per image']
    """
    return pd.DataFrame(
        [
            (table, column.name, str(column.type), column.unit, column.meaning)
            for table, columns in (TABLES | DERIVED_TABLES).items()
            for column in columns
        ],
        columns=["table", "column", "type", "unit", "meaning"],
    )
