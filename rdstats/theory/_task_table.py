"""The best scores on the Corridors tasks at given rates, as a table."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from numpy.typing import ArrayLike

from rdstats._validate import as_float_array, check_choice
from rdstats.theory._corridors import Imbalance, position_probabilities
from rdstats.theory._tasks import best_accuracy, best_f1, class_entropy, corridor_tasks


def task_table(
    rate: ArrayLike,
    imbalance: Imbalance = "none",
    ratio: float = 1.0,
    *,
    tasks: Sequence[str] = ("order", "region", "equality", "bins"),
) -> pd.DataFrame:
    """Return the best accuracy and F1 that any code of a given rate can reach on each task.

    Parameters
    ----------
    rate : array_like, shape (n_rates,)
        Nats per image; at least 0.
    imbalance : {"none", "lower_corridor", "alignment"}
        Which positions are frequent (see `position_probabilities`).
    ratio : float, default 1
        How many times as often a frequent position is shown.
    tasks : sequence of str, default all four
        Names of `corridor_tasks`.

    Returns
    -------
    DataFrame
        One row per task and rate: ``task``; ``rate`` and ``class_entropy`` in nats per image; ``accuracy``
        and ``f1``, the best that are possible; ``f1`` is that of class 1, and macro F1 for ``"bins"``.

    Raises
    ------
    ValueError, TypeError
        If a task is unknown or a number is out of range.

    Examples
    --------
    >>> task_table([0.0, 0.3], tasks=["order"]).round(3).to_dict("list")
    {'task': ['order', 'order'], 'rate': [0.0, 0.3], 'class_entropy': [0.69, 0.69],
     'accuracy': [0.538, 0.868], 'f1': [0.7, 0.881]}
    """
    rates = as_float_array("rate", rate)
    weights = position_probabilities(imbalance, ratio)
    labels_of = corridor_tasks()
    frames = []
    for task in tasks:
        labels = labels_of[check_choice("tasks", task, labels_of)]
        frames.append(
            pd.DataFrame(
                {
                    "task": task,
                    "rate": rates,
                    "class_entropy": class_entropy(labels, weights),
                    "accuracy": best_accuracy(rates, labels, weights),
                    "f1": best_f1(rates, labels, weights),
                }
            )
        )
    return pd.concat(frames, ignore_index=True)
