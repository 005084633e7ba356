"""Sentences that cannot contradict their numbers, and tables as Markdown."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence

from rdsweep.report.parts import decimals_for, interval, number

_WIDTH = 120


class FindingError(ValueError):
    """A sentence of the document that the tables do not support."""


def require(condition: bool, sentence: str) -> str:
    """Return no text, or refuse a sentence that the tables contradict.

    Parameters
    ----------
    condition : bool
        What the tables say.
    sentence : str
        What the document says in the place of the call.

    Raises
    ------
    FindingError
        If ``condition`` is false.

    Examples
    --------
    >>> require(2 > 1, "two is more than one")
    ''
    >>> require(1 > 2, "one is more than two")  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    FindingError: the tables contradict "one is more than two": revise the sentence
    """
    if not condition:
        raise FindingError(f'the tables contradict "{sentence}": revise the sentence')
    return ""


def estimate(value: float, low: float, high: float, unit: str = "") -> str:
    """Return a signed value with its interval and unit, rounded to two digits of the interval's half-width.

    Examples
    --------
    >>> estimate(0.01234, 0.0111, 0.0136, "MSE per pixel")
    '+0.0123 [+0.0111, +0.0136] MSE per pixel'
    >>> estimate(-64.0, -64.0, -64.0, "steps")
    '−64 steps in every run'
    """
    if low == high:
        exact = number(value, decimals=3, signed=True)
        return f"{exact.removesuffix('.000')} {unit}".rstrip() + " in every run"
    decimals = decimals_for([(high - low) / 2])
    ends = interval(low, high, decimals=decimals, signed=True)
    return f"{number(value, decimals=decimals, signed=True)} {ends} {unit}".rstrip()


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]], *, n_text: int = 1) -> str:
    """Return a Markdown table whose first ``n_text`` columns are text and whose others are numbers.

    Examples
    --------
    >>> print(markdown_table(["model", "runs"], [["E2M1", "10"]]))
    | model | runs |
    |:--|--:|
    | E2M1 | 10 |
    """
    ruler = "|:--" * n_text + "|--:" * (len(header) - n_text) + "|"
    return "\n".join([_line(header), ruler, *map(_line, rows)])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def reflow(text: str) -> str:
    r"""Wrap paragraphs and list items of a Markdown text; tables, headings, images and code stay as they are.

    Examples
    --------
    >>> print(reflow("- One\n  item.\n- Another.\n\n\n# Heading\n"))
    - One item.
    - Another.
    <BLANKLINE>
    # Heading
    <BLANKLINE>
    """
    pieces = re.split(r"(^```.*?^```$)", text.strip(), flags=re.DOTALL | re.MULTILINE)
    blocks = [
        block
        for piece in pieces
        for block in ([piece] if piece.startswith("```") else map(_wrap, re.split(r"\n\s*\n", piece)))
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _wrap(block: str) -> str:
    block = block.strip()
    if block.startswith(("|", "#", "![")):
        return block
    items = re.split(r"\n(?=- )", block)
    return "\n".join(
        textwrap.fill(
            re.sub(r"[ \n]+", " ", item),
            _WIDTH,
            subsequent_indent="  " if item.startswith("- ") else "",
            break_long_words=False,
            break_on_hyphens=False,
        )
        for item in items
    )
