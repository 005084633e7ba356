import numpy as np
import pytest

from rdstats.theory import task_table


def test_one_row_per_task_and_rate():
    table = task_table([0.0, 0.5, 4.0], "alignment", 10.0)
    assert table.groupby("task").size().to_dict() == {"order": 3, "region": 3, "equality": 3, "bins": 3}
    assert table["f1"].between(0.0, 1.0).all()
    solved = table["rate"] >= table["class_entropy"]
    assert table.loc[solved, "accuracy"].to_numpy() == pytest.approx(1.0)
    assert table.loc[solved, "f1"].to_numpy() == pytest.approx(1.0)
    assert np.all(table.groupby("task")["accuracy"].diff().dropna() >= 0)


def test_unknown_task():
    with pytest.raises(ValueError, match=r"tasks must be one of .*'bins', but got 'x'"):
        task_table([0.0], tasks=["x"])


def test_rates_of_rounding_size_are_silence():
    table = task_table([0.0, 4.4e-16], tasks=["order", "bins"])
    spread = table.groupby("task")["accuracy"].agg(lambda values: values.max() - values.min())
    assert spread.max() < 1e-12  # accuracy rises like the root of the rate at most: rounding remains
