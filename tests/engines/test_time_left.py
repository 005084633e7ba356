from __future__ import annotations

import heapq
import itertools
from collections.abc import Sequence

import numpy as np
import pytest

from rdsweep.engines._time_left import PackClock, seconds_left


def schedule(sizes: Sequence[int], speeds: Sequence[float], n_slots: int) -> list[tuple[float, float]]:
    """Return start and end of each pack when each is taken by the slot that is free first."""
    free, spans = [0.0] * n_slots, []
    for size, speed in zip(sizes, speeds, strict=True):
        start = free[0]
        heapq.heapreplace(free, start + size / speed)
        spans.append((start, start + size / speed))
    return spans


def clocks_at(now: float, sizes: Sequence[int], spans: Sequence[tuple[float, float]]) -> list[PackClock]:
    return [
        PackClock(
            size, np.clip((now - start) / (end - start), 0.0, 1.0), np.clip(now - start, 0.0, end - start)
        )
        for size, (start, end) in zip(sizes, spans, strict=True)
    ]


@pytest.mark.parametrize("n_slots", [1, 2, 7])
@pytest.mark.parametrize("share_done", [0.1, 0.5, 0.9])
def test_within_a_fifth_after_a_tenth_of_the_work(n_slots: int, share_done: float) -> None:
    rng = np.random.default_rng(0)
    sizes = sorted(rng.integers(100, 1000, size=40).tolist(), reverse=True)
    spans = schedule(sizes, rng.normal(10.0, 1.0, size=40).tolist(), n_slots)  # packs differ by a tenth
    end = max(stop for _, stop in spans)
    now = next(
        now
        for now in itertools.count(0.0, end / 1000)
        if sum(clock.n_images * clock.fraction for clock in clocks_at(now, sizes, spans))
        >= share_done * sum(sizes)
    )
    estimate = seconds_left({"cpu": clocks_at(now, sizes, spans)}, slots={"cpu": n_slots})
    assert estimate == pytest.approx(end - now, rel=0.2, abs=0.01 * end)


def test_idle_slots_at_the_end_are_accounted_for() -> None:
    packs = [PackClock(100, 0.5, 5.0), PackClock(100, 0.5, 5.0), PackClock(100)]
    assert seconds_left({"cpu": packs}, slots={"cpu": 2}) == pytest.approx(15.0)
    assert seconds_left({"cpu": packs}, slots={"cpu": 3}) == pytest.approx(10.0)


def test_the_slowest_kind_of_device_counts() -> None:
    packs = {"cuda": [PackClock(100, 0.5, 1.0)], "cpu": [PackClock(10, 0.1, 30.0)]}
    assert seconds_left(packs, slots={"cuda": 1, "cpu": 1}) == pytest.approx(270.0)  # type: ignore[arg-type]


def test_nothing_is_known_of_a_device_without_progress() -> None:
    packs = {"cuda": [PackClock(100, 0.5, 1.0)], "cpu": [PackClock(10)]}
    assert seconds_left(packs, slots={"cuda": 1, "cpu": 1}) is None  # type: ignore[arg-type]


def test_nothing_left_takes_no_time() -> None:
    assert seconds_left({"cpu": [PackClock(100, 1.0, 0.0)]}, slots={"cpu": 1}) == 0.0
