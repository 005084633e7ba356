"""Numbers as text: the only place where a report rounds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

MISSING = "–"
_MINUS, _THIN_SPACE = "\N{MINUS SIGN}", "\N{NARROW NO-BREAK SPACE}"
_MOST_DECIMALS = 6


def number(value: float, *, decimals: int, signed: bool = False) -> str:
    """Return ``value`` with fixed decimals and a true minus sign; a dash where it is NaN.

    Examples
    --------
    >>> number(-0.01234, decimals=4)
    '−0.0123'
    >>> number(0.5, decimals=1, signed=True)
    '+0.5'
    >>> number(float("nan"), decimals=2)
    '–'
    """
    if math.isnan(value):
        return MISSING
    if math.isinf(value):
        return "∞" if value > 0 else f"{_MINUS}∞"
    text = f"{value:.{decimals}f}"
    if float(text) == 0:
        return text.lstrip("-")
    return ("+" if signed and value > 0 else "") + text.replace("-", _MINUS)


def decimals_for(uncertainties: Iterable[float], *, significant: int = 2) -> int:
    """Return the decimals that show the median uncertainty with ``significant`` digits.

    One answer for a whole column keeps its digits aligned.

    Examples
    --------
    >>> decimals_for([0.0013, 0.0021, float("nan")])
    4
    """
    sizes = np.abs(np.fromiter(uncertainties, dtype=float))
    sizes = sizes[np.isfinite(sizes) & (sizes > 0)]
    if sizes.size == 0:
        return 3
    exponent = math.floor(math.log10(float(np.median(sizes))))
    return min(max(significant - 1 - exponent, 0), _MOST_DECIMALS)


def interval(low: float, high: float, *, decimals: int, signed: bool = False) -> str:
    """Return ``low`` to ``high`` in brackets; a dash where there is no interval.

    Examples
    --------
    >>> interval(-0.1, 0.25, decimals=2)
    '[−0.10, 0.25]'
    """
    if math.isnan(low) or math.isnan(high):
        return MISSING
    return f"[{', '.join(number(end, decimals=decimals, signed=signed) for end in (low, high))}]"


def p_value(value: float) -> str:
    """Return a p-value with three decimals, and never as zero.

    Examples
    --------
    >>> p_value(0.0312), p_value(0.00004), p_value(1.0)
    ('0.031', '< 0.001', '1.000')
    """
    if math.isnan(value):
        return MISSING
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def general(value: float) -> str:
    r"""Return a setting such as a capacity in its shortest form.

    Examples
    --------
    >>> general(0.30), general(10.0), general(75000)
    ('0.3', '10', '75\u202f000')
    """
    if math.isnan(value):
        return MISSING
    if float(value).is_integer():
        return count(int(value))
    return f"{value:g}".replace("-", _MINUS)


def count(value: int) -> str:
    r"""Return an integer with thin spaces between thousands.

    Examples
    --------
    >>> count(75000)
    '75\u202f000'
    """
    return f"{value:,}".replace(",", _THIN_SPACE).replace("-", _MINUS)


def span(values: Iterable[int], noun: str = "") -> str:
    """Return the least and greatest of some counts, with what is counted.

    Examples
    --------
    >>> span([3, 2, 3]), span([3, 3]), span([1, 1], "run"), span([1, 2], "run")
    ('2 to 3', '3', '1 run', '1 to 2 runs')
    """
    ordered = sorted(map(int, values))
    low, high = ordered[0], ordered[-1]
    text = count(low) if low == high else f"{count(low)} to {count(high)}"
    return f"{text} {noun if low == high == 1 else noun and noun + 's'}".rstrip()


def counted(value: int, noun: str, plural: str | None = None) -> str:
    """Return a count with its noun.

    Examples
    --------
    >>> counted(1, "seed"), counted(3, "capacity", "capacities")
    ('1 seed', '3 capacities')
    """
    return f"{count(value)} {noun if value == 1 else plural or noun + 's'}"


def percent(share: float, *, decimals: int = 1) -> str:
    r"""Return a share as a percentage.

    Examples
    --------
    >>> percent(0.0213)
    '2.1\u202f%'
    """
    text = number(100 * share, decimals=decimals)
    return text if text == MISSING else f"{text}{_THIN_SPACE}%"


def interval_name(confidence_level: float) -> str:
    r"""Return what an interval of this coverage is called.

    Examples
    --------
    >>> interval_name(0.95)
    '95\u202f% interval'
    """
    return f"{100 * confidence_level:g}{_THIN_SPACE}% interval"


def over_seeds(seeds: Sequence[int], confidence_level: float) -> str:
    r"""Return what a mean over seeds and its interval are called, one that a single seed has not.

    Examples
    --------
    >>> over_seeds([0, 1, 2], 0.9)
    'mean over seeds with its 90\u202f% interval (Student’s t)'
    >>> over_seeds([4], 0.9)
    'values of one seed, so without intervals'
    """
    if len(seeds) == 1:
        return "values of one seed, so without intervals"
    return f"mean over seeds with its {interval_name(confidence_level)} (Student’s t)"


def duration(seconds: float) -> str:
    """Return a time in the two largest units that matter.

    Examples
    --------
    >>> duration(42.3), duration(94), duration(7620)
    ('42.3 s', '1 min 34 s', '2 h 7 min')
    """
    if math.isnan(seconds):
        return MISSING
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{count(minutes // 60)} h {minutes % 60} min"


def enumeration(items: Sequence[str]) -> str:
    """Join items as prose does.

    Examples
    --------
    >>> enumeration(["a", "b", "c"]), enumeration(["a"])
    ('a, b and c', 'a')
    """
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"
