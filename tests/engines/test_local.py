from __future__ import annotations

from pathlib import Path

import pytest

from rdsweep.engines import _local as local_module
from rdsweep.engines import local_slots
from rdsweep.engines._local import usable_cores


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """A machine with six cores, no quota and no GPU."""
    monkeypatch.setattr(local_module.os, "sched_getaffinity", lambda _: set(range(6)), raising=False)
    monkeypatch.setattr(local_module, "_CGROUP", tmp_path)
    monkeypatch.setattr(local_module, "_count_gpus", lambda: 0)
    return monkeypatch


@pytest.mark.parametrize(
    ("engine", "device", "n_workers", "slots"),
    [
        ("ray", "auto", None, ("cpu", 6, 1)),
        ("ray", "both", 9, ("cpu", 9, 1)),
        ("inline", "auto", None, ("cpu", 1, 1)),
        ("ray", "cuda", 3, ("cuda", 3, 3)),
        ("ray", "cuda", None, ("cuda", 1, 1)),
    ],
)
def test_a_core_trains_a_pack(machine, engine, device, n_workers, slots) -> None:
    assert local_slots(engine, device=device, n_workers=n_workers) == slots


@pytest.mark.parametrize(
    ("engine", "device", "n_workers", "slots"),
    [
        ("ray", "auto", None, ("cuda", 2, 1)),
        ("ray", "both", 5, ("cuda", 5, 3)),
        ("inline", "auto", 1, ("cuda", 1, 1)),
        ("ray", "cpu", None, ("cpu", 6, 1)),
    ],
)
def test_a_gpu_trains_a_pack_or_more(machine, engine, device, n_workers, slots) -> None:
    machine.setattr(local_module, "_count_gpus", lambda: 2)
    assert local_slots(engine, device=device, n_workers=n_workers) == slots


def test_the_inline_engine_trains_one_pack(machine) -> None:
    with pytest.raises(ValueError, match=r"^n_workers must be 1 for the inline engine, but got 2"):
        local_slots("inline", device="cpu", n_workers=2)


@pytest.mark.parametrize(
    ("files", "n_cores"),
    [
        ({}, 6),
        ({"cpu.max": "max 100000"}, 6),
        ({"cpu.max": "250000 100000"}, 3),
        ({"cpu.max": "900000 100000"}, 6),
        ({"cpu.max": "5000 100000"}, 1),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, 6),
        ({"cpu/cpu.cfs_quota_us": "200000", "cpu/cpu.cfs_period_us": "100000"}, 2),
    ],
)
def test_the_quota_of_a_container_counts(
    machine, tmp_path: Path, files: dict[str, str], n_cores: int
) -> None:
    (tmp_path / "cpu").mkdir()
    for name, content in files.items():
        (tmp_path / name).write_text(f"{content}\n")
    assert usable_cores() == n_cores


def test_a_local_ray_has_as_many_cores_as_a_plan_says(machine) -> None:
    connection = pytest.importorskip("rdsweep.engines._ray._connection")
    assert connection._local_options("/tmp/x", n_cpus=None)["num_cpus"] == 6
    assert connection._local_options("/tmp/x", n_cpus=2)["num_cpus"] == 2
