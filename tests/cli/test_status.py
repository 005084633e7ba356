import json
import os
import shutil
import signal
from datetime import UTC, datetime, timedelta

import pytest

from rdsweep.cli import _status
from rdsweep.cli._status import read_status
from rdsweep.store import Lease, open_results
from rdsweep.sweeps import Pack


@pytest.fixture
def grown(with_results):
    """The results of 12 runs of a sweep that has 20 by now."""
    text = (with_results / "tiny.yaml").read_text().replace("seeds: 3", "seeds: 5")
    (with_results / "results/tiny/sweep.yaml").write_text(text)
    return open_results("results/tiny")


def missing_runs(results):
    outcomes = results.outcomes()
    return [config for config in results.sweep().configs if config.run_id not in outcomes]


def test_packs_in_training_are_seen_by_another_process(rdsweep, grown):
    pack = Pack(tuple(missing_runs(grown)[:5]))
    with grown.leases() as leases:
        assert leases.acquire(pack)
        leases.report(pack.pack_id, 0.5)
        leases.renew()
        _, out, _ = rdsweep("status", "results/tiny")
        _, text, _ = rdsweep("status", "results/tiny", "--json")
    assert "11 completed, 1 failed, 5 training, 3 missing" in out
    status = json.loads(text)
    assert sum(row["training"] for row in status["conditions"]) == 5
    (row,) = status["packs"]
    assert (row["pack"], row["runs"], row["done"]) == (pack.pack_id, 5, 0.5)


def test_runs_of_other_sweeps_are_counted(rdsweep, with_results):
    assert "more runs" not in rdsweep("status", "results/tiny")[1]
    fewer = (with_results / "tiny.yaml").read_text().replace("seeds: 3", "seeds: 1")
    (with_results / "results/tiny/sweep.yaml").write_text(fewer)
    _, out, _ = rdsweep("status", "results/tiny")
    assert out.startswith("8 more runs are stored here, of sweeps that were run before the last one\n")
    assert json.loads(rdsweep("status", "results/tiny", "--json")[1])["n_runs_of_other_sweeps"] == 8


def test_nobody_at_work_has_no_pace(rdsweep, grown):
    status = json.loads(rdsweep("status", "results/tiny", "--json")[1])
    assert (status["packs"], status["runs_per_minute"], status["seconds_left"]) == ([], None, None)


class Launchers:
    """Leases of a launcher that started two minutes ago and has half of a pack of five done."""

    def __init__(self, run_ids):
        since = (datetime.now(UTC) - timedelta(minutes=2)).isoformat(timespec="seconds")
        self.held = (Lease("host:1", "p", tuple(run_ids), since, since, fraction=0.5),)

    def held_by_others(self):
        return self.held


def test_time_left_goes_by_images(grown):
    configs = grown.sweep().configs
    launchers = Launchers(config.run_id for config in missing_runs(grown)[:5])
    status = read_status(grown, configs, launchers)
    # 12 runs were stored since, 2.5 more are done and 5.5 of equal size are left; a second may have passed.
    assert status.runs_per_minute == pytest.approx(14.5 / 2, rel=0.02)
    assert status.seconds_left == pytest.approx(120 * 5.5 / 14.5, rel=0.02)


def test_watching_ends_with_the_sweep(rdsweep, with_results, monkeypatch):
    assert rdsweep("status", "results/tiny", "--watch")[0] == 0
    grown = (with_results / "tiny.yaml").read_text().replace("seeds: 3", "seeds: 5")
    sweep = with_results / "results/tiny/sweep.yaml"
    resolved = sweep.read_text()
    sweep.write_text(grown)
    looks = []

    def interrupt(seconds):
        looks.append(seconds)
        if len(looks) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(_status.time, "sleep", interrupt)
    code, out, _ = rdsweep("status", "results/tiny", "--watch")
    assert (code, len(looks)) == (0, 3)
    assert "8 missing" in out
    assert resolved != grown


def test_only_ctrl_c_is_how_watching_ends(rdsweep, grown, monkeypatch):
    monkeypatch.setattr(_status.time, "sleep", lambda _: os.kill(os.getpid(), signal.SIGTERM))
    code, _, err = rdsweep("status", "results/tiny", "--watch")
    assert (code, err) == (143, "rdsweep: interrupted\n")


def test_a_folder_deleted_under_a_reader_is_told_in_one_line(rdsweep, grown, monkeypatch):
    def delete(seconds):
        shutil.rmtree(grown.location)

    monkeypatch.setattr(_status.time, "sleep", delete)
    code, _, err = rdsweep("status", "results/tiny", "--watch")
    assert code == 2
    assert err.count("\n") == 1
    assert "results must be a folder that a sweep was run into" in err
