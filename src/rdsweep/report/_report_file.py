"""The vocabulary of a report file, and its reader."""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import Annotated, Literal, get_args

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainValidator, ValidationError
from pydantic_core import ErrorDetails

from rdstats import Claim
from rdsweep.report._claims_metrics import CLAIM_METRICS
from rdsweep.store import MEASURES, TABLES

FigureName = Literal[
    "figure_3", "figure_6", "rate_distortion", "differences", "achieved_rate", "scores", "geometry"
]
TableName = Literal[
    "verdicts",
    "claims",
    "coverage",
    "published",
    "curves",
    "optimality",
    "differences",
    "achieved_rate",
    "scores",
    "learning",
    "geometry",
    "protocols",
    "checklist",
    "failed",
    "provenance",
]
CurveFamily = Literal[
    "gaussian", "stretched_exponential", "shifted_power", "parallel_gaussian", "convex_monotone"
]

_METRICS = tuple(column.name for column in MEASURES if column.name != "steps")
_FILTERS = tuple(
    column.name for column in TABLES["runs"] if column.name not in {*_METRICS, "config", "message", "steps"}
)


class ReportError(ValueError):
    """A report cannot be built; the message is one line that says where and what is allowed."""


def _check_metric(name: str) -> str:
    if name not in _METRICS:
        raise ValueError(f"must be one of {', '.join(_METRICS)}")
    return name


def _check_filter(name: str) -> str:
    if name not in _FILTERS:
        raise ValueError(f"must be one of {', '.join(_FILTERS)}")
    return name


def _read_claim(entry: object) -> Claim:
    try:
        claim = Claim.from_dict(entry)  # type: ignore[arg-type]
    except TypeError as error:  # pydantic lets it through
        raise ValueError(str(error)) from error
    if claim.metric not in CLAIM_METRICS:
        raise ValueError(f"claim {claim.id!r}: metric must be one of {', '.join(CLAIM_METRICS)}")
    return claim


def _check_distinct(claims: tuple[Claim, ...]) -> tuple[Claim, ...]:
    ids = [claim.id for claim in claims]
    if repeated := sorted({name for name in ids if ids.count(name) > 1}):
        raise ValueError(f"must have distinct ids, but several are called {', '.join(repeated)}")
    return claims


Metric = Annotated[str, AfterValidator(_check_metric)]
Filter = Annotated[str, AfterValidator(_check_filter)]
Text = Annotated[str, Field(min_length=1)]
Claims = Annotated[tuple[Annotated[Claim, PlainValidator(_read_claim)], ...], AfterValidator(_check_distinct)]


class _Block(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CurveChoice(_Block):
    """Which curve is fitted to rate and distortion, and whether the theoretical bound is shown.

    The bound of the balanced source, on which runs are evaluated, comes solved with the package.
    """

    family: CurveFamily = "gaussian"
    rate: Literal["rate", "rate_own", "mutual_information"] = "rate"
    distortion: Metric = "distortion_mse"
    bound: bool = False


class TestChoice(_Block):
    """How conditions are compared with the baseline: options of `rdstats.compare_conditions`."""

    __test__ = False  # keeps pytest from collecting a class of this name

    paired: bool = True
    method: Literal["t", "wilcoxon", "sign_flip", "welch", "brunner_munzel", "permutation"] | None = None
    correction: Literal["holm", "benjamini-hochberg", "none"] = "holm"


class Panel(_Block):
    """A group of conditions that share a panel; the baseline is added to each."""

    title: Text
    conditions: Annotated[tuple[Text, ...], Field(min_length=1)]


class Sensitivity(_Block):
    """Another results folder of the same conditions, to see what depends on the protocol."""

    results: Text


class ReportFile(_Block):
    """What a report shows: data, so that every sweep can have its own.

    Attributes
    ----------
    title, summary : str
        Heading and introduction, the author's own words.
    condition : str
        Column whose values are compared.
    baseline : str
        Its value that the others are compared with.
    by : str
        Grid axis within whose levels they are compared.
    where : dict
        Column to allowed values; other runs are left out and counted.
    metrics : tuple of str
        Columns of the runs table that get a table of differences.
    score : str
        Column of the scores table that stands for a task.
    curve : CurveChoice
    comparison : TestChoice
    confidence_level : float
        Coverage of every interval; tests are judged at one minus it.
    claims : tuple of rdstats.Claim
        What is to be decided; `CLAIM_METRICS` lists what claims can be about.
    published : bool
        Whether the published points of figures 3 and 6 are drawn beside the runs.
    geometry : bool
        Whether the paper's figures of codes and their indices are shown; takes some minutes.
    sensitivity : Sensitivity, optional
        Results folder that differences and verdicts are compared with.
    panels : tuple of Panel
        Groups of conditions in the figures; one panel with all of them by default.
    figures, tables : tuple of str
        What to show; the page has its own order.

    Examples
    --------
    >>> file = ReportFile(title="A study", confidence_level=0.9)
    >>> file.baseline, round(file.alpha, 3)
    ('baseline', 0.1)
    """

    title: Text
    summary: str = ""
    condition: Literal["model", "tasks", "imbalance", "protocol", "objective"] = "model"
    baseline: Text = "baseline"
    by: Literal["capacity", "beta_setting"] = "capacity"
    where: dict[Filter, Annotated[list[str | float], Field(min_length=1)]] = {}
    metrics: Annotated[tuple[Metric, ...], Field(min_length=1)] = ("distortion_mse",)
    score: Literal["f1", "f1_batch", "accuracy", "cross_entropy"] = "f1"
    curve: CurveChoice = CurveChoice()
    comparison: TestChoice = TestChoice()
    confidence_level: Annotated[float, Field(gt=0, lt=1)] = 0.95
    claims: Claims = ()
    published: bool = False
    geometry: bool = False
    sensitivity: Sensitivity | None = None
    panels: tuple[Panel, ...] = ()
    figures: tuple[FigureName, ...] = get_args(FigureName)
    tables: tuple[TableName, ...] = get_args(TableName)

    @property
    def alpha(self) -> float:
        """Level at which tests are judged."""
        return 1 - self.confidence_level


def parse_report_file(text: str, *, name: str) -> ReportFile:
    r"""Read a report file from its text.

    Parameters
    ----------
    text : str
        YAML.
    name : str
        How messages call the file.

    Raises
    ------
    ReportError
        With one line that says where the file departs from the vocabulary and what is allowed.

    Examples
    --------
    >>> parse_report_file("title: A study", name="study.yaml").metrics
    ('distortion_mse',)
    >>> parse_report_file("title: A study\nmetrcs: [rate]", name="study.yaml")
    Traceback (most recent call last):
    rdsweep.report._report_file.ReportError: study.yaml: metrcs: is not a key; did you mean 'metrics'?
    """
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ReportError(f"{name}: is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(data, dict):
        raise ReportError(f"{name}: must hold keys and values, but holds {type(data).__name__}")
    try:
        return ReportFile.model_validate(data)
    except ValidationError as error:
        raise ReportError(f"{name}: {_one_line(error)}") from error


def load_report_file(path: Path) -> ReportFile:
    """Read the report file at ``path``; errors as for `parse_report_file`.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
    ...     _ = file.write("title: A study")
    ...     file.flush()
    ...     load_report_file(Path(file.name)).title
    'A study'
    """
    return parse_report_file(path.read_text(encoding="utf-8"), name=str(path))


def _one_line(error: ValidationError) -> str:
    # An unknown key comes first: it is often what another key is missing for.
    first, *others = sorted(
        error.errors(include_url=False), key=lambda each: each["type"] != "extra_forbidden"
    )
    where = ".".join(str(part) for part in first["loc"] if part != "[key]")
    return f"{where}: {_rule(first)}" + (f" (and {len(others)} more)" if others else "")


def _rule(error: ErrorDetails) -> str:
    if error["type"] == "missing":
        return "is required"
    if error["type"] == "extra_forbidden":
        keys = _keys_at(error["loc"])
        close = difflib.get_close_matches(str(error["loc"][-1]), keys, n=1)
        return "is not a key; " + (f"did you mean {close[0]!r}?" if close else f"keys are {', '.join(keys)}")
    rule = re.sub(r"^(Value error, )?(\w+ should )?(must )?", "must ", error["msg"])
    return f"{rule}, but got {error['input']!r}"


def _keys_at(location: tuple[str | int, ...]) -> list[str]:
    blocks: dict[str, type[_Block]] = {
        "curve": CurveChoice,
        "comparison": TestChoice,
        "panels": Panel,
        "sensitivity": Sensitivity,
    }
    return list((blocks[str(location[0])] if len(location) > 1 else ReportFile).model_fields)
