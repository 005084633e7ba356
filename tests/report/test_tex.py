import pytest

from rdsweep.report._tex import tex_text


@pytest.mark.parametrize(
    ("text", "tex"),
    [
        (r"100 % & #1_a {b} $c", r"100 \% \& \#1\_a \{b\} \$c"),
        (r"~ ^ \d", r"\textasciitilde{} \textasciicircum{} \textbackslash{}d"),
        ("β ≤ −1", r"$\beta$ $\le$ $-$1"),
        ("75\u202f000", r"75\,000"),
        ("D’Amato – naïve", "D’Amato – naïve"),
        ("語", "[U+8A9E]"),
    ],
)
def test_text_prints_as_it_is(text: str, tex: str) -> None:
    assert tex_text(text) == tex


def test_greek_of_either_case_has_its_command() -> None:
    assert tex_text("λΛφ") == r"$\lambda$$\Lambda$$\varphi$"
