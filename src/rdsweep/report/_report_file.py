"""The vocabulary of a report file, and its reader."""

from __future__ import annotations

from collections.abc import Sized
from pathlib import Path
from typing import Annotated, Literal, TypeVar, get_args

from pydantic import AfterValidator, ConfigDict, Field, PlainValidator, ValidationInfo, model_validator

from rdstats import Claim
from rdstats._comparisons._paired import PAIRED_METHODS
from rdstats._comparisons._unpaired import UNPAIRED_METHODS
from rdsweep.report._claims_metrics import CLAIM_METRICS
from rdsweep.store import MEASURES, TABLES
from rdsweep.sweeps import (
    Declaration,
    ModuleName,
    SweepError,
    did_you_mean,
    import_plugins,
    mistake,
    parse_document,
    read_document,
    validate_document,
)

Filled = TypeVar("Filled", bound=Sized)

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
    return _known(name, _METRICS)


def _check_filter(name: str) -> str:
    return _known(name, _FILTERS)


def _known(name: str, names: tuple[str, ...]) -> str:
    if name not in names:
        raise mistake(f"must be one of {', '.join(names)}, but got {name!r}{did_you_mean(name, names)}")
    return name


def _filled(value: Filled) -> Filled:
    if not len(value):
        raise mistake(f"must not be empty, but got {value!r}")
    return value


def _read_claim(entry: object) -> Claim:
    try:
        claim = Claim.from_dict(entry)  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise mistake(f"cannot be read: {error}") from error
    for key, value, known in (("metric", claim.metric, CLAIM_METRICS), ("axis", claim.axis, _FILTERS)):
        if value not in known:
            rule = f"must have as {key} one of {', '.join(known)}"
            raise mistake(f"({claim.id}) {rule}, but got {value!r}{did_you_mean(value, known)}")
    return claim


def _with_tests(claims: tuple[Claim, ...], info: ValidationInfo) -> tuple[Claim, ...]:
    """Write the test out in each claim: its own, or that of ``comparison``."""
    asked = info.data.get("comparison")
    if asked is None:  # it has a mistake of its own
        return claims
    try:
        return tuple(claim.with_test(paired=asked.paired, method=asked.method) for claim in claims)
    except ValueError as error:
        raise mistake(f"cannot be tested as comparison asks, unless they say otherwise: {error}") from error


def _check_distinct(claims: tuple[Claim, ...]) -> tuple[Claim, ...]:
    ids = [claim.id for claim in claims]
    if repeated := sorted({name for name in ids if ids.count(name) > 1}):
        raise mistake(f"must have distinct ids, but several are called {', '.join(repeated)}")
    return claims


Metric = Annotated[str, AfterValidator(_check_metric)]
Filter = Annotated[str, AfterValidator(_check_filter)]
Text = Annotated[str, AfterValidator(_filled)]
Claims = Annotated[
    tuple[Annotated[Claim, PlainValidator(_read_claim)], ...],
    AfterValidator(_check_distinct),
    AfterValidator(_with_tests),
]


class _Block(Declaration):
    model_config = ConfigDict(strict=False)  # lists become tuples


class CurveChoice(_Block):
    """Which curve is fitted to rate and distortion, and whether the theoretical bound is shown.

    The bound of the balanced source, on which runs are evaluated, comes solved with the package.
    """

    family: CurveFamily = "gaussian"
    rate: Literal["rate", "rate_own", "mutual_information"] = "rate"
    distortion: Metric = "distortion_mse"
    bound: bool = False


class TestChoice(_Block):
    """How conditions are compared with the baseline, and claims tested that do not say otherwise.

    Options of `rdstats.compare_conditions` and `rdstats.evaluate_claims`.
    """

    __test__ = False  # keeps pytest from collecting a class of this name

    paired: bool = True
    method: Literal["t", "wilcoxon", "sign_flip", "welch", "brunner_munzel", "permutation"] | None = None
    correction: Literal["holm", "benjamini-hochberg", "none"] = "holm"

    @model_validator(mode="after")
    def _check_method(self) -> TestChoice:
        methods = PAIRED_METHODS if self.paired else UNPAIRED_METHODS
        if self.method is not None and self.method not in methods:
            paired = "true" if self.paired else "false"
            rule = f"must be one of {', '.join(methods)} where paired is {paired}"
            raise mistake(f"{rule}, but got {self.method!r}", "method")
        return self


class Panel(_Block):
    """A group of conditions that share a panel; the baseline is added to each."""

    title: Text
    conditions: Annotated[tuple[Text, ...], AfterValidator(_filled)]


class Sensitivity(_Block):
    """Another results folder of the same conditions, to see what depends on the protocol."""

    results: Text


class ReportFile(_Block):
    """What a report shows: data, so that every sweep can have its own.

    Attributes
    ----------
    title, summary : str
        Heading and introduction, the author's own words.
    plugins : tuple of str
        Modules with the user's own tasks, which `load_report_file` imports.
    condition : str
        Column whose values are compared.
    baseline : str
        Its value that the others are compared with.
    by : str
        Grid axis within whose levels they are compared.
    where : dict
        Column to allowed values, matched as `rdstats.is_level` does; other runs are left out and counted.
    metrics : tuple of str
        Columns of the runs table that get a table of differences.
    score : str
        Column of the scores table that stands for a task.
    curve : CurveChoice
    comparison : TestChoice
    confidence_level : float
        Coverage of every interval; tests are judged at one minus it.
    claims : tuple of rdstats.Claim
        What is to be decided, each with its test; `CLAIM_METRICS` lists what claims can be about.
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
    plugins: tuple[ModuleName, ...] = ()
    condition: Literal["model", "tasks", "imbalance", "protocol", "objective"] = "model"
    baseline: Text = "baseline"
    by: Literal["capacity", "beta_setting"] = "capacity"
    where: dict[Filter, Annotated[list[str | float], AfterValidator(_filled)]] = Field(default_factory=dict)
    metrics: Annotated[tuple[Metric, ...], AfterValidator(_filled)] = ("distortion_mse",)
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
    r"""Read a report file from its text; the plugins that it names are not imported.

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
    rdsweep.report._report_file.ReportError: study.yaml:2: metrcs is not a known key; did you mean ...
    """
    try:
        return validate_document(parse_document(text, name=name), ReportFile)
    except SweepError as error:
        raise ReportError(str(error)) from error


def load_report_file(path: Path) -> ReportFile:
    """Read the report file at ``path`` and import its plugins; errors as for `parse_report_file`.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
    ...     _ = file.write("title: A study")
    ...     file.flush()
    ...     load_report_file(Path(file.name)).title
    'A study'
    """
    try:
        document = read_document(path)
        file = validate_document(document, ReportFile)
        import_plugins(file.plugins, document=document)
    except SweepError as error:
        raise ReportError(str(error)) from error
    return file
