"""Break the code in small ways, one at a time, and see whether its tests notice.

    python benchmarks/mutants.py                          files that differ from `main`
    python benchmarks/mutants.py --base HEAD~3            files that differ from another commit
    python benchmarks/mutants.py src/rdsweep/store rdstats/_curves/_bd.py --max 60 --seed 1

A mutant turns one comparison, operator, number or condition into another, or drops one statement. It runs
against the tests that mirror its module (``tests/store/test_files.py`` for ``store/_files.py``) with the
module's own examples; where these pass or there are none, against the tests of the whole package. What then
still passes has survived: a gap in the tests, or a mutant that changes nothing. Everything happens in a
copy of the working tree. ``benchmarks/README.md`` says why it is neither mutmut 3 nor cosmic-ray.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCES = ("rdstats", "src/rdsweep")
SKIPPED_FIELDS = {"annotation", "returns", "decorator_list", "type_params"}
SWAPPED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Add: ast.Sub,
    ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult,
    ast.Pow: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip
RENAMED = {"min": "max", "max": "min", "any": "all", "all": "any"}
KILLED, SURVIVED, TIMED_OUT = "killed", "survived", "timed out"


@dataclass(frozen=True)
class Mutant:
    """One change of one node: ``index`` and ``variant`` find it again in the tree of ``path``."""

    path: Path
    index: int
    variant: int
    line: int
    before: str
    after: str

    @property
    def package(self) -> str:
        """The package that it counts for, such as ``rdsweep.store`` or ``rdstats.curves``."""
        folders = [part for part in self.path.parent.parts if part != "src"]
        return ".".join(folders[:2])

    def __str__(self) -> str:
        """Place and change in one line."""
        return f"{self.path}:{self.line}: {self.before}  ->  {self.after}"


def nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes that may change, depth first: no annotation, decorator, docstring or message."""
    yield tree
    for name, value in ast.iter_fields(tree):
        if name in SKIPPED_FIELDS or (isinstance(tree, ast.Raise) and name == "exc"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not _is_declaration(child):
                yield from nodes(child)


def _is_declaration(node: ast.AST) -> bool:
    """Return whether a statement says something to readers and type checkers only."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if isinstance(node, ast.If):
        return ast.unparse(node.test) == "TYPE_CHECKING"
    return isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"


def variants(node: ast.AST) -> list[ast.AST]:
    """Return what may stand in a node's place, in a fixed order."""
    match node:
        case ast.Compare():
            return [_with_operator(node, place) for place in range(len(node.ops))]
        case ast.BinOp(op=op) | ast.BoolOp(op=op) | ast.AugAssign(op=op) if type(op) in SWAPPED:
            return [_changed(node, op=SWAPPED[type(op)]())]
        case ast.UnaryOp(op=ast.Not() | ast.USub()):
            return [node.operand]
        case ast.Constant(value=bool()):
            return [_changed(node, value=not node.value)]
        case ast.Constant(value=int() | float()):
            return [_changed(node, value=node.value + 1)]
        case ast.Name(id=name) if name in RENAMED:
            return [_changed(node, id=RENAMED[name])]
        case ast.If(test=test) | ast.IfExp(test=test) | ast.While(test=test):
            return [_changed(node, test=ast.UnaryOp(ast.Not(), test))]
        case ast.Return(value=ast.expr() as value) if not isinstance(value, ast.Constant):
            return [_changed(node, value=ast.Constant(None))]
        case ast.Raise() | ast.Expr(value=ast.Call()):
            return [ast.Pass()]
    return []


def _changed(node: ast.AST, **fields: object) -> ast.AST:
    """Return a copy of a node with other fields."""
    return type(node)(**{**dict(ast.iter_fields(node)), **fields})


def _with_operator(node: ast.Compare, place: int) -> ast.AST:
    """Return a comparison with the operator at ``place`` swapped."""
    swapped = [SWAPPED[type(op)]() if index == place else op for index, op in enumerate(node.ops)]
    return _changed(node, ops=swapped)


def find_mutants(path: Path, source: str) -> list[Mutant]:
    """Return all mutants of a module, in the order of its nodes."""
    return [
        Mutant(path, index, variant, getattr(node, "lineno", 0), _in_short(node), _in_short(other))
        for index, node in enumerate(nodes(ast.parse(source)))
        for variant, other in enumerate(variants(node))
    ]


def _in_short(node: ast.AST) -> str:
    """Return the first line of a node's code."""
    return ast.unparse(ast.fix_missing_locations(deepcopy(node))).partition("\n")[0][:90]


def mutated(source: str, mutant: Mutant | None) -> str:
    """Return the module's code with the change, or as it is, in both cases without comments."""
    tree = ast.parse(source)
    if mutant is not None:
        old = list(nodes(tree))[mutant.index]
        tree = _Replace(old, variants(old)[mutant.variant]).visit(tree)
    return ast.unparse(ast.fix_missing_locations(tree))


class _Replace(ast.NodeTransformer):
    """Puts one node in the place of another."""

    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        return self.new if node is self.old else self.generic_visit(node)


def stages(path: Path) -> list[list[str]]:
    """Return what pytest is to run for a module: its mirror and its examples, then its package."""
    parts = path.parent.parts[2:] if path.parts[0] == "src" else path.parent.parts
    folder = Path("tests", *(part.lstrip("_") for part in parts))
    while not (ROOT / folder).is_dir():  # a private package within a package
        folder = folder.parent
    mirrors = [folder / f"test_{name.lstrip('_')}.py" for name in (path.stem, path.parent.name)]
    first = [str(file) for file in mirrors if (ROOT / file).exists()][:1]
    package = [str(file.relative_to(ROOT)) for file in sorted((ROOT / folder).glob("test_*.py"))]
    own = [str(path)] if ">>>" in (ROOT / path).read_text() else []
    return [paths for paths in ([*first, *own], [*package, *own]) if paths]


class Bench:
    """A copy of the working tree, in which modules are broken and tests run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.seconds: dict[tuple[str, ...], float] = {}
        listed = _git("ls-files", "--cached", "--others", "--exclude-standard")
        for name in filter(None, listed):
            if (ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, folder / name)

    def test(self, mutant: Mutant) -> str:
        """Return what the tests say of a mutant."""
        file = self.folder / mutant.path
        source = file.read_text()  # the copy's, which nobody edits meanwhile
        try:
            for paths in stages(mutant.path):
                file.write_text(mutated(source, None))
                limit = 10.0 + 3.0 * self._seconds_unbroken(tuple(paths))
                file.write_text(mutated(source, mutant))
                outcome = self._run(paths, limit)
                if outcome != SURVIVED:
                    return outcome
        finally:
            file.write_text(source)
        return SURVIVED

    def _seconds_unbroken(self, paths: tuple[str, ...]) -> float:
        """Return how long the tests take on the code as it is, of which comments are stripped."""
        if paths not in self.seconds:
            started = time.perf_counter()
            if self._run(paths, None) != SURVIVED:
                raise SystemExit(f"tests must pass before anything is broken, but failed: {' '.join(paths)}")
            self.seconds[paths] = time.perf_counter() - started
        return self.seconds[paths]

    def _run(self, paths: Sequence[str], limit: float | None) -> str:
        path = os.pathsep.join([str(self.folder / "src"), str(self.folder)])
        arguments = [
            "-x",
            "-q",
            "-p",
            "no:cacheprovider",
            "-m",
            "not slow and not ray and not browser",
            *paths,
        ]
        try:
            done = subprocess.run(
                [sys.executable, "-m", "pytest", *arguments], cwd=self.folder, timeout=limit,
                env=os.environ | {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return TIMED_OUT
        # 5: no test was left by the options, so nothing was noticed.
        return SURVIVED if done.returncode in (0, 5) else KILLED


def _git(*arguments: str) -> list[str]:
    """Return the lines that git prints."""
    done = subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout.splitlines()


def chosen_files(paths: Sequence[Path], base: str) -> list[Path]:
    """Return the modules below ``paths``, or those that differ from ``base``, relative to the root."""
    if paths:
        absolute = [path.resolve() for path in paths]
        files = [file for path in absolute for file in (path.rglob("*.py") if path.is_dir() else [path])]
        return sorted({file.relative_to(ROOT) for file in files})
    changed = _git("diff", "--name-only", "--diff-filter=d", base, "--", *SOURCES)
    return [Path(name) for name in changed if name.endswith(".py")]


def report(outcomes: dict[Mutant, str]) -> str:
    """Return survivors, then the score of each package."""
    lines = [f"survived  {mutant}" for mutant, outcome in outcomes.items() if outcome == SURVIVED]
    counts: dict[str, list[bool]] = {}
    for mutant, outcome in outcomes.items():
        for package in (mutant.package, "all"):
            counts.setdefault(package, []).append(outcome != SURVIVED)
    lines.append(f"{'package':28}{'mutants':>8}{'killed':>8}{'score':>8}")
    for package in sorted(counts, key=lambda name: (name == "all", name)):
        killed = counts[package]
        lines.append(f"{package:28}{len(killed):8}{sum(killed):8}{sum(killed) / len(killed):8.0%}")
    return "\n".join(lines)


def main() -> None:
    """Sample mutants, test each and print the score by package."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("paths", nargs="*", type=Path, help="modules or folders; by default what changed")
    parser.add_argument("--base", default="main", help="commit that changed files are told by")
    parser.add_argument("--max", type=int, default=60, help="so many mutants at most, drawn at random")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    found = [
        mutant
        for path in chosen_files(options.paths, options.base)
        for mutant in find_mutants(path, (ROOT / path).read_text())
    ]
    if not found:
        raise SystemExit("there is nothing to break: name files or folders, or another --base")
    sample = random.Random(options.seed).sample(found, min(options.max, len(found)))
    print(f"{len(sample)} of {len(found)} mutants", flush=True)
    outcomes: dict[Mutant, str] = {}
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        bench = Bench(Path(folder))
        for mutant in sorted(sample, key=lambda mutant: (mutant.path, mutant.index)):
            outcomes[mutant] = bench.test(mutant)
            print(f"{outcomes[mutant]:9} {mutant}", flush=True)
    print(report(outcomes))


if __name__ == "__main__":
    main()
