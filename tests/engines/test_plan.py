from __future__ import annotations

from types import SimpleNamespace

from rdsweep.engines import plan_missing
from rdsweep.sweeps import plan_packs


def run_ids(packs) -> list[str]:
    return sorted(config.run_id for pack in packs for config in pack.configs)


def test_a_new_sweep_is_planned_as_it_is(tiny: SimpleNamespace) -> None:
    configs = tiny.grid(n_seeds=4).configs
    planned = plan_missing(configs, frozenset(), pack_size=3, n_workers=2)
    assert planned == plan_packs(configs, pack_size=3, n_workers=2)


def test_packs_after_an_interrupt_are_those_of_before(tiny: SimpleNamespace) -> None:
    configs = tiny.grid(n_seeds=4).configs
    before = plan_packs(configs, pack_size=3, n_workers=2)
    finished = {config.run_id for pack in before[1:3] for config in pack.configs}
    after = plan_missing(configs, finished, pack_size=3, n_workers=2)
    assert {pack.pack_id for pack in after} == {pack.pack_id for pack in (before[0], *before[3:])}


def test_scattered_runs_are_packed_anew(tiny: SimpleNamespace) -> None:
    configs = tiny.grid(n_seeds=4).configs
    packs = plan_packs(configs, pack_size=4)
    settled = {pack.configs[0].run_id for pack in packs[:2]}
    planned = plan_missing(configs, settled, pack_size=4, n_workers=1)
    assert run_ids(planned) == sorted({config.run_id for config in configs} - settled)
    assert max(len(pack.configs) for pack in planned) <= 4


def test_nothing_missing_is_no_pack(tiny: SimpleNamespace) -> None:
    configs = tiny.grid(n_seeds=1).configs
    settled = {config.run_id for config in configs}
    assert plan_missing(configs, settled, pack_size=4, n_workers=2) == ()
