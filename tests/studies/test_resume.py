from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import optuna
import pytest

from rdsweep.studies import load_study_file, read_study

STUDY = """
name: tiny
kind: frontier
seeds: 2
search: {beta: [3, 300], learning_rate: [1e-4, 1e-2]}
n_configs: 14
batch: 4
training: {n_train: 64, epochs: 1}
"""


def outcome(study: Path, results: Path) -> list[tuple[object, ...]]:
    (tried,) = read_study(load_study_file(study), results=results).tried.values()
    return [(dict(each.parameters), each.state, each.rates, each.distortions) for each in tried]


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("study") / "tiny.yaml"
    path.write_text(STUDY)
    return path


def test_equal_files_give_equal_trials_wherever_a_launch_is_killed(
    study: Path, tmp_path: Path, launch: Callable[..., int]
) -> None:
    undisturbed = tmp_path / "undisturbed"
    assert launch(study, undisturbed) == 0
    expected = outcome(study, undisturbed)
    assert len(expected) == 14
    assert {state for _, state, _, _ in expected} == {"completed"}
    assert launch(study, undisturbed, "--kill", "train") == 0, "a finished study must train nothing"
    results = tmp_path / "killed"
    for place, call in [("create", 4), ("train", 1), ("tell", 3), ("suggest", 11)]:
        assert launch(study, results, "--kill", place, "--call", str(call)) == -9
    with (results / "optuna.journal").open("a") as journal_file:
        journal_file.write('{"op_code": 8, "worker')  # as a full disk leaves it
    assert launch(study, results) == 0
    assert outcome(study, results) == expected
    (name,) = optuna.get_all_study_names(journal := _journal(results))
    states = {trial.state.name for trial in optuna.load_study(study_name=name, storage=journal).trials}
    assert states <= {"COMPLETE", "FAIL"}


def _journal(results: Path) -> optuna.storages.JournalStorage:
    backend = optuna.storages.journal.JournalFileBackend(str(results / "optuna.journal"))
    return optuna.storages.JournalStorage(backend)
