"""Claims in a report file: a user's own, mistakes in them, evidence that is missing, and the runs behind."""

import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from rdsweep.report import ReportError, build_report, load_report_file, parse_report_file, trace_report
from rdsweep.report._analysis import analyze
from rdsweep.report._build import _sections
from rdsweep.report._claims_metrics import CLAIM_METRICS
from rdsweep.report._claims_tables import CLAIM_TABLES
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
