"""Claims in a report file: a user's own, mistakes in them, evidence that is missing, and the runs behind."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from rdsweep.report import ReportError, build_report, load_report_file, parse_report_file, trace_report
from rdsweep.report._analysis import analyze
from rdsweep.report._build import _sections
from rdsweep.report._claims import claim_tests_section, claims_section
from rdsweep.report._claims_metrics import CLAIM_METRICS
from rdsweep.report._claims_tables import CLAIM_TABLES
from rdsweep.report._claims_verdicts import DecidedClaims, judge_claims
from rdsweep.report._methods import methods_sentences
from rdsweep.report._section import Listing
from rdsweep.report._selection import read_selection
from rdsweep.report._trace import row_run_ids
from rdsweep.store import open_results

Tables = tuple[pd.DataFrame, pd.DataFrame]
Maker = Callable[..., Tables]
Writer = Callable[[Tables], Path]

ROOT = Path(__file__).parents[2]
CLAIM = """\
  - id: order-costs
    statement: Learning order costs fidelity
    source: my hypothesis
    metric: distortion_mse
    contrast: difference
    conditions: [baseline, E2M1]
    strata: [capacity]
"""


def write(tmp_path: Path, text: str) -> Path:
    report_file = tmp_path / "report.yaml"
    report_file.write_text(text, encoding="utf-8")
    return report_file


def readme_example() -> str:
    text = (ROOT / "reports" / "README.md").read_text(encoding="utf-8")
    found = re.search(r"```yaml\n(title: .*?)```", text, flags=re.DOTALL)
    assert found
    return found[1]


@pytest.fixture
def results(make_tables: Maker, make_results: Writer) -> Path:
    return make_results(make_tables(seeds=range(5)))


def test_the_report_file_of_the_readme_gives_verdicts(tmp_path: Path, results: Path) -> None:
    index = build_report(write(tmp_path, readme_example()), results=results, out=tmp_path / "out")
    verdicts = pd.read_csv(tmp_path / "out" / "tables" / "verdicts.csv")
    assert verdicts["claim"].tolist() == ["order-costs-fidelity", "order-is-solved"]
    # The runs of the fixture lose about 0.01 to the order task at every capacity.
    assert verdicts["verdict"].tolist()[0] == "replicates"
    assert "Of 2 claims" in index.read_text(encoding="utf-8")


def test_the_readme_lists_every_metric_of_claims() -> None:
    text = (ROOT / "reports" / "README.md").read_text(encoding="utf-8")
    assert [name for name in CLAIM_METRICS if f"`{name}`" not in text] == []
    assert {metric.table for metric in CLAIM_METRICS.values()} == set(CLAIM_TABLES)


@pytest.mark.parametrize("name", ["paper.yaml", "quick.yaml"])
def test_the_report_files_of_the_repository_are_read(name: str) -> None:
    assert load_report_file(ROOT / "reports" / name).title


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            ("distortion_mse", "distorsion"),
            "claims[0] (order-costs) must have as metric one of rate, rate_own",
        ),
        (
            ("strata: [capacity]", "axis: capasity"),
            "claims[0] (order-costs) must have as axis one of run_id",
        ),
        (("[capacity]", "capacity"), "claims[0] cannot be read: claim 'order-costs': strata must be a list"),
        (("difference", "greater"), "claims[0] cannot be read: claim 'order-costs': contrast must be one of"),
    ],
)
def test_a_mistake_in_a_claim_is_one_line_that_names_it(change: tuple[str, str], message: str) -> None:
    with pytest.raises(ReportError) as error:
        parse_report_file(f"title: T\nclaims:\n{CLAIM.replace(*change)}", name="r.yaml")
    assert str(error.value).startswith(f"r.yaml:3: {message}")
    assert "\n" not in str(error.value)


def test_two_claims_of_one_name_are_refused() -> None:
    with pytest.raises(ReportError, match="order-costs"):
        parse_report_file(f"title: T\nclaims:\n{CLAIM}{CLAIM}", name="r.yaml")


def decided(text: str, results: Path) -> DecidedClaims:
    store = open_results(results)
    return judge_claims(read_selection(parse_report_file(text, name="r.yaml"), store), store)


def samples(results: Path, capacity: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the distortions of E2M1 and of the baseline, by seed."""
    runs = pd.read_parquet(results / "runs").query("capacity == @capacity").sort_values("seed")
    hybrid, baseline = (
        runs.loc[runs["model"] == name, "distortion_mse"].to_numpy() for name in ("E2M1", "baseline")
    )
    return hybrid, baseline


@pytest.mark.parametrize(
    ("comparison", "change", "method", "expected"),
    [
        ("", "", "t", lambda x, y: stats.ttest_rel(x, y, alternative="greater").pvalue),
        (
            "comparison: {paired: false}\n",
            "",
            "welch",
            lambda x, y: stats.ttest_ind(x, y, equal_var=False, alternative="greater").pvalue,
        ),
        # E2M1 loses so much that all its runs lie above the baseline's: one labeling of 252 is as extreme.
        ("comparison: {paired: false, method: permutation}\n", "", "permutation", lambda x, y: 1 / 252),
        ("comparison: {method: sign_flip}\n", "", "sign_flip", lambda x, y: 1 / 32),
        (
            "comparison: {paired: false, method: permutation}\n",
            "    paired: true\n",
            "t",
            lambda x, y: stats.ttest_rel(x, y, alternative="greater").pvalue,
        ),
        ("", "    paired: false\n    method: permutation\n", "permutation", lambda x, y: 1 / 252),
    ],
    ids=["default", "unpaired", "permutation", "sign flip", "paired by the claim", "permuted by the claim"],
)
def test_a_claim_is_tested_as_the_report_file_asks_and_the_report_says_so(
    results: Path, comparison: str, change: str, method: str, expected: Callable[..., float]
) -> None:
    text = f"title: T\n{comparison}claims:\n{CLAIM}{change}"
    found = decided(text, results)
    p_values = [2 * expected(*samples(results, capacity)) for capacity in (0.5, 2.0, 5.0)]
    assert found.tests["p_value"].tolist() == pytest.approx(p_values, rel=1e-9)
    assert found.claims["p_value"].item() == pytest.approx(max(p_values), rel=1e-9)
    assert set(found.tests["method"]) == {found.claims["method"].item()} == {method}
    name = {
        "t": "Paired t test",
        "welch": "Welch's t test",
        "permutation": "Permutation test",
        "sign_flip": "Sign-flip test",
    }[method]
    file = parse_report_file(text, name="r.yaml")
    for section in (claims_section(file, found), claim_tests_section(file, found)):
        assert section is not None
        shown = {column.label: column.details for column in section.tables[0].columns}
        assert set(shown["Test" if "Test" in shown else "Deciding test"]) == {name}


def test_methods_count_the_claims_of_each_test(results: Path) -> None:
    own = CLAIM.replace("order-costs", "own") + "    paired: false\n"
    store = open_results(results)
    file = parse_report_file(f"title: T\ncomparison: {{method: wilcoxon}}\nclaims:\n{CLAIM}{own}", name="r")
    text = " ".join(methods_sentences(analyze(read_selection(file, store))))
    assert (
        "in both directions by Wilcoxon’s signed-rank test (1) and Welch’s t test (1) and judged at" in text
    )


@pytest.mark.parametrize(
    ("comparison", "change", "message"),
    [
        (
            "{paired: false}",
            ("difference", "trend"),
            "paired must be true unless contrast is one of difference, equivalence, ordering, but got False",
        ),
        (
            "{paired: false, method: brunner_munzel}",
            ("", ""),
            "method must be one of 'welch', 'permutation', but got 'brunner_munzel'",
        ),
        (
            "{paired: false}",
            ("strata", "method: t\n    strata"),
            "method must be one of 'welch', 'permutation', but got 't'",
        ),
    ],
)
def test_a_comparison_that_a_claim_cannot_honor_is_refused_in_one_line(
    comparison: str, change: tuple[str, str], message: str
) -> None:
    claim = CLAIM.replace("strata: [capacity]", "where: {capacity: [2]}") if change[1] == "trend" else CLAIM
    claim = claim.replace(*change) if change[0] else claim
    with pytest.raises(ReportError) as caught:
        parse_report_file(f"title: T\ncomparison: {comparison}\nclaims:\n{claim}", name="r.yaml")
    assert str(caught.value) == (
        "r.yaml:3: claims cannot be tested as comparison asks, unless they say otherwise: "
        f"claim 'order-costs': {message}"
    )


def test_the_p_of_a_failed_claim_is_that_of_the_clearest_refutation(results: Path) -> None:
    # E2M1 loses more at every capacity, so that the reverse fails in three tests.
    found = decided(f"title: T\nclaims:\n{CLAIM}    direction: less\n", results)
    row = found.claims.iloc[0]
    refuted = [
        2 * stats.ttest_rel(*samples(results, level), alternative="greater").pvalue
        for level in (0.5, 2.0, 5.0)
    ]
    assert row["verdict"] == "fails"
    assert row["p_value"] == pytest.approx(min(refuted), rel=1e-9)
    assert row["p_adjusted"] == pytest.approx(3 * min(refuted), rel=1e-9)  # Holm's smallest of three
    assert row["stratum"] == f"capacity={(0.5, 2.0, 5.0)[int(np.argmin(refuted))]}"


def test_the_effect_of_a_threshold_is_said_to_be_value_minus_mark(results: Path) -> None:
    threshold = CLAIM.replace("[baseline, E2M1]", "[E2M1]").replace("difference", "threshold")
    text = f"title: T\nclaims:\n{threshold}    threshold: 0.12\n"
    found, file = decided(text, results), parse_report_file(text, name="r.yaml")
    measured = [samples(results, level)[0].mean() for level in (0.5, 2.0, 5.0)]
    assert found.tests["effect"].tolist() == pytest.approx([value - 0.12 for value in measured])
    for section in (claims_section(file, found), claim_tests_section(file, found)):
        assert section is not None
        (table,) = section.tables
        columns = {column.label: column.cells for column in table.columns}
        assert "Effect, or value − mark" in columns
        assert set(columns["Unit"]) == {"MSE per pixel − 0.12"}
        assert "the effect is the value minus that mark" in table.caption


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            ("strata: [capacity]", "where: {capacity: [2, 3]}"),
            "where must be among the levels of 'capacity', 0.5, 2, 5, but got 3",
        ),
        (
            ("[baseline, E2M1]", "[baseline, E2M11]"),
            "conditions must be among the levels of 'model', 'E1M1', 'E2M1', 'baseline', but got 'E2M11'",
        ),
        (
            ("metric: distortion_mse", "metric: f1\n    where: {task: ordre}"),
            "where must be among the levels of 'task', 'bins', 'equality', 'order', 'region', "
            "but got 'ordre'",
        ),
    ],
)
def test_a_level_that_no_run_has_is_refused(results: Path, change: tuple[str, str], message: str) -> None:
    with pytest.raises(ReportError) as caught:
        decided(f"title: T\nclaims:\n{CLAIM.replace(*change)}", results)
    assert str(caught.value) == f"claims: claim 'order-costs': {message}"


def test_a_level_whose_runs_all_failed_cannot_be_tested(
    make_tables: Maker, make_results: Writer, make_failures: Callable[..., pd.DataFrame]
) -> None:
    runs, scores = make_tables()
    lost = runs.index[runs["capacity"] == 5.0]
    results = make_results((make_failures(runs, lost), scores))
    named = CLAIM.replace("strata: [capacity]", "strata: [capacity]\n    where: {capacity: [2, 5]}")
    unknown = named.replace("order-costs", "bins-cost").replace("E2M1", "E2M4")  # of the catalogue
    found = decided(f"title: T\nclaims:\n{named}{unknown}", results).tests
    assert found["verdict"].tolist()[1:] == ["cannot be tested"] * 3
    absent = ["baseline, E2M1", "E2M4", "baseline, E2M4"]
    assert found["message"].tolist()[1:] == [f"no finite run of {names}" for names in absent]


def test_a_column_that_does_not_exist_is_named(tmp_path: Path, results: Path) -> None:
    text = f"title: T\nclaims:\n{CLAIM.replace('[capacity]', '[capasity]')}"
    with pytest.raises(ReportError, match=r"claims: claim 'order-costs': runs must have .*'capasity'"):
        build_report(write(tmp_path, text), results=results, out=tmp_path / "out")


def test_a_claim_without_evidence_cannot_be_tested_and_says_why(tmp_path: Path, results: Path) -> None:
    claims = "".join(
        CLAIM.replace("order-costs", metric).replace("distortion_mse", metric)
        for metric in ("lower_corridor_gap", "class_separation", "solving_delay", "effective_positions")
    )
    text = f"title: T\nfigures: []\nclaims:\n{claims}"
    build_report(write(tmp_path, text), results=results, out=tmp_path / "out")
    tests = pd.read_csv(tmp_path / "out" / "tables" / "claims.csv")
    assert set(tests["verdict"]) == {"cannot be tested"}
    assert tests["message"].str.startswith("this folder has no").all()


def test_one_seed_tests_nothing_and_still_reports(
    tmp_path: Path, make_tables: Maker, make_results: Writer
) -> None:
    results = make_results(make_tables(seeds=[0]))
    index = build_report(write(tmp_path, f"title: T\nclaims:\n{CLAIM}"), results=results, out=tmp_path / "o")
    page = index.read_text(encoding="utf-8")
    assert "Of 1 claim 1 cannot be tested." in page
    assert not re.search(r"\bnan\b", page, flags=re.IGNORECASE)


def test_every_row_of_every_table_names_runs_of_the_folder(
    tmp_path: Path, results: Path, make_tables: Maker
) -> None:
    file = parse_report_file(f"title: T\npublished: true\nfigures: []\nclaims:\n{CLAIM}", name="r.yaml")
    store = open_results(results)
    selection = read_selection(file, store)
    known = set(make_tables(seeds=range(5))[0]["run_id"])
    tables = [
        table for part in _sections(analyze(selection), store, Listing("", ())) for table in part.tables
    ]
    names = {table.name for table in tables}
    assert {"verdicts", "claims", "checklist", "differences-distortion_mse", "scores"} <= names
    for table in tables:
        for place in range(len(table.frame)):
            ids = row_run_ids(table, selection, place)
            assert ids, (table.name, place)
            assert set(ids) <= known


def test_the_runs_behind_a_row_are_those_that_make_its_number(tmp_path: Path, results: Path) -> None:
    report_file = write(tmp_path, f"title: T\nfigures: []\nclaims:\n{CLAIM}")
    build_report(report_file, results=results, out=tmp_path / "out")
    runs = pd.read_parquet(results / "runs").set_index("run_id")
    for table in ("claims", "differences-distortion_mse"):
        rows = pd.read_csv(tmp_path / "out" / "tables" / f"{table}.csv")
        wanted = len(rows)  # E2M1 at the highest capacity is last in both
        behind = runs.loc[list(trace_report(report_file, results=results, row=f"{table}:{wanted}"))]
        assert len(behind) == 10
        means = behind.groupby("model")["distortion_mse"].mean()
        effect = rows.iloc[-1]["effect" if table == "claims" else "estimate"]
        assert means["E2M1"] - means["baseline"] == pytest.approx(effect)


@pytest.mark.parametrize("row", ["coverage:0", "coverage:10", "coverage", "coverage:x", "nothing:1"])
def test_a_row_that_does_not_exist_is_refused(tmp_path: Path, results: Path, row: str) -> None:
    with pytest.raises(ReportError, match=rf"trace must .*but got '{row}'"):
        trace_report(write(tmp_path, "title: T"), results=results, row=row)
