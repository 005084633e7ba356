from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rdsweep import figures, geometry
from rdsweep.drawing import FIGURE_FORMATS
from rdsweep.report import parse_report_file
from rdsweep.report._geometry import geometry_section
from rdsweep.report._selection import read_selection
from rdsweep.store import DERIVED_TABLES, Results, open_results

Tables = tuple[pd.DataFrame, pd.DataFrame]
Maker = Callable[..., Tables]
Writer = Callable[[Tables], Path]
FILE = parse_report_file("title: T\ngeometry: true", name="r.yaml")


@pytest.fixture
def with_codes(make_tables: Maker, make_results: Writer, monkeypatch: pytest.MonkeyPatch) -> Results:
    """Return results whose indices are made up: E2M1 has half a unit more of each than the baseline."""
    results = make_results(make_tables(["baseline", "E2M1"]))
    runs = open_results(results).read("runs")
    rng = np.random.default_rng(0)
    names = [column.name for column in DERIVED_TABLES["indices"] if column.name != "run_id"]
    values = {name: 0.5 * (runs["model"] == "E2M1") + 0.01 * rng.standard_normal(len(runs)) for name in names}
    read = Results.read

    def read_or_codes(self: Results, table: str, columns: object = None) -> pd.DataFrame:
        return runs[["run_id"]] if table == "codes" else read(self, table, columns)  # type: ignore[arg-type]

    def draw(results: Results, *, out: Path, **options: Any) -> list[figures.DrawnFigure]:
        numbers = options["figures"]
        for number in numbers:
            for kind in FIGURE_FORMATS:
                (out / f"figure{number}.{kind}").write_text("<svg/>")
        return [figures.DrawnFigure(f"figure{n}", f"Figure {n}", "Caption.", ()) for n in numbers]

    monkeypatch.setattr(Results, "read", read_or_codes)
    monkeypatch.setattr(geometry, "geometry_table", lambda results: runs.assign(**values))
    monkeypatch.setattr(figures, "draw_figures", draw)
    return open_results(results)


def test_a_report_that_does_not_ask_has_no_geometry(make_tables: Maker, make_results: Writer) -> None:
    results = make_results(make_tables())
    silent = parse_report_file("title: T", name="r.yaml")
    assert geometry_section(read_selection(silent, open_results(results)), open_results(results)) is None


def test_a_folder_without_codes_gets_one_sentence(make_tables: Maker, make_results: Writer) -> None:
    results = make_results(make_tables())
    section = geometry_section(read_selection(FILE, open_results(results)), open_results(results))
    assert section is not None
    assert section.sentences == (
        "This folder has no codes, so nothing can be said about their geometry: train its runs again.",
    )
    assert (section.figures, section.tables) == ((), ())


def test_every_index_is_compared_with_the_baseline(with_codes: Results) -> None:
    section = geometry_section(read_selection(FILE, with_codes), with_codes)
    assert section is not None
    frame = section.tables[0].frame
    assert set(frame["index"]) == {column.name for column in DERIVED_TABLES["indices"]} - {"run_id"}
    # The mean of three pairs of noise with a standard deviation of 0.014 lies well within 0.05.
    assert frame["estimate"].to_numpy() == pytest.approx(0.5, abs=0.05)
    assert all(len(row) == 3 + 3 for row in section.tables[0].rows)  # labels, and three capacities


def test_figures_are_those_of_the_models_that_have_runs(with_codes: Results) -> None:
    section = geometry_section(read_selection(FILE, with_codes), with_codes)
    assert section is not None
    assert [figure.name for figure in section.figures] == ["figure1", "figure7"]
    assert set(section.figures[0].panels[0]) == set(FIGURE_FORMATS)


def test_without_a_baseline_figures_are_all_there_is(
    with_codes: Results,
) -> None:
    file = parse_report_file("title: T\ngeometry: true\nwhere: {model: [E2M1]}", name="r.yaml")
    section = geometry_section(read_selection(file, with_codes), with_codes)
    assert section is not None
    assert (section.findings, section.tables) == ((), ())
