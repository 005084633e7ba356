from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

import pytest

from rdsweep.engines._queue import ClaimedPack, PackQueue, remainder
from rdsweep.engines._settled import SettledRuns
from rdsweep.store import Leases, Results, open_results
from rdsweep.sweeps import Pack, plan_packs


@pytest.fixture
def results(tmp_path: Path) -> Results:
    return open_results(tmp_path / "tiny", create=True)


@pytest.fixture
def join(results: Results, tiny: SimpleNamespace) -> Iterator[Callable[..., PackQueue]]:
    """Return a function that has another launch join, which plans packs of its own size."""
    with ExitStack() as launches:

        def join(*, pack_size: int = 4, told: list[tuple[str, float]] | None = None) -> PackQueue:
            return PackQueue(
                plan_packs(tiny.grid(n_seeds=2).configs, pack_size=pack_size),
                leases=launches.enter_context(results.leases()),
                settled=SettledRuns(results, retry_failed=False),
                on_progress=lambda *news: told.append(news) if told is not None else None,
            )

        yield join


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    started = time.monotonic()
    clock = SimpleNamespace(ahead=0.0)
    monotonic = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: monotonic() + clock.ahead)
    assert time.monotonic() >= started
    return clock


def take(queue: PackQueue) -> ClaimedPack:
    claim = queue.take()
    assert claim is not None
    return claim


def runs(pack: Pack) -> set[str]:
    return {config.run_id for config in pack.configs}


def test_two_launches_share_the_packs(join: Callable[..., PackQueue]) -> None:
    mine, theirs = join(), join()
    claims = [take(mine), take(theirs)]
    assert len({claim.planned_id for claim in claims}) == 2
    assert runs(claims[0].pack).isdisjoint(runs(claims[1].pack))
    assert mine.take() is None
    assert mine, "what the other launch has may yet come back"


def test_packs_of_another_size_do_not_overlap(join: Callable[..., PackQueue]) -> None:
    mine, theirs = join(pack_size=4), join(pack_size=2)
    first = take(mine)
    others = [take(theirs), take(theirs)]
    assert all(runs(first.pack).isdisjoint(runs(other.pack)) for other in others)
    assert theirs.take() is None


def test_what_another_launch_has_stored_is_not_handed_out(
    join: Callable[..., PackQueue], results: Results, tiny: SimpleNamespace
) -> None:
    told: list[tuple[str, float]] = []
    mine, theirs = join(told=told), join()
    for _ in range(2):
        claim = take(theirs)
        results.write_pack(claim.pack, tiny.trained_pack(claim.pack.configs), sweep_name="tiny")
        theirs.settle(claim)
    assert mine.take() is None
    assert not mine
    assert sorted(fraction for _, fraction in told) == [1.0, 1.0]


def test_only_the_rest_of_a_pack_that_is_stored_in_part_is_handed_out(
    join: Callable[..., PackQueue], results: Results, tiny: SimpleNamespace
) -> None:
    mine, theirs = join(pack_size=8), join(pack_size=2)
    stored = take(theirs)
    results.write_pack(stored.pack, tiny.trained_pack(stored.pack.configs), sweep_name="tiny")
    theirs.settle(stored)
    claim = take(mine)
    assert set(claim.elsewhere) == runs(stored.pack)
    assert runs(claim.pack) == {c.run_id for c in tiny.grid(n_seeds=2).configs} - runs(stored.pack)
    assert not mine


def test_a_pack_that_was_given_back_is_handed_out_after_a_while(
    join: Callable[..., PackQueue], clock: SimpleNamespace
) -> None:
    mine, theirs = join(), join()
    claim = take(mine)
    take(theirs)
    assert theirs.take() is None
    mine.settle(claim)
    assert theirs.take() is None, "looking all the time would be a burden to the storage"
    clock.ahead += 5.0
    assert take(theirs).planned_id == claim.planned_id


def test_the_rest_of_a_pack(tiny: SimpleNamespace) -> None:
    (pack,) = plan_packs(tiny.grid(n_seeds=1).configs, pack_size=8)
    first, *others = pack.configs
    assert remainder(pack, ()) is pack
    assert remainder(pack, (first.run_id,)).configs == tuple(others)


def test_a_pack_that_is_stored_while_it_is_claimed_is_taken_out(
    join: Callable[..., PackQueue],
    results: Results,
    tiny: SimpleNamespace,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mine, acquire = join(), Leases.acquire

    def store_meanwhile(leases: Leases, pack: Pack) -> bool:
        results.write_pack(pack, tiny.trained_pack(pack.configs), sweep_name="tiny")
        return acquire(leases, pack)

    monkeypatch.setattr(Leases, "acquire", store_meanwhile)
    assert mine.take() is None
    assert not mine
