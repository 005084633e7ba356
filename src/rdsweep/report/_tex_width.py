"""How wide text is in LaTeX's own letters, so that tables can be made to fit without running LaTeX."""

from __future__ import annotations

import re

_GLYPHS = {
    "il.,:;'!|’‘[]": 0.28,
    " -()frtj": 0.39,
    "scez“”I": 0.45,
    "0123456789?agvxyoJ*/–": 0.53,
    "bdhknpquS": 0.56,
    'FLZE"': 0.69,
    "wABCDHNPRTUVXY$_": 0.78,
    "mGKOQ&%@#+=<>−±×≤≥≈": 0.84,
    "MW—…": 1.03,
}
_EMS = {character: width for characters, width in _GLYPHS.items() for character in characters}
_OTHER = 0.85  # of Greek and of all that is rare, as wide as the widest of them
_SPACES = {"\N{NO-BREAK SPACE}": 0.34, "\N{NARROW NO-BREAK SPACE}": 0.17}

SIZES = {"footnotesize": 8.55, "scriptsize": 8.1}
"""Points of an em by name of the size, widest first: small letters are wider than their height says."""


def width(text: str, *, size: str) -> float:
    """Return an upper bound of the width of ``text``, points, in Computer Modern and fonts that are no wider.

    Examples
    --------
    >>> width("0.123", size="footnotesize") < width("0.1234", size="footnotesize") < 30
    True
    """
    ems = sum(_SPACES.get(character, _EMS.get(character, _OTHER)) for character in text)
    return SIZES[size] * ems


def longest_word(text: str) -> str:
    """Return the longest part of ``text`` that LaTeX cannot break at a space.

    Examples
    --------
    >>> longest_word("fails in 3 of 5")
    'fails'
    """
    return max(re.split(r"\s", text), key=len, default="")
