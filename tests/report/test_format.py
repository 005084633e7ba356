import math

import pytest

from rdsweep.report._format import count, decimals_for, duration, interval, number, p_value, percent


def test_negative_zero_has_no_sign() -> None:
    assert number(-0.00001, decimals=3) == "0.000"
    assert number(-0.00001, decimals=3, signed=True) == "0.000"


def test_no_p_value_is_shown_as_zero() -> None:
    assert p_value(1e-300) == "< 0.001"
    assert p_value(0.001) == "0.001"


def test_what_is_missing_is_a_dash() -> None:
    missing = [number(math.nan, decimals=2), interval(math.nan, 1.0, decimals=2), p_value(math.nan)]
    assert {*missing, percent(math.nan), duration(math.nan)} == {"–"}


def test_an_unbounded_interval_says_so() -> None:
    assert interval(-math.inf, 0.25, decimals=2) == "[−∞, 0.25]"


@pytest.mark.parametrize(
    ("widths", "decimals"), [([12.0], 0), ([0.5], 2), ([0.00042], 5), ([1e-12], 6), ([], 3)]
)
def test_decimals_show_two_digits_of_the_uncertainty(widths: list[float], decimals: int) -> None:
    assert decimals_for(widths) == decimals


def test_thousands_are_set_apart() -> None:
    assert count(1234567) == "1\u202f234\u202f567"
