from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from PIL import Image

from rdsweep.drawing import FIGURE_FORMATS, FigureFormat, blank_figure, drawing, figure_file, write_figure


def draw(kind: FigureFormat) -> bytes:
    with drawing("name"):
        figure = blank_figure(144, 72, room_right=0.1)
        figure.add_subplot().plot([0, 1], [1, 0])
        return figure_file(figure, kind)


@pytest.mark.parametrize("kind", FIGURE_FORMATS)
def test_equal_drawings_are_equal_bytes(kind: FigureFormat) -> None:
    assert draw(kind) == draw(kind)


@pytest.mark.parametrize("kind", FIGURE_FORMATS)
def test_a_file_says_neither_when_nor_with_what_it_was_made(kind: FigureFormat) -> None:
    content = draw(kind)
    assert not re.search(rb"/CreationDate|/Producer|Matplotlib v|matplotlib.org|\d{4}-\d{2}-\d{2}", content)


def test_a_png_is_on_white_at_200_dots_per_inch() -> None:
    with Image.open(io.BytesIO(draw("png"))) as image:
        assert image.size == (400, 200)
        assert image.convert("RGBA").getpixel((0, 0)) == (255, 255, 255, 255)


def test_a_pdf_embeds_its_font_as_text() -> None:
    assert b"/FontFile2" in draw("pdf")


def test_one_file_is_written_per_format_and_the_folder_is_made(tmp_path: Path) -> None:
    with drawing("name"):
        figure = blank_figure(144, 72, room_right=0)
        files = write_figure(figure, tmp_path / "deep" / "name.v1", formats=("svg", "png"))
    assert [path.name for path in files] == ["name.v1.svg", "name.v1.png"]
    assert all(path.stat().st_size for path in files)


def test_an_unknown_format_is_refused() -> None:
    with drawing("name"), pytest.raises(ValueError, match="kind must be one of svg, pdf, png, but got 'gif'"):
        figure_file(blank_figure(10, 10, room_right=0), "gif")  # type: ignore[arg-type]
