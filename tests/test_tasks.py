import numpy as np
import pytest

from rdsweep.tasks import BUILTIN_TASKS, Task, get_task, register_task, registered_tasks


@pytest.fixture
def registry(monkeypatch):
    """A registry of our own, so that nothing registered here outlives the test."""
    known = {name: get_task(name) for name in BUILTIN_TASKS}
    monkeypatch.setattr("rdsweep.tasks._registry", known)


def table(name):
    return get_task(name).label_table().reshape(13, 13)


def test_builtin_labels_by_hand():
    assert table("order")[4, 4] == table("order")[0, 12] == 1
    assert table("order")[5, 4] == 0
    assert table("region")[5, 0] == table("region")[6, 6] == 1
    assert table("region")[6, 5] == 0
    np.testing.assert_array_equal(table("equality"), np.eye(13))


def test_numbers_of_positive_positions():
    # 13 * 14 / 2; 6 * 13 + 7 * 7; the diagonal.
    assert [table(name).sum() for name in ("order", "region", "equality")] == [91, 127, 13]


def test_bins_are_five_by_five():
    widths = [2, 3, 3, 3, 2]
    sizes = np.bincount(table("bins").ravel(), minlength=25).reshape(5, 5)
    np.testing.assert_array_equal(sizes, np.outer(widths, widths))
    assert table("bins")[2, 11] == 5 * 1 + 4


def test_two_classes_have_one_logit():
    assert get_task("order").n_logits == 1
    assert get_task("bins").n_logits == 25


def test_an_unknown_task_is_named():
    with pytest.raises(ValueError, match=r"^task must be one of bins, .*, region, but got 'color'"):
        get_task("color")


@pytest.mark.parametrize(
    ("name", "n_classes", "labels", "message"),
    [
        ("two words", 2, lambda upper, lower: upper < 6, "name must be an identifier, but got 'two words'"),
        ("one", 1, lambda upper, lower: upper * 0, "n_classes must be an integer of at least 2, but got 1"),
        (
            "few",
            2,
            lambda upper, lower: upper[:5] < 6,
            r"labels must return one class per position, but got shape \(5,\)",
        ),
        ("next", 2, lambda upper, lower: upper % 3, r"labels must lie in 0..1, but got 0..2"),
        ("high", 2, lambda upper, lower: upper, r"labels must lie in 0..1, but got 0..12"),
        ("low", 3, lambda upper, lower: upper % 3 - 1, r"labels must lie in 0..2, but got -1..1"),
    ],
)
def test_a_task_that_is_no_classification_is_refused(name, n_classes, labels, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        Task(name, n_classes, labels)


def test_labels_are_integers_or_truth_values():
    with pytest.raises(TypeError, match="labels must return integers or truth values, but got float64"):
        Task("half", 2, lambda upper, lower: upper / 12)


@pytest.mark.usefixtures("registry")
def test_a_task_is_registered_under_its_name():
    task = Task("upper_third", 3, lambda upper, lower: upper // 5)
    register_task(task)
    assert get_task("upper_third") is task
    assert registered_tasks() == (task,)


@pytest.mark.usefixtures("registry")
def test_equal_labels_may_be_registered_again_and_others_not():
    register_task(Task("mine", 2, lambda upper, lower: upper < 6))
    register_task(Task("mine", 2, lambda upper, lower: upper <= 5))
    with pytest.raises(ValueError, match=r"^task name 'mine' is already taken by a task with other labels"):
        register_task(Task("mine", 2, lambda upper, lower: upper < 7))
    with pytest.raises(ValueError, match="already taken"):
        register_task(Task("mine", 3, lambda upper, lower: upper < 6))
