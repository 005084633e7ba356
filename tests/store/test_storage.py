from __future__ import annotations

import errno
import os
import pickle
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import fs

from rdsweep.store import ResultsError, open_results
from rdsweep.store import _patience as patience_module
from rdsweep.store._storage import Storage, StoredFile, open_storage
from rdsweep.sweeps import Pack
from rdsweep.training import PackResult


class Unreliable(fs.FileSystemHandler):
    """A local folder behind an interface that fails as often as ``faults`` has exceptions."""

    def __init__(self) -> None:
        self.inner = fs.LocalFileSystem()
        self.faults: list[Exception] = []

    def __getattribute__(self, name: str) -> object:
        if name.startswith("_") or name in ("inner", "faults", "get_type_name", "normalize_path"):
            return super().__getattribute__(name)
        if self.faults:
            raise self.faults.pop()
        return super().__getattribute__(name)

    def get_type_name(self) -> str:
        return "unreliable"

    def normalize_path(self, path: str) -> str:
        return path

    def get_file_info(self, paths: list[str]) -> list[fs.FileInfo]:
        return self.inner.get_file_info(paths)

    def get_file_info_selector(self, selector: fs.FileSelector) -> list[fs.FileInfo]:
        return self.inner.get_file_info(selector)

    def create_dir(self, path: str, recursive: bool) -> None:
        self.inner.create_dir(path, recursive=recursive)

    def delete_dir(self, path: str) -> None:
        self.inner.delete_dir(path)

    def delete_dir_contents(self, path: str, missing_dir_ok: bool = False) -> None:
        self.inner.delete_dir_contents(path, missing_dir_ok=missing_dir_ok)

    def delete_root_dir_contents(self) -> None:
        raise PermissionError("the root of the file system is not emptied")

    def delete_file(self, path: str) -> None:
        self.inner.delete_file(path)

    def move(self, source: str, target: str) -> None:
        self.inner.move(source, target)

    def copy_file(self, source: str, target: str) -> None:
        self.inner.copy_file(source, target)

    def open_input_stream(self, path: str) -> object:
        return self.inner.open_input_stream(path)

    def open_input_file(self, path: str) -> object:
        return self.inner.open_input_file(path)

    def open_output_stream(self, path: str, metadata: object) -> object:
        return self.inner.open_output_stream(path)

    open_append_stream = open_output_stream


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses between attempts, which take no time here."""
    passed: list[float] = []
    start = time.monotonic()
    monkeypatch.setattr(patience_module.time, "sleep", passed.append)
    monkeypatch.setattr(patience_module.time, "monotonic", lambda: start + sum(passed))
    return passed


@pytest.fixture
def handler() -> Unreliable:
    return Unreliable()


@pytest.fixture
def unreliable(tmp_path: Path, handler: Unreliable) -> Storage:
    return Storage("remote", fs.PyFileSystem(handler), str(tmp_path), patience=60.0)


def down() -> OSError:
    return OSError("AWS Error NETWORK_CONNECTION during PutObject operation: could not connect to server")


@pytest.mark.parametrize("remote", [False, True])
def test_files_come_and_go(tmp_path: Path, unreliable: Storage, remote: bool) -> None:
    storage = unreliable if remote else open_storage(tmp_path)
    assert not storage.is_folder("runs")
    assert storage.names("runs") == []
    storage.make_folder("runs")
    storage.write({"runs/b": b"1", "runs/a": b"2"})
    storage.write({"runs/b": b"3"})
    (tmp_path / "runs" / ".hidden.tmp").touch()
    assert storage.names("runs") == ["runs/a", "runs/b"]
    assert storage.read("runs/b").to_pybytes() == b"3"
    assert (storage.is_folder("runs"), storage.is_file("runs"), storage.is_file("runs/a")) == (
        True,
        False,
        True,
    )
    with storage.local_file("runs/b") as path:
        assert Path(path).read_bytes() == b"3"
    storage.move("runs/b", "quarantine/now/runs/b")
    assert storage.names("quarantine/now/runs") == ["quarantine/now/runs/b"]
    storage.remove("runs/a")
    storage.remove("runs/a")
    assert storage.find("runs/a") is None
    storage.remove_folder("quarantine")
    storage.remove_folder("quarantine")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["runs"]


def test_a_folder_that_is_not_there_needs_no_error_of_its_own_kind(
    tmp_path: Path, unreliable: Storage, handler: Unreliable, pauses: list[float]
) -> None:
    handler.faults = [OSError("No such directory: bucket/checkpoints")]
    unreliable.remove_folder("checkpoints")
    assert pauses == []
    (tmp_path / "checkpoints").mkdir()
    handler.faults = [down()]
    unreliable.remove_folder("checkpoints")
    assert len(pauses) == 1
    assert not (tmp_path / "checkpoints").exists()


def test_a_stored_file_makes_its_folder(tmp_path: Path) -> None:
    file = StoredFile(open_storage(tmp_path), "checkpoints/p.safetensors")
    assert file.read() is None
    file.write(b"1")
    assert pickle.loads(pickle.dumps(file)).read() == b"1"
    file.remove()
    assert file.read() is None


@pytest.mark.parametrize("name", ["../x", "runs/../../x", "/etc/passwd"])
def test_names_stay_within_the_location(tmp_path: Path, name: str) -> None:
    storage = open_storage(tmp_path / "results")
    for call in (storage.find, storage.remove, storage.names, storage.is_file, storage.make_folder):
        with pytest.raises(ResultsError, match="name must stay within"):
            call(name)
    with pytest.raises(ResultsError, match="name must stay within"):
        storage.write({name: b""})
    assert list(tmp_path.iterdir()) == []


def test_a_storage_that_is_down_for_a_minute_loses_nothing(
    unreliable: Storage, handler: Unreliable, pauses: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    unreliable.make_folder("runs")
    handler.faults = [down() for _ in range(9)]
    unreliable.write({"runs/a": b"1"})
    # Doubled from half a second to ten seconds.
    assert pauses == [0.5, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0, 10.0, 10.0]
    assert unreliable.read("runs/a").to_pybytes() == b"1"
    first = "cannot write remote/runs/a: AWS Error NETWORK_CONNECTION"
    assert caplog.messages[0].startswith(first)
    assert caplog.messages[0].endswith("trying again in 0.5 s")


def test_a_whole_pack_survives_a_storage_that_fails_at_every_call(
    unreliable: Storage,
    handler: Unreliable,
    pauses: list[float],
    pack: Pack,
    trained: PackResult,
    tmp_path: Path,
) -> None:
    from rdsweep.store import Results

    open_results(tmp_path, create=True)
    for n_faults in range(1, 6):
        handler.faults = [down() for _ in range(n_faults)]
        Results(unreliable).write_pack(pack, trained, sweep_name="tiny", keep_weights=True)
        handler.faults = [down() for _ in range(n_faults)]
        assert len(Results(unreliable).done()) == len(pack.configs)
    assert not list(tmp_path.rglob("*.tmp"))


def test_patience_ends(unreliable: Storage, handler: Unreliable, pauses: list[float]) -> None:
    handler.faults = [down() for _ in range(50)]
    with pytest.raises(
        ResultsError, match=r"^cannot read remote/runs/a: AWS Error NETWORK_CONNECTION[^\n]*$"
    ):
        unreliable.read("runs/a")
    assert 50.0 < sum(pauses) <= 60.0


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (
            OSError("AWS Error ACCESS_DENIED during GetObject operation (Request ID: x1)"),
            "AWS Error ACCESS_DENIED",
        ),
        (
            OSError("AWS Error NO_SUCH_BUCKET during ListObjectsV2 operation: gone"),
            "AWS Error NO_SUCH_BUCKET",
        ),
        (
            OSError(
                "google::cloud::Status(PERMISSION_DENIED: Permanent error, with a last message of No access "
                "error_info={reason=No access, metadata={http_status_code=403}})"
            ),
            "PERMISSION_DENIED: Permanent error, with a last message of No access$",
        ),
        (pa.ArrowInvalid("google::cloud::Status(INVALID_ARGUMENT: no name)"), "INVALID_ARGUMENT: no name"),
        (OSError(errno.ENOSPC, "x"), "No space left on device"),
        (OSError(errno.EACCES, "x"), "Permission denied"),
        (OSError(errno.EROFS, "x"), "Read-only file system"),
    ],
)
def test_a_refusal_is_told_at_once(
    unreliable: Storage, handler: Unreliable, pauses: list[float], fault: Exception, reason: str
) -> None:
    handler.faults = [fault]
    with pytest.raises(ResultsError, match=rf"^cannot write remote/runs/a: {reason}[^\n]*$"):
        unreliable.write({"runs/a": b""})
    assert pauses == []


def test_a_network_drive_that_does_not_answer_is_asked_again(
    tmp_path: Path, pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    faults = [OSError(errno.ESTALE, os.strerror(errno.ESTALE)), OSError(errno.EIO, os.strerror(errno.EIO))]
    fsync = os.fsync

    def flaky(descriptor: int) -> None:
        if faults:
            raise faults.pop()
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", flaky)
    open_storage(tmp_path).write({"a": b"1", "b": b"2"})
    assert len(pauses) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_other_places_are_refused() -> None:
    with pytest.raises(
        ResultsError, match="results must be a path or the URI of a storage, but got 'ftp://me:…@h/x'"
    ):
        open_storage("ftp://me:secret@h/x")


@pytest.mark.parametrize("secret", ["abc", "a/bc", "a bc", "a@bc"])
def test_no_message_tells_a_password(secret: str) -> None:
    with pytest.raises(ResultsError, match="s3://key:…@") as error:
        open_storage(f"s3://key:{secret}@no bucket/x")
    assert "bc" not in str(error.value).replace("bucket", "")
    assert error.value.__cause__ is None


def test_a_uri_outlives_a_path(tmp_path: Path) -> None:
    uri = "s3://bucket/sweep?region=us-east-1"
    assert open_storage(uri).location == open_storage(Path(uri)).location == "s3://bucket/sweep"
    assert open_storage(f"file://{tmp_path}").location == str(tmp_path)


@pytest.mark.parametrize("uri", ["gs://bucket/sweep", "gs://anonymous@bucket/sweep?scheme=http"])
def test_a_call_to_google_ends_within_seconds_unless_told_otherwise(uri: str) -> None:
    def like(seconds: int) -> fs.FileSystem:
        return fs.FileSystem.from_uri(f"{uri}{'&' if '?' in uri else '?'}retry_limit_seconds={seconds}")[0]

    assert open_storage(uri).location == "gs://bucket/sweep"
    assert open_storage(uri).filesystem == like(10) != fs.FileSystem.from_uri(uri)[0]
    joined = f"{uri}{'&' if '?' in uri else '?'}retry_limit_seconds=60"
    assert open_storage(joined).filesystem == like(60)


def test_many_writers_of_one_file_leave_one_whole_file(tmp_path: Path) -> None:
    storage = open_storage(tmp_path)
    contents = [bytes([number]) * 100_000 for number in range(8)]
    seen: list[bytes] = []

    def write(content: bytes) -> Callable[[], None]:
        def run() -> None:
            for _ in range(5):
                storage.write({"a": content})
                seen.append(storage.find("a") or b"")

        return run

    writers = [threading.Thread(target=write(content)) for content in contents]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert set(seen) <= set(contents)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
