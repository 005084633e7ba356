from pathlib import Path


def runs_parts(folder: Path) -> list[Path]:
    return sorted((folder / "results/tiny/runs").glob("*.parquet"))


def test_sound_results(rdsweep, with_results):
    code, out, err = rdsweep("verify", "results/tiny")
    n_packs = len(runs_parts(with_results))
    assert (code, err) == (0, "")
    assert out == f"results/tiny: {n_packs} packs checked, 12 runs are sound\n"


def test_repair_puts_a_broken_pack_aside_and_run_trains_it_again(rdsweep, with_results):
    broken = runs_parts(with_results)[0]
    broken.write_bytes(b"")
    code, _, err = rdsweep("status", "results/tiny")
    assert code == 2
    assert "is damaged (" in err
    assert "rdsweep verify --repair" in err

    code, out, _ = rdsweep("verify", "results/tiny")
    assert code == 1
    first, last = out.splitlines()
    assert first.startswith(f"runs/{broken.name} is damaged (")
    assert last.endswith("1 packs are broken; --repair puts them aside, so that their runs are trained again")
    assert broken.exists()

    code, out, _ = rdsweep("verify", "results/tiny", "--repair")
    assert code == 1
    assert "are broken and now in quarantine/" in out
    (kept,) = (with_results / "results/tiny/quarantine").glob("*/runs/*")
    assert kept.name == broken.name
    assert rdsweep("verify", "results/tiny")[0] == 0
    _, out, _ = rdsweep("status", "results/tiny")
    assert "missing" in out.splitlines()[-3]


def test_a_folder_without_results_is_a_mistake(rdsweep, here):
    code, out, err = rdsweep("verify", "results/tiny")
    assert (code, out) == (2, "")
    assert err.startswith("rdsweep: results must be a folder that a sweep was run into")
