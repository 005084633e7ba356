"""A sweep of 200 short packs while everything around it fails at random: nothing may be lost.

A launcher with a Ray of its own is started again each time that it ends, as a user or a batch system would
do, until the sweep is complete. Its results have to equal those of a launch that nothing disturbed.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from rdsweep.store import open_results

SCRIPT = Path(__file__).parents[1] / "tests" / "engines" / "sweep_script.py"
SEEDS = 100
"""Of four conditions, two runs to a pack."""

PLANNED = {
    "worker killed": 48,
    "launcher killed": 12,
    "raylet killed": 12,
    "part-file truncated": 16,
    "storage error": 16,
    "disk full": 6,
}
CIRCUMSTANCES = ["pack_id", "pack_size", "pack_seconds", "wall_seconds", "finished_at"]
"""Columns of the runs table that say how a run came about rather than what it is."""


@dataclass
class Chaos:
    """A launcher, its results and the faults it gets."""

    results: Path
    scratch: Path
    rng: random.Random
    launcher: subprocess.Popen[bytes] | None = None
    injected: Counter[str] = field(default_factory=Counter)
    n_launches: int = 0
    n_repairs: int = 0

    @property
    def log(self) -> Path:
        """The log of all starts of packs, one line per run."""
        return self.scratch / "starts"

    def n_starts(self) -> int:
        """Return how many runs have been started, those that were started again included."""
        return len(self.log.read_text().splitlines()) if self.log.exists() else 0

    def launch(self) -> None:
        """Start the launcher."""
        self.launcher = start(self.results, self.log, "--storage-error", str(self.scratch / "storage-error"))
        self.n_launches += 1

    def repair(self) -> bool:
        """Put broken parts aside, and return whether there were any."""
        broken = (self.results / "runs").exists() and verify(self.results, "--repair") != 0
        self.n_repairs += broken
        return broken

    def inject(self, fault: str) -> bool:
        """Inject a fault and return whether there was anything to hit."""
        faults: dict[str, Callable[[], bool]] = {
            "worker killed": lambda: self._kill("ray::"),
            "raylet killed": lambda: self._kill("/raylet"),
            "launcher killed": lambda: self._kill(str(SCRIPT)),
            "part-file truncated": self._truncate,
            "storage error": self._disturb_storage,
            "disk full": self._fill_disk,
        }
        hit = faults[fault]()
        self.injected[fault] += hit
        return hit

    def _kill(self, name: str) -> bool:
        assert self.launcher is not None
        found = [pid for pid in descendants(self.launcher.pid) if name in command_line(pid)]
        if found:
            with suppress(ProcessLookupError):
                os.kill(self.rng.choice(found), signal.SIGKILL)
                return True
        return False

    def _truncate(self) -> bool:
        parts = sorted(self.results.glob("*/*.parquet"))
        if not parts:
            return False
        part = self.rng.choice(parts)
        os.truncate(part, part.stat().st_size // 2)
        return True

    def _disturb_storage(self) -> bool:
        file = self.scratch / "storage-error"
        if file.exists():  # the last one has not happened yet
            return False
        file.touch()
        return True

    def _fill_disk(self) -> bool:
        filler = self.results.parent / "filler"
        with suppress(OSError), filler.open("wb") as file:
            while True:
                file.write(bytes(2**20))
                file.flush()
        time.sleep(3.0)
        filler.unlink()
        return True


def start(results: Path, log: Path, *options: str) -> subprocess.Popen[bytes]:
    """Start a launcher."""
    command = [
        sys.executable, str(SCRIPT), str(results), "--engine", "ray", "--workers", "2", "--seeds", str(SEEDS),
        "--seconds", "0.6", "--steps", "4", "--log", str(log), *options,
    ]  # fmt: skip
    with log.with_name("output").open("ab") as output:
        return subprocess.Popen(command, stdout=output, stderr=output)


def verify(results: Path, *options: str) -> int:
    """Return the exit code of ``rdsweep verify``."""
    program = Path(sys.executable).with_name("rdsweep")
    command = [str(program), "verify", str(results), *options]
    return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode


def torment(chaos: Chaos) -> float:
    """Run the sweep under all planned faults and return the wall time in seconds.

    Each fault waits until a pack was started after the last one: a launcher that is killed before it has
    started anything shows nothing. Where the sweep is done before all faults are, a truncated part-file
    makes work for the next.
    """
    n_starts = 0
    waiting = [fault for fault, n in PLANNED.items() for _ in range(n)]
    chaos.rng.shuffle(waiting)
    started = time.monotonic()
    chaos.launch()
    assert chaos.launcher is not None
    while True:
        code = chaos.launcher.poll()
        if code is not None:
            for folder in Path("/tmp").glob(f"rdsweep-{chaos.launcher.pid}-*"):
                shutil.rmtree(folder, ignore_errors=True)  # a killed launcher cannot do it
            if not chaos.repair() and code == 0:
                if not waiting:
                    return time.monotonic() - started
                if chaos.inject("part-file truncated") and "part-file truncated" in waiting:
                    waiting.remove("part-file truncated")
                chaos.repair()
            print(f"launch {chaos.n_launches} ended with {code}: {len(waiting)} faults to come", flush=True)
            chaos.launch()
        time.sleep(chaos.rng.uniform(0.1, 0.5))
        if waiting and chaos.n_starts() > n_starts:
            n_starts = chaos.n_starts()
            time.sleep(chaos.rng.uniform(0.0, 1.0))
            if chaos.inject(waiting[-1]):
                waiting.pop()
            else:
                waiting.insert(0, waiting.pop())


def descendants(pid: int) -> list[int]:
    """Return a process and all that descend from it."""
    found = [pid]
    for known in found:
        for children in Path(f"/proc/{known}/task").glob("*/children"):
            with suppress(OSError):
                found += map(int, children.read_text().split())
    return found


def command_line(pid: int) -> str:
    """Return the command line of a process; empty if it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


@contextmanager
def small_disk() -> Iterator[Path]:
    """Yield a folder on a file system of 256 MB in memory; needs root."""
    with tempfile.TemporaryDirectory(prefix="rdsweep-chaos-") as folder:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256m", "tmpfs", folder], check=True)
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", folder], check=True)


def equal(left: Path, right: Path) -> bool:
    """Return whether two folders hold the same runs with the same numbers."""
    return all(
        pd.DataFrame.equals(
            *(
                open_results(path).read(table).drop(columns=CIRCUMSTANCES, errors="ignore")
                for path in (left, right)
            )
        )
        for table in ("runs", "scores", "history", "maps")
    )


def main() -> None:
    """Run the sweep undisturbed and disturbed, and print a table of what happened."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--markdown", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rdsweep-chaos-") as scratch, small_disk() as disk:
        calm, log = Path(scratch, "calm"), Path(scratch, "calm-starts")
        started = time.monotonic()
        assert start(calm, log).wait() == 0, log.with_name("output").read_text()
        calm_seconds = time.monotonic() - started
        chaos = Chaos(disk / "chaos", Path(scratch), random.Random(arguments.seed))
        seconds = torment(chaos)
        n_planned = 4 * SEEDS
        n_present = len(open_results(chaos.results).done())
        rows = {
            **dict(chaos.injected),
            "faults injected": chaos.injected.total(),
            "launches": chaos.n_launches,
            "launches that found broken parts": chaos.n_repairs,
            "runs of the sweep": n_planned,
            "runs lost": n_planned - n_present,
            "runs started again": chaos.n_starts() - n_planned,
            "results equal to those of the undisturbed launch": equal(calm, chaos.results),
            "verify finds the results whole": verify(chaos.results) == 0,
            "wall time undisturbed, s": round(calm_seconds),
            "wall time under faults, s": round(seconds),
        }
    table = "\n".join(["| | |", "|---|--:|", *(f"| {name} | {value} |" for name, value in rows.items())])
    print(table)
    if arguments.markdown:
        arguments.markdown.write_text(f"{INTRODUCTION}\n{table}\n")


INTRODUCTION = """# Sweeps under faults

`python benchmarks/chaos.py --markdown docs/chaos.md` (as root, for the small disk) runs a sweep of 200 short
packs under random faults and starts the launcher again each time that it ends. Packs take 0.6 s and train
nothing, so that what is measured is the engine and the store, not the models. A truncated part-file is put
aside by `rdsweep verify --repair`, and its runs are trained again; a killed worker or launcher costs the
steps since the last checkpoint of its pack. A run counts as started again for every start after its first.
"""


if __name__ == "__main__":
    main()
