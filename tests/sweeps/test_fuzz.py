"""Whatever stands in a sweep file, ``rdsweep plan`` and ``run`` give a plan or one line and write nothing."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rdsweep.cli import main
from rdsweep.sweeps import Sweep, SweepError, load_sweep
from rdsweep.sweeps._schema import Axes, Block, HeadChoice, Objective, SweepFile, Training

KEYS = sorted(
    {key for part in (SweepFile, Block, Axes, HeadChoice, Objective, Training) for key in part.model_fields}
)
WORDS = [
    "baseline",
    "E1M1",
    "E2M5",
    "order",
    "bins",
    "linear",
    "paper",
    "none",
    "matched",
    "published",
    "keep",
]
WORDS += ["constrained", "capacity", "beta", "alignment", "auto", "fp32"]
ESCAPES = [
    "../x",
    "..",
    "/etc/x",
    "a/../../x",
    "~",
    "a\\b",
    "C:x",
    "a\x00b",
    "a\nb",
    ".hidden",
    "con",
    "a" * 300,
]
NUMBERS = (
    st.integers(-3, 6)
    | st.sampled_from([64, 2**31, 2**63, 10**400, 1e-300, 1e300, -0.0])
    | st.floats(width=32)
)
SCALARS = st.none() | st.booleans() | NUMBERS | st.sampled_from(WORDS + ESCAPES) | st.text(max_size=6)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=6,
)
COUNTS, AMOUNTS = st.integers(1, 9), st.floats(0.125, 50.0, width=32)
AXES = {
    "model": st.sampled_from(["baseline", "E1M1", "E2M5"]),
    "tasks": st.sampled_from(["order", ["order", "bins"], [["order"], []]]),
    "weight": AMOUNTS | st.just({"order": 2.0}),
    "capacity": AMOUNTS | st.lists(AMOUNTS, min_size=1, max_size=3),
    "epochs": COUNTS,
    "n_train": st.integers(60, 90),
    "probes": st.sampled_from(["paper", "none", ["order"]]),
}
GRIDS = st.sets(st.sampled_from(sorted(AXES)), min_size=1, max_size=3).flatmap(
    lambda names: st.fixed_dictionaries({name: AXES[name] for name in sorted(names)})
)
PLAUSIBLE = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["tiny", "A.b-c_1"]),
        "seeds": st.integers(1, 3) | st.sets(COUNTS, min_size=1, max_size=3).map(sorted),
        "space": st.fixed_dictionaries({"grid": GRIDS}, optional={"zip": GRIDS}),
        "objective": st.fixed_dictionaries({"capacity": AMOUNTS}),
    },
    optional={
        "training": st.fixed_dictionaries({"batch_size": st.integers(50, 70)}),
        "pack_size": COUNTS,
        "description": st.text(max_size=6),
    },
)
"""Declarations of which about half are sweeps."""

ESCAPING = st.builds(lambda sweep, name: sweep | {"name": name}, PLAUSIBLE, st.sampled_from(ESCAPES))
KINDS = {"plausible": PLAUSIBLE, "escaping": ESCAPING, "garbage": VALUES}

SNIPPETS = [
    "*a",
    "&a ",
    "!!python/object:os.system {}",
    "!x",
    "<<: *a",
    "{",
    "]",
    "? ",
    ": ",
    "- ",
    "---\n",
    "\t",
]
SNIPPETS += [
    "%YAML 1.1\n",
    "|\n",
    ">\n",
    "'",
    '"',
    "#",
    "\ufeff",
    "\x85",
    "1_000",
    "0x1F",
    "0o17",
    "2026-11-24",
    "1:30",
]
VALID = "name: tiny\nseeds: 2\nspace:\n  grid: {capacity: [1, 3], model: [baseline, E1M1]}\n"
VALID += "training: {epochs: 1}\n"


@st.composite
def file_contents(draw: st.DrawFn) -> bytes:
    """Draw the bytes of a sweep file: data as YAML, YAML with a piece replaced, or no text at all."""
    kind = draw(st.sampled_from(["plausible", "plausible", "escaping", "garbage", "edited", "bytes"]))
    if kind in KINDS:
        return yaml.safe_dump(draw(KINDS[kind]), allow_unicode=True).encode("utf-8", "surrogatepass")
    if kind == "bytes":
        return draw(st.binary(max_size=40))
    first, last = sorted(draw(st.tuples(*[st.integers(0, len(VALID))] * 2)))
    last = min(last, first + draw(st.integers(0, 12)))
    piece = draw(st.sampled_from(SNIPPETS) | st.text(max_size=6))
    return (VALID[:first] + piece + VALID[last:]).encode("utf-8", "surrogatepass")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    yield tmp_path
    assert not list(tmp_path.glob("x*"))


def call(*arguments: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        pytest.raises(SystemExit) as caught,
    ):
        main(arguments)
    return int(caught.value.code or 0), out.getvalue(), err.getvalue()


def check_plan(folder: Path, content: bytes) -> None:
    """Assert that a file is planned or refused in one line, and that nothing is written."""
    file = folder / "here" / "sweep.yaml"
    file.write_bytes(content)
    sweep = None
    with contextlib.suppress(SweepError):
        sweep = load_sweep(file)
    code, out, err = call("plan", "sweep.yaml", "--device", "cpu", "--workers", "1")
    assert "Traceback" not in err
    if sweep is None:
        assert (code, out) == (2, "")
        assert err.startswith("rdsweep: sweep.yaml")
        assert err.endswith("\n")
        assert err[:-1].isprintable()
        said = f"rdsweep: starting the run of sweep.yaml\n{err}"
        assert call("run", "sweep.yaml", "--engine", "inline", "--device", "cpu") == (2, "", said)
    else:
        assert isinstance(sweep, Sweep)
        assert (code, err) == (0, "")
        results = Path(os.path.normpath(folder / "here" / "results" / sweep.name))
        assert results.parent == folder / "here" / "results"
        assert sweep.name not in ("", ".", "..")
    assert [path.name for path in (folder / "here").iterdir()] == ["sweep.yaml"]


IN_ONE_FOLDER = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@settings(max_examples=150, deadline=None, suppress_health_check=IN_ONE_FOLDER, derandomize=True)
@given(content=file_contents())
def test_a_file_is_planned_or_refused_in_one_line(folder: Path, content: bytes) -> None:
    check_plan(folder, content)


@pytest.mark.slow
@settings(max_examples=1000, deadline=None, suppress_health_check=IN_ONE_FOLDER)
@given(content=file_contents())
def test_a_thousand_files_are_planned_or_refused_in_one_line(folder: Path, content: bytes) -> None:
    check_plan(folder, content)
