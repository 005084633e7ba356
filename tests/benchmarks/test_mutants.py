"""The script that breaks code: what it changes, which tests it asks, and what it makes of their answers."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

SOURCE = '''\
"""Not 1 docstring."""
from __future__ import annotations

__all__ = ["limit"]


@final(True)
def limit(values: list[int] | None, *, low: int = 0) -> int | None:
    """Not 2 either."""
    if not values or len(values) == 1:
        raise ValueError(f"got {1 + 1}")
    log(low)
    return max(values) - -low
'''


@pytest.fixture
def mutants(load: Callable[..., ModuleType]) -> ModuleType:
    return load("mutants")


def test_code_is_changed_and_nothing_that_only_speaks_to_readers(mutants: ModuleType) -> None:
    found = mutants.find_mutants(Path("rdstats/limit.py"), SOURCE)
    assert [(mutant.line, mutant.before, mutant.after) for mutant in found] == [
        (8, "0", "1"),
        (10, "if not values or len(values) == 1:", "if not (not values or len(values) == 1):"),
        (10, "not values or len(values) == 1", "not values and len(values) == 1"),
        (10, "not values", "values"),
        (10, "len(values) == 1", "len(values) != 1"),
        (10, "1", "2"),
        (11, "raise ValueError(f'got {1 + 1}')", "pass"),
        (12, "log(low)", "pass"),
        (13, "return max(values) - -low", "return None"),
        (13, "max(values) - -low", "max(values) + -low"),
        (13, "max", "min"),
        (13, "-low", "low"),
    ]


def test_every_mutant_changes_one_place(mutants: ModuleType) -> None:
    plain = mutants.mutated(SOURCE, None)
    assert plain == ast.unparse(ast.parse(SOURCE))
    texts = [
        mutants.mutated(SOURCE, mutant) for mutant in mutants.find_mutants(Path("rdstats/limit.py"), SOURCE)
    ]
    assert len({plain, *texts}) == 1 + len(texts)
    for text in texts:
        changed = [
            pair for pair in zip(plain.splitlines(), text.splitlines(), strict=True) if len(set(pair)) == 2
        ]
        assert len(changed) == 1


@pytest.mark.parametrize(
    ("module", "first", "package"),
    [
        ("src/rdsweep/store/_files.py", "tests/store/test_files.py", "tests/store/test_leases.py"),
        ("src/rdsweep/engines/_ray/_trial.py", "tests/engines/test_ray.py", "tests/engines/test_queue.py"),
        ("src/rdsweep/tasks.py", "tests/test_tasks.py", "tests/test_config.py"),
        ("rdstats/_curves/_fit.py", "tests/rdstats/curves/test_fit.py", "tests/rdstats/curves/test_bd.py"),
    ],
)  # fmt: skip
def test_a_module_has_the_tests_that_mirror_it_and_then_those_of_its_package(
    mutants: ModuleType, module: str, first: str, package: str
) -> None:
    stages = mutants.stages(Path(module))
    assert stages[0][0] == first
    assert package in stages[-1]
    assert {path for stage in stages for path in stage if not (mutants.ROOT / path).exists()} == set()


TESTS = """\
from pathlib import Path

import rdstats.limit

assert Path(rdstats.limit.__file__).is_relative_to(Path(__file__).parents[2]), "the copy is what is tested"


def test_that_low_is_taken_off():
    assert rdstats.limit.limit([3], low=1) == 2
"""


def test_mutants_that_no_test_notices_survive(
    mutants: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "project"
    source = "def limit(values, *, low=5):\n    return max(values) - low\n"
    files = {"rdstats/__init__.py": "", "rdstats/limit.py": source, "tests/rdstats/test_limit.py": TESTS}
    for name, text in {
        **files,
        "pytest.ini": "[pytest]\nmarkers =\n    slow\n    ray\n    browser\n",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    for command in (["init", "-q"], ["add", "."]):
        subprocess.run(["git", *command], cwd=root, check=True)
    monkeypatch.setattr(mutants, "ROOT", root)
    monkeypatch.setattr("sys.argv", ["mutants.py", str(root / "rdstats" / "limit.py")])
    mutants.main()
    printed = capsys.readouterr().out
    assert printed.startswith("4 of 4 mutants\n")
    survivors = [line for line in printed.splitlines() if line.startswith("survived  ")]
    # The only test gives the option and a single value.
    assert [line.partition(": ")[2] for line in sorted(set(survivors))] == ["5  ->  6", "max  ->  min"]
    assert printed.splitlines()[-2].split() == ["rdstats", "4", "2", "50%"]
    assert (root / "rdstats" / "limit.py").read_text() == source


def test_tests_that_fail_beforehand_are_an_error(
    mutants: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mutants, "_git", lambda *_: [])
    bench = mutants.Bench(tmp_path)
    monkeypatch.setattr(bench, "_run", lambda *_: mutants.KILLED)
    with pytest.raises(SystemExit, match="tests must pass before anything is broken, but failed: a b"):
        bench._seconds_unbroken(("a", "b"))
