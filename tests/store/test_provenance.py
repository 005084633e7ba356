from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from rdsweep.store._provenance import git_commit


@pytest.fixture
def tracked(tmp_path: Path) -> Path:
    source = tmp_path / "code.py"
    source.write_text("x = 1\n")
    identity = ["-c", "user.name=nobody", "-c", "user.email=nobody@example.org"]
    for command in (["init", "-q"], ["add", "code.py"], [*identity, "commit", "-q", "-m", "first"]):
        subprocess.run(["git", "-C", str(tmp_path), *command], check=True)
    return source


def test_commit_of_a_clean_and_a_changed_checkout(tracked: Path) -> None:
    commit = git_commit(tracked)
    assert len(commit) == 40
    tracked.write_text("x = 2\n")
    assert git_commit(tracked) == f"{commit}+dirty"


def test_no_commit_of_an_untracked_file(tracked: Path) -> None:
    installed = tracked.with_name("site_package.py")
    installed.touch()
    assert git_commit(installed) == ""


def test_no_commit_outside_a_checkout(tmp_path: Path) -> None:
    (tmp_path / "code.py").touch()
    assert git_commit(tmp_path / "code.py") == ""
