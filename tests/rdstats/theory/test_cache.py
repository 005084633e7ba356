import numpy as np
import pytest

from rdstats.theory import rd_bounds
from rdstats.theory._cache import cached_arrays, default_cache_dir


def counted(calls):
    def compute():
        calls.append(1)
        return {"x": np.arange(3.0), "y": np.array([np.inf, np.nan])}

    return compute


def test_second_call_reads_the_same_bytes(tmp_path):
    calls = []
    first = cached_arrays("kind", [[1.0, 2.0]], counted(calls), cache_dir=tmp_path)
    second = cached_arrays("kind", [[1.0, 2.0]], counted(calls), cache_dir=tmp_path)
    assert len(calls) == 1
    assert {name: array.tobytes() for name, array in first.items()} == {
        name: array.tobytes() for name, array in second.items()
    }


@pytest.mark.parametrize("other", [[[1.0, 2.5]], [[[1.0], [2.0]]], [[1.0], [2.0]]])
def test_other_content_is_another_file(tmp_path, other):
    calls = []
    cached_arrays("kind", [[1.0, 2.0]], counted(calls), cache_dir=tmp_path)
    cached_arrays("kind", other, counted(calls), cache_dir=tmp_path)
    assert len(calls) == 2
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 not an archive", b"\x80\x04junk"])
def test_a_damaged_file_is_made_again(tmp_path, damage):
    calls = []
    cached_arrays("kind", [1.0], counted(calls), cache_dir=tmp_path)
    (path,) = tmp_path.iterdir()
    path.write_bytes(damage)
    arrays = cached_arrays("kind", [1.0], counted(calls), cache_dir=tmp_path)
    assert len(calls) == 2
    assert arrays["x"].tolist() == [0.0, 1.0, 2.0]
    cached_arrays("kind", [1.0], counted(calls), cache_dir=tmp_path)
    assert len(calls) == 2


def test_a_failure_leaves_no_file(tmp_path):
    def fail():
        raise RuntimeError("no solution")

    with pytest.raises(RuntimeError, match="no solution"):
        cached_arrays("kind", [1.0], fail, cache_dir=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_default_directory_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache_dir() == tmp_path / "rdsweep" / "theory"


def test_the_balanced_source_comes_solved(tmp_path):
    rd_bounds("none", cache_dir=tmp_path / "cache")
    assert not (tmp_path / "cache").exists()
