from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from rdsweep.store._files import collect_leftovers, write_files


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_files_appear_whole_and_replace_older_ones(tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(b"old")
    write_files({tmp_path / "a": b"1", tmp_path / "b": b"2"})
    assert names(tmp_path) == ["a", "b"]
    assert (tmp_path / "b").read_bytes() == b"2"


def test_files_are_renamed_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order = []
    replace = Path.replace
    monkeypatch.setattr(
        Path, "replace", lambda self, target: (order.append(target.name), replace(self, target))[1]
    )
    write_files({tmp_path / name: b"" for name in ("maps", "history", "runs")})
    assert order == ["maps", "history", "runs"]


def test_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced = []

    def fsync(descriptor: int) -> None:
        synced.append(descriptor)
        if len(synced) == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OSError, match=r"No space left on device: '.*/b'"):
        write_files({tmp_path / "a": b"1", tmp_path / "b": b"2", tmp_path / "c": b"3"})
    assert names(tmp_path) == []


def test_interrupt_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(descriptor: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_files({tmp_path / "a": b"1"})
    assert names(tmp_path) == []


def test_only_old_temporary_files_are_collected(tmp_path: Path) -> None:
    for name in (".old.parquet.host.1.2.tmp", ".new.parquet.host.1.2.tmp", "part.parquet"):
        (tmp_path / name).touch()
    for name in (".old.parquet.host.1.2.tmp", "part.parquet"):
        os.utime(tmp_path / name, (0, 0))
    collect_leftovers(tmp_path)
    assert names(tmp_path) == [".new.parquet.host.1.2.tmp", "part.parquet"]


def test_leftovers_of_another_user_are_left_to_that_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leftover = tmp_path / ".old.parquet.host.1.2.tmp"
    leftover.touch()
    os.utime(leftover, (0, 0))

    def refuse(path: Path) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), str(path))

    monkeypatch.setattr(Path, "unlink", refuse)
    collect_leftovers(tmp_path)
    assert names(tmp_path) == [leftover.name]
