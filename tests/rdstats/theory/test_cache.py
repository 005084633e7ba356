import numpy as np
import pytest

from rdstats.theory import (
    _cache,
    _corridor_bounds,
    _corridors,
    _curves,
    corridor_tasks,
    distortion_price,
    rd_bounds,
    rd_frontier,
)
from rdstats.theory._cache import cached_arrays, default_cache_dir
from rdstats.theory._corridor_bounds import factor_bound

SHIPPED = [("none", 1.0), ("lower_corridor", 10.0), ("alignment", 10)]
"""The sources that come solved; a ratio is the same number however it is written."""


def counted(calls):
    def compute():
        calls.append(1)
        return {"x": np.arange(3.0), "y": np.array([np.inf, np.nan])}

    return compute


def any_fits(arrays):
    return True


@pytest.fixture
def unsolvable(monkeypatch):
    """Solvers that fail, so that what is not found on disk shows at once and not after minutes."""

    def fail(*args, **options):
        raise AssertionError("solved again")

    for solver in ("factor_curve", "pixel_bounds", "joint_curve"):
        monkeypatch.setattr(_corridor_bounds, solver, fail)


def flat_factor(parts, *, betas, progress):
    return _curves.FactorCurve(betas, betas, betas, betas)


def flat_pixel(parts, *, betas, progress):
    return _curves.PixelBounds(betas, betas, betas, betas, betas, betas)


def flat_joint(source, labels, price, *, betas):
    return flat_factor([source], betas=betas, progress=None)


ROUNDED = {
    (_corridors, "corridor_probabilities"): (),
    (_corridors, "position_probabilities"): ("none", 1.0),
    (_curves, "_critical_beta"): (_corridors.corridor_parts(),),
    (_curves, "_saturating_beta"): (_corridors.corridor_parts(),),
}
"""What is computed on the way to a key, with arguments to try it on."""


def round_otherwise(monkeypatch):
    """Make every computed probability and slope another number, as another processor does."""

    def rounded(compute):
        return lambda *arguments: compute(*arguments) * (1.0 - 7e-16)

    for (module, name), arguments in ROUNDED.items():
        before = np.asarray(getattr(module, name)(*arguments))
        monkeypatch.setattr(module, name, rounded(getattr(module, name)))
        assert not np.any(np.asarray(getattr(module, name)(*arguments)) == before)


def test_second_call_reads_the_same_bytes(tmp_path):
    calls = []
    first = cached_arrays("kind", {"n": 2}, counted(calls), fits=any_fits, cache_dir=tmp_path)
    second = cached_arrays("kind", {"n": 2}, counted(calls), fits=any_fits, cache_dir=tmp_path)
    assert len(calls) == 1
    assert {name: array.tobytes() for name, array in first.items()} == {
        name: array.tobytes() for name, array in second.items()
    }


@pytest.mark.parametrize(
    "other", [{"n": 3}, {"n": "2"}, {"m": 2}, {"n": 2, "labels": [0.0]}, {"n": 2, "labels": [1.0]}]
)
def test_another_question_is_another_file(tmp_path, other):
    calls = []
    cached_arrays("kind", {"n": 2}, counted(calls), fits=any_fits, cache_dir=tmp_path)
    cached_arrays("kind", other, counted(calls), fits=any_fits, cache_dir=tmp_path)
    assert len(calls) == 2
    assert len(list(tmp_path.iterdir())) == 2


def test_another_solver_is_another_file(tmp_path, monkeypatch):
    calls = []
    cached_arrays("kind", {"n": 2}, counted(calls), fits=any_fits, cache_dir=tmp_path)
    monkeypatch.setattr(_cache, "_SOLVER_VERSION", _cache._SOLVER_VERSION + 1)
    cached_arrays("kind", {"n": 2}, counted(calls), fits=any_fits, cache_dir=tmp_path)
    assert len(calls) == 2


def test_an_array_is_no_question(tmp_path):
    with pytest.raises(TypeError, match="ndarray is not JSON serializable"):
        cached_arrays("kind", {"betas": np.ones(2)}, counted([]), fits=any_fits, cache_dir=tmp_path)


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 not an archive", b"\x80\x04junk"])
def test_a_damaged_file_is_made_again(tmp_path, damage):
    calls = []
    cached_arrays("kind", {}, counted(calls), fits=any_fits, cache_dir=tmp_path)
    (path,) = tmp_path.iterdir()
    path.write_bytes(damage)
    arrays = cached_arrays("kind", {}, counted(calls), fits=any_fits, cache_dir=tmp_path)
    assert len(calls) == 2
    assert arrays["x"].tolist() == [0.0, 1.0, 2.0]
    cached_arrays("kind", {}, counted(calls), fits=any_fits, cache_dir=tmp_path)
    assert len(calls) == 2


def test_a_file_that_does_not_fit_is_made_again(tmp_path):
    calls = []
    for fits in (any_fits, lambda arrays: len(arrays["x"]) == 4, any_fits):
        cached_arrays("kind", {}, counted(calls), fits=fits, cache_dir=tmp_path)
    assert len(calls) == 2


def test_a_failure_leaves_no_file(tmp_path):
    def fail():
        raise RuntimeError("no solution")

    with pytest.raises(RuntimeError, match="no solution"):
        cached_arrays("kind", {}, fail, fits=any_fits, cache_dir=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_default_directory_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache_dir() == tmp_path / "rdsweep" / "theory"


@pytest.mark.parametrize("source", SHIPPED)
def test_a_source_that_comes_solved_is_found(tmp_path, source, unsolvable):
    rd_bounds(*source, cache_dir=tmp_path / "cache")
    rd_frontier(*source, cache_dir=tmp_path / "cache")
    factor_bound(*source, cache_dir=tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_every_shipped_file_is_reached(tmp_path, unsolvable):
    bounds = [rd_bounds(*source, cache_dir=tmp_path / "cache") for source in SHIPPED]
    curves = {id(curve): vars(curve) for each in bounds for curve in (each.factor, each.pixel)}
    for path in _cache._SHIPPED.glob("*.npz"):
        with np.load(path) as stored:
            arrays = {name: stored[name] for name in stored.files}
        reached = [
            key
            for key, curve in curves.items()
            if curve.keys() == arrays.keys()
            and all(np.array_equal(curve[name], arrays[name]) for name in arrays)
        ]
        assert len(reached) == 1, path.name
        del curves[reached[0]]
    assert not curves


@pytest.mark.parametrize(
    "damage",
    [
        lambda arrays: arrays | {"beta": arrays["beta"] * (1.0 + 1e-6)},
        lambda arrays: {name: array[1:] for name, array in arrays.items()},
        lambda arrays: arrays | {"gap": np.full_like(arrays["gap"], np.nan)},
        lambda arrays: {name: array for name, array in arrays.items() if name != "gap"},
        lambda arrays: arrays | {"value": arrays["gap"]},
    ],
    ids=["slopes", "shape", "nan", "missing", "unknown"],
)
def test_a_curve_of_another_problem_is_not_taken(tmp_path, monkeypatch, unsolvable, damage):
    solved = vars(factor_bound(cache_dir=tmp_path))
    monkeypatch.setattr(_corridor_bounds, "factor_curve", lambda *_, **__: _curves.FactorCurve(**solved))
    monkeypatch.setattr(_cache, "_SHIPPED", tmp_path / "nothing")
    factor_bound(cache_dir=tmp_path)
    (path,) = tmp_path.iterdir()
    np.savez(path, **damage(solved))
    again = factor_bound(cache_dir=tmp_path)
    assert np.array_equal(again.beta, solved["beta"])
    with np.load(path) as mended:
        assert {name: mended[name].tolist() for name in mended} == {
            name: array.tolist() for name, array in solved.items()
        }


@pytest.mark.parametrize("source", [*SHIPPED, ("lower_corridor", 2000 / 260)])
def test_a_key_does_not_depend_on_how_a_processor_rounds(tmp_path, monkeypatch, source):
    options = {"n_slopes": 2, "n_pixel_slopes": 2, "cache_dir": tmp_path}
    labels = corridor_tasks()["order"]
    solvers = {"factor_curve": flat_factor, "pixel_bounds": flat_pixel, "joint_curve": flat_joint}
    for name, solver in solvers.items():
        monkeypatch.setattr(_corridor_bounds, name, solver)
    rd_bounds(*source, **options)
    distortion_price([1.0], labels, *source, n_slopes=2, cache_dir=tmp_path)
    files = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert len(files) == 3

    round_otherwise(monkeypatch)
    rd_bounds(*source, **options)
    distortion_price([1.0], labels.astype(float), *source, n_slopes=2, cache_dir=tmp_path)
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == files


def test_a_shipped_source_is_found_however_a_processor_rounds(tmp_path, monkeypatch, unsolvable):
    round_otherwise(monkeypatch)
    for source in SHIPPED:
        rd_bounds(*source, cache_dir=tmp_path / "cache")
    assert not (tmp_path / "cache").exists()
