from __future__ import annotations

import pickle

import pytest

from rdsweep import tasks
from rdsweep.engines._job import one_line, portable_tasks
from rdsweep.tasks import Task, get_task, register_task


@pytest.fixture
def user_task(monkeypatch: pytest.MonkeyPatch) -> Task:
    monkeypatch.setattr(tasks, "_registry", dict(tasks._registry))
    task = Task("left", 2, lambda upper, lower: upper + lower < 7)  # a lambda does not pickle
    register_task(task)
    return task


def test_tasks_of_users_reach_workers_as_data(user_task: Task) -> None:
    tasks = {task.name: task for task in pickle.loads(pickle.dumps(portable_tasks()))}
    task = tasks["left"]
    assert (task.name, task.n_classes, task.digest()) == ("left", 2, user_task.digest())
    register_task(task)
    assert get_task("left").digest() == user_task.digest()


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("one\ntwo"), "ValueError: one"),
        (RuntimeError(), "RuntimeError"),
        (RuntimeError("\n  \n padded \n"), "RuntimeError: padded"),
    ],
)
def test_a_cause_is_one_line(error: Exception, line: str) -> None:
    assert one_line(error) == line
