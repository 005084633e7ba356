from __future__ import annotations

import os
from pathlib import Path

import pytest

from rdsweep.store import ResultsError, has_results, open_results


def test_the_location_is_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert open_results("tiny", create=True).location == str(tmp_path / "tiny")


@pytest.mark.parametrize("create", [False, True])
def test_a_file_is_no_results_folder(tmp_path: Path, create: bool) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ResultsError, match=r"results must be a folder, but .*file is a file"):
        open_results(tmp_path / "file", create=create)


def test_a_file_in_the_place_of_results_is_there_to_be_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert [has_results(tmp_path / name) for name in (".", "file", "nothing")] == [True, True, False]


def test_a_folder_below_a_file_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ResultsError, match=r"cannot make .*/file/tiny/\w+: Not a directory"):
        open_results(tmp_path / "file" / "tiny", create=True)


def test_reading_makes_no_folder(tmp_path: Path) -> None:
    with pytest.raises(
        ResultsError, match=r"a folder that a sweep was run into, but .*nowhere holds no runs"
    ):
        open_results(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_a_folder_must_be_writable_before_anything_is_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Permission bits mean nothing to a test that runs as root.
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).name != "runs")
    with pytest.raises(ResultsError, match=r"cannot make .*/runs: Permission denied"):
        open_results(tmp_path / "tiny", create=True)


def test_leftovers_of_dead_writers_are_collected(tmp_path: Path) -> None:
    leftover = tmp_path / "tiny" / "runs" / ".p.parquet.host.1.2.tmp"
    open_results(tmp_path / "tiny", create=True)
    leftover.touch()
    os.utime(leftover, (0, 0))
    open_results(tmp_path / "tiny")
    assert leftover.exists()
    open_results(tmp_path / "tiny", create=True)
    assert not leftover.exists()
