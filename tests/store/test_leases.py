from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from rdsweep.store import Leases, Results, ResultsError
from rdsweep.store import _leases as leases_module
from rdsweep.sweeps import Pack


@pytest.fixture
def packs(tiny: SimpleNamespace) -> tuple[Pack, ...]:
    configs = tiny.grid(n_seeds=3).configs
    return tuple(Pack(configs[first : first + 3]) for first in range(0, len(configs), 3))


@pytest.fixture
def strangers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no launcher know that another one is on the same machine."""
    numbers = iter(range(1000))
    monkeypatch.setattr(leases_module, "_machine", lambda: f"machine {next(numbers)}")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time of all watchers, in seconds; the threads that renew leases stand still."""
    now = [0.0]
    monkeypatch.setattr(leases_module, "time", SimpleNamespace(monotonic=lambda: now[0], sleep=time.sleep))
    monkeypatch.setattr(Leases, "_beat", lambda self: None)
    return now


def watch(leases: Leases, clock: list[float], seconds: float, *, between: Callable[[], None] = bool) -> int:
    """Look every two seconds, and return the number of leases seen at the end."""
    for _ in range(int(seconds / 2)):
        clock[0] += 2.0
        between()
        held = leases.held_by_others()
    return len(held)


def test_a_pack_has_one_holder_at_a_time(results: Results, packs: tuple[Pack, ...]) -> None:
    with results.leases() as mine, results.leases() as theirs:
        assert mine.acquire(packs[0])
        assert not theirs.acquire(packs[0])
        assert theirs.acquire(packs[1])
        (lease,) = theirs.held_by_others()
        assert (lease.pack_id, set(lease.run_ids)) == (packs[0].pack_id, {c.run_id for c in packs[0].configs})
        mine.release(packs[0].pack_id)
        assert theirs.acquire(packs[0])
    assert results.leases().held_by_others() == ()
    assert list((Path(results.location) / "leases").iterdir()) == []


def test_packs_of_another_plan_that_share_a_run_exclude_each_other(
    results: Results, packs: tuple[Pack, ...]
) -> None:
    larger = Pack(packs[0].configs[-1:] + packs[1].configs)
    with results.leases() as mine, results.leases() as theirs:
        assert mine.acquire(packs[0])
        assert not theirs.acquire(larger)
        assert theirs.acquire(packs[1])
        assert theirs.held_by_others()[0].pack_id == packs[0].pack_id


def test_progress_is_seen_from_the_next_renewal_on(results: Results, packs: tuple[Pack, ...]) -> None:
    with results.leases() as mine:
        mine.acquire(packs[0])
        mine.report(packs[0].pack_id, 0.25)
        mine.renew()
        assert [lease.fraction for lease in results.leases().held_by_others()] == [0.25]


def test_a_silent_holder_loses_its_leases_and_a_living_one_does_not(
    results: Results, packs: tuple[Pack, ...], strangers: None, clock: list[float]
) -> None:
    with results.leases() as alive, results.leases() as dead, results.leases() as watcher:
        assert alive.acquire(packs[0])
        assert dead.acquire(packs[1])
        assert watch(watcher, clock, 50.0, between=alive.renew) == 2
        assert watch(watcher, clock, 20.0, between=alive.renew) == 1
        assert not watcher.acquire(packs[0])
        assert watcher.acquire(packs[1])


def test_the_clocks_of_machines_do_not_matter(
    results: Results,
    packs: tuple[Pack, ...],
    strangers: None,
    clock: list[float],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(leases_module, "_now", lambda: "1970-01-01T00:00:00+00:00")
    with results.leases() as alive, results.leases() as watcher:
        assert alive.acquire(packs[0])
        assert watch(watcher, clock, 600.0, between=alive.renew) == 1


def test_a_watcher_that_was_asleep_does_not_take_others_for_dead(
    results: Results, packs: tuple[Pack, ...], strangers: None, clock: list[float]
) -> None:
    with results.leases() as alive, results.leases() as watcher:
        assert alive.acquire(packs[0])
        assert watch(watcher, clock, 4.0) == 1
        clock[0] += 3600.0
        assert len(watcher.held_by_others()) == 1


def test_a_holder_that_comes_back_is_seen_again(
    results: Results, packs: tuple[Pack, ...], strangers: None, clock: list[float]
) -> None:
    with results.leases() as sleeper, results.leases() as watcher:
        assert sleeper.acquire(packs[0])
        assert watch(watcher, clock, 80.0) == 0
        sleeper.renew()
        assert len(watcher.held_by_others()) == 1


def test_leases_of_a_killed_process_on_this_machine_end_at_once(
    results: Results, packs: tuple[Pack, ...]
) -> None:
    code = (
        "import sys, time\n"
        "from rdsweep.config import run_config_from_json\n"
        "from rdsweep.store import open_results\n"
        "from rdsweep.sweeps import Pack\n"
        "with open_results(sys.argv[1]).leases() as leases:\n"
        "    print(leases.acquire(Pack(tuple(map(run_config_from_json, sys.argv[2:])))), flush=True)\n"
        "    time.sleep(60)\n"
    )
    texts = [config.canonical_json() for config in packs[0].configs]
    holder = subprocess.Popen([sys.executable, "-c", code, results.location, *texts], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"True\n"
    with results.leases() as leases:
        assert not leases.acquire(packs[0])
        holder.kill()
        holder.communicate()
        assert leases.acquire(packs[0])


def test_of_many_who_claim_at_once_one_gets_the_pack(results: Results, packs: tuple[Pack, ...]) -> None:
    n_launchers, n_rounds = 6, 4
    barrier = threading.Barrier(n_launchers)
    winners: list[list[bool]] = [[] for _ in range(n_rounds)]

    def launch() -> None:
        with results.leases() as leases:
            for won in winners:
                barrier.wait()
                won.append(leases.acquire(packs[0]))
                barrier.wait()
                leases.release(packs[0].pack_id)
                barrier.wait()

    launchers = [threading.Thread(target=launch) for _ in range(n_launchers)]
    for launcher in launchers:
        launcher.start()
    for launcher in launchers:
        launcher.join()
    assert [sum(won) for won in winners] == [1] * n_rounds


def test_a_thread_renews_while_training(results: Results, packs: tuple[Pack, ...], strangers: None) -> None:
    with results.leases(expire_after=0.5) as mine, results.leases(expire_after=0.5) as watcher:
        assert mine.acquire(packs[0])
        until = time.monotonic() + 1.5
        while time.monotonic() < until:
            assert len(watcher.held_by_others()) == 1
            time.sleep(0.05)


@pytest.mark.parametrize(
    "content", [b"", b"no JSON", b"[]", b'{"leases": [{}]}', b'{"leases": 3}', b"\xff\xfe"]
)
def test_a_file_that_is_no_lease_is_left_alone(
    results: Results, packs: tuple[Pack, ...], content: bytes
) -> None:
    with results.leases() as leases:
        strange = Path(results.location) / "leases" / "strange.json"
        strange.write_bytes(content)
        assert leases.acquire(packs[0])
        assert strange.exists()


def test_a_storage_that_fails_does_not_end_the_renewals(
    results: Results, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    failed = threading.Event()
    with results.leases(expire_after=0.1) as leases:
        write = leases._write

        def fail_once() -> None:
            if not failed.is_set():
                failed.set()
                raise ResultsError("the network is down")
            write()

        monkeypatch.setattr(leases, "_write", fail_once)
        assert failed.wait(5.0)
        (file,) = (Path(results.location) / "leases").glob("*.json")
        beat = json.loads(file.read_text())["beat"]
        until = time.monotonic() + 5.0
        while json.loads(file.read_text())["beat"] == beat and time.monotonic() < until:
            time.sleep(0.01)
        assert json.loads(file.read_text())["beat"] > beat
    assert "a lease was not renewed: the network is down" in caplog.text


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan")])
def test_leases_need_time(results: Results, seconds: float) -> None:
    with pytest.raises(ValueError, match=f"^expire_after must be above 0, but got {seconds}"):
        results.leases(expire_after=seconds)
