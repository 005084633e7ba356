"""Drawing the paper's figures for a results folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from rdstats.theory import rd_bounds
from rdsweep.drawing import FIGURE_FORMATS, FigureFormat, drawing, write_figure
from rdsweep.figures._captions import examples_caption, model_caption, seeds_phrase, tradeoff_caption
from rdsweep.figures._examples_figure import examples_figure
from rdsweep.figures._figure_data import FigureData, LackingError, attempt, read_figure_data
from rdsweep.figures._matrices import Distortion
from rdsweep.figures._model_contents import BASELINE, capacity_change, model_contents
from rdsweep.figures._model_figure import model_figure
from rdsweep.figures._page import Page
from rdsweep.figures._stimuli import relevant_pairs, relevant_stimuli
from rdsweep.figures._tradeoff_contents import pair_distances, stimulus_errors
from rdsweep.figures._tradeoff_figure import models_of, tradeoff_figure
from rdsweep.geometry import geometry_stimuli
from rdsweep.store import Results

MODEL_FIGURES = {4: "E1M1", 5: "E1M2", 7: "E2M1", 8: "E2M2", 9: "E2M3", 10: "E2M4", 11: "E2M5"}
FIGURES = (1, 2, *MODEL_FIGURES)
"""Numbers of the paper's figures that are drawn here; 3 and 6 are in the report."""


@dataclass(frozen=True)
class DrawnFigure:
    """A figure that was written.

    Attributes
    ----------
    name : str
        Stem of its files: ``figure4``, or ``figure4-seed0`` for the page of a seed.
    title : str
    caption : str
        What it shows, how many seeds are behind it, and what the spread is; a paragraph of plain text.
    files : tuple of Path
        One per format, and last the caption as Markdown.
    lacking : tuple of str
        Panels that the results did not allow, as "E: reason".
    """

    name: str
    title: str
    caption: str
    files: tuple[Path, ...]
    lacking: tuple[str, ...] = ()


def draw_figures(
    results: Results,
    *,
    out: Path,
    figures: Sequence[int] = FIGURES,
    per_seed: bool = False,
    formats: Sequence[FigureFormat] = FIGURE_FORMATS,
    where: Mapping[str, Sequence[Any]] | None = None,
    on_figure: Callable[[DrawnFigure], None] | None = None,
) -> list[DrawnFigure]:
    """Draw the paper's figures from the runs of a results folder, seeds aggregated.

    The high and the low capacity of figures 4 to 11 are the highest and the lowest of the folder.

    Parameters
    ----------
    results : Results
    out : Path
        Folder to write into; made if it does not exist.
    figures : sequence of int
        Numbers out of `FIGURES`.
    per_seed : bool
        Whether to draw besides a page of each seed alone.
    formats : sequence of {"svg", "pdf", "png"}
    where : mapping of str to sequence, optional
        Values of columns of the runs table to keep, where several runs share model, capacity and seed.
    on_figure : callable, optional
        Called with each figure as soon as it is written.

    Returns
    -------
    list of DrawnFigure
        In the order of ``figures``, pages of seeds after the figure that they belong to.

    Raises
    ------
    ValueError
        If a number or format is unknown, ``where`` names a value that no run has, or several runs share
        model, capacity and seed.

    Examples
    --------
    >>> import tempfile
    >>> from rdsweep.store import open_results
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     results = open_results(folder, create=True)
    ...     drawn = draw_figures(results, out=Path(folder) / "figures", figures=[2], formats=["svg"])
    ...     [path.name for path in drawn[0].files]
    ['figure2.svg', 'figure2.md']
    """
    _check(figures, formats)
    data = read_figure_data(results, where=where)
    scopes = [_Scope(data), *(_Scope(data, seed) for seed in data.seeds if per_seed)]
    drawn = []
    for number in figures:
        for scope in scopes[:1] if number == 2 else scopes:
            drawn.append(_write(_sketch(number, scope), out, formats))
            if on_figure is not None:
                on_figure(drawn[-1])
    return drawn


class _Scope:
    """The runs behind a figure: all of them, or those of one seed."""

    def __init__(self, data: FigureData, seed: int | None = None) -> None:
        self.data = data if seed is None else data.of_seed(seed)
        self.suffix = "" if seed is None else f"-seed{seed}"
        capacities = data.runs["capacity"]
        self.high, self.low = float(capacities.max()), float(capacities.min())

    @cached_property
    def baseline_change(self) -> Distortion | LackingError:
        """Panel K, the same in every model's figure."""
        return attempt(capacity_change, self.data, BASELINE, high=self.high, low=self.low)


@dataclass(frozen=True)
class _Sketch:
    """A figure before it is drawn."""

    name: str
    title: str
    caption: str
    draw: Callable[..., Page]


def _sketch(number: int, scope: _Scope) -> _Sketch:
    name = f"figure{number}{scope.suffix}"
    if number == 2:
        title = "The paper’s figure 2: example images and their positions"
        return _Sketch(name, title, examples_caption(), partial(examples_figure, geometry_stimuli()))
    if number == 1:
        return _tradeoff_sketch(name, scope)
    contents = model_contents(
        scope.data, MODEL_FIGURES[number], high=scope.high, low=scope.low,
        baseline_change=scope.baseline_change,
    )  # fmt: skip
    title = f"The paper’s figure {number}: {contents.model} beside {BASELINE}, {seeds_phrase(contents.seeds)}"
    return _Sketch(name, title, model_caption(contents), partial(model_figure, contents))


def _tradeoff_sketch(name: str, scope: _Scope) -> _Sketch:
    data, models = scope.data, MODEL_FIGURES.values()
    errors = {
        model: attempt(stimulus_errors, data, model, relevant=relevant_stimuli(model)) for model in models
    }
    distances = {
        model: attempt(pair_distances, data, model, relevant=relevant_pairs(model)) for model in models
    }
    draw = partial(tradeoff_figure, data.runs, rd_bounds().frontier("pixel"), errors, distances)
    title = f"The paper’s figure 1: the trade-off of rate and distortion, {seeds_phrase(data.seeds)}"
    return _Sketch(name, title, tradeoff_caption(data.seeds, models_of(data.runs)), draw)


def _write(sketch: _Sketch, out: Path, formats: Sequence[FigureFormat]) -> DrawnFigure:
    """Draw a figure and write it with its caption."""
    with drawing(sketch.name):
        page = sketch.draw(title=sketch.title)
        files = write_figure(page.figure, out / sketch.name, formats=formats)
    text = [f"# {sketch.title}", sketch.caption, *(f"- Not drawn, {line}" for line in page.lacking)]
    caption_file = out / f"{sketch.name}.md"
    caption_file.write_text("\n\n".join(text) + "\n", encoding="utf-8")
    return DrawnFigure(sketch.name, sketch.title, sketch.caption, (*files, caption_file), tuple(page.lacking))


def _check(figures: Sequence[int], formats: Sequence[FigureFormat]) -> None:
    for name, given, known in (("figures", figures, FIGURES), ("formats", formats, FIGURE_FORMATS)):
        unknown = [value for value in given if value not in known]
        if unknown:
            allowed = ", ".join(map(str, known))
            raise ValueError(f"{name} must be out of {allowed}, but got {', '.join(map(str, unknown))}")
