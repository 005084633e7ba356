from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rdsweep.figures import draw_figures
from rdsweep.store import Results

Make = Callable[..., Results]


def test_a_model_figure_lacks_nothing_and_says_how_many_seeds(make_results: Make, tmp_path: Path) -> None:
    drawn = draw_figures(make_results(), out=tmp_path, figures=[7], formats=["svg"])
    assert [path.name for path in drawn[0].files] == ["figure7.svg", "figure7.md"]
    assert drawn[0].lacking == ()
    assert "n = 2 seeds" in drawn[0].title
    assert "n = 2, stress" in (tmp_path / "figure7.svg").read_text()
    assert drawn[0].caption in (tmp_path / "figure7.md").read_text()


def test_two_drawings_are_the_same_bytes(make_results: Make, tmp_path: Path) -> None:
    results = make_results()
    for name in "ab":
        draw_figures(results, out=tmp_path / name, figures=[7], formats=["svg"])
    assert (tmp_path / "a/figure7.svg").read_bytes() == (tmp_path / "b/figure7.svg").read_bytes()


def test_a_folder_without_codes_lacks_the_matrices_only(make_results: Make, tmp_path: Path) -> None:
    drawn = draw_figures(make_results(with_codes=False), out=tmp_path, figures=[7], formats=["svg"])
    assert [line[:1] for line in drawn[0].lacking] == ["E", "J", "K", "L"]
    assert "no codes of" in (tmp_path / "figure7.md").read_text()


def test_one_seed_has_no_spread_and_no_noise(make_results: Make, tmp_path: Path) -> None:
    drawn = draw_figures(make_results(seeds=[4]), out=tmp_path, figures=[7], formats=["svg"])
    assert drawn[0].lacking == ()
    assert "seed 4 alone" in drawn[0].caption
    assert "differ from noise" not in (tmp_path / "figure7.svg").read_text()


def test_one_capacity_lacks_what_needs_two(make_results: Make, tmp_path: Path) -> None:
    drawn = draw_figures(make_results(capacities=[3.0]), out=tmp_path, figures=[7], formats=["svg"])
    assert [line[:1] for line in drawn[0].lacking] == ["K", "L"]


def test_a_missing_model_leaves_the_baseline(make_results: Make, tmp_path: Path) -> None:
    drawn = draw_figures(make_results(), out=tmp_path, figures=[1, 4], formats=["svg"])
    assert {line[:1] for line in drawn[1].lacking} == set("CDEHIJL")
    assert sum("E2M1" in line for line in drawn[0].lacking) == 0


def test_a_page_of_each_seed_follows_its_figure(make_results: Make, tmp_path: Path) -> None:
    seen: list[str] = []
    draw_figures(
        make_results(), out=tmp_path, figures=[2, 7], per_seed=True, formats=["svg"],
        on_figure=lambda figure: seen.append(figure.name),
    )  # fmt: skip
    assert seen == ["figure2", "figure7", "figure7-seed0", "figure7-seed1"]


def test_an_empty_folder_draws_lines_that_say_so(make_results: Make, tmp_path: Path) -> None:
    drawn = draw_figures(make_results(models=[]), out=tmp_path, figures=[1, 7], formats=["svg"])
    assert len(drawn) == 2
    assert all(figure.lacking for figure in drawn)


def test_runs_that_compete_are_named_and_where_chooses(make_results: Make, tmp_path: Path) -> None:
    results = make_results(models=["E1M2"], protocols=["matched", "published"])
    with pytest.raises(ValueError, match=r"E1M2 has 2 at 0\.3 nats, seed 0, that differ in protocol"):
        draw_figures(results, out=tmp_path, figures=[5])
    where = {"protocol": ["matched"]}
    assert draw_figures(results, out=tmp_path, figures=[5], formats=["svg"], where=where)
    with pytest.raises(ValueError, match=r"^where must be among the levels of 'ratio', 10, but got 3$"):
        draw_figures(results, out=tmp_path, figures=[5], where={"ratio": [10.0, 3.0]})


@pytest.mark.parametrize(
    ("options", "name"), [({"figures": [3]}, "figures"), ({"formats": ["gif"]}, "formats")]
)
def test_unknown_choices_are_refused(make_results: Make, tmp_path: Path, options: dict, name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} must be out of"):
        draw_figures(make_results(models=[]), out=tmp_path, **options)
