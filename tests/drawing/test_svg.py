import re
from xml.etree import ElementTree

from rdsweep.drawing import CSS_VARIABLES, INK, blank_figure, drawing, inline_svg, svg_file


def draw(name: str) -> str:
    with drawing(name):
        figure = blank_figure(200, 100, room_right=0.1)
        axes = figure.add_subplot()
        axes.plot([0, 1], [1, 0], color=INK, marker="o")
        return svg_file(figure)


def test_equal_drawings_are_equal_bytes_without_date_or_version() -> None:
    assert draw("a") == draw("a")
    assert not re.search(r"\d{4}-\d{2}-\d{2}|Matplotlib v", draw("a"))


def test_two_drawings_in_a_page_share_no_identifier() -> None:
    first, second = (inline_svg(draw("same"), name=name, label="L") for name in ("one", "two"))
    found = [set(re.findall(r' id="([^"]+)"', svg)) for svg in (first, second)]
    assert found[0]
    assert not found[0] & found[1]


def test_every_reference_has_its_target() -> None:
    svg = inline_svg(draw("a"), name="one", label="L")
    targets = set(re.findall(r'(?:url\(|href=")#([^")]+)', svg))
    assert targets == set(re.findall(r' id="([^"]+)"', svg))


def test_an_inline_drawing_takes_its_colors_from_the_page_and_names_itself() -> None:
    svg = inline_svg(draw("a"), name="one", label='a "quoted" <label>')
    assert not any(color in svg for color in CSS_VARIABLES)
    root = ElementTree.fromstring(svg)
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-label"] == 'a "quoted" <label>'
    assert "width" not in root.attrib
