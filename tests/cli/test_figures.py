from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rdsweep.cli._figures import parse_choices, parse_numbers


def test_the_command_writes_files_and_ends_with_what_lacks(with_results: Path, rdsweep: Callable) -> None:
    code, out, _ = rdsweep("figures", "results/tiny", "--out", "drawn", "--figures", "4", "--formats", "svg")
    lines = out.splitlines()
    assert code == 0
    assert lines[:2] == ["drawn/figure4.svg", "drawn/figure4.md"]
    assert "  figure4, A: no maps of baseline at 3 nats in these results" in lines


def test_a_mistake_is_one_line(with_results: Path, rdsweep: Callable) -> None:
    code, _, errors = rdsweep("figures", "results/tiny", "--out", "drawn", "--figures", "3")
    assert code == 2
    assert errors.splitlines()[1].startswith("rdsweep: figures must be out of 1, 2, 4")


@pytest.mark.parametrize("text", ["", "4-", "x", "1,,2"])
def test_numbers_that_cannot_be_read_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="figures must be numbers and ranges"):
        parse_numbers(text)


def test_a_choice_needs_an_equals_sign() -> None:
    with pytest.raises(ValueError, match="where must read COLUMN=VALUE, but got 'ratio'"):
        parse_choices(["ratio"])
