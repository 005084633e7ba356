"""What reads a task off the latents: the panels of the paper's figure 6, and scores relative to them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rdstats import threshold_times
from rdsweep.models import MODELS, default_head
from rdsweep.tasks import BUILTIN_TASKS

SOLVED_GAIN = 0.5
"""Share of the way from the best constant answer to no error from which on a task counts as solved.

Half of what can be gained: a reader below it errs more like a constant than like a perfect one. One value for
all tasks, whose chance levels in F1 run from 0.00 to 0.86.
"""

_PAPER_HEADS = {task: default_head(task) for task in BUILTIN_TASKS}

READER = ["run_id", "task", "regime", "head"]


def read_scores(runs: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """Join scores with their runs and with what the paper's figure 6 says of them.

    Parameters
    ----------
    runs : DataFrame
        Runs table, one row per run.
    scores : DataFrame
        Scores table.

    Returns
    -------
    DataFrame
        One row per run and reader: the columns of both tables and

        ``panel``
            ``A`` probe of the baseline, ``B`` head trained with a model of this task alone, ``C`` heads of a
            model of several tasks, ``D`` probe of a model that learned another task; empty for what the
            figure does not show.
        ``readout``
            ``paper`` for the kind of head that the paper gives the task, else ``other``, as for any head of
            a task that the paper does not have.
        ``f1_gain``
            (f1 - chance) / (1 - chance), where chance is the best constant answer.
        ``f1_shortfall``
            F1 of panel B at the same task, capacity and seed minus this F1; NaN where there is none.
    """
    columns = ["run_id", *(name for name in scores if name not in runs)]
    table = runs.merge(scores[columns], on="run_id").reset_index(drop=True)
    table["readout"] = np.where(table["head"] == table["task"].map(_PAPER_HEADS), "paper", "other")
    table["panel"] = _panels(table)
    table["f1_gain"] = (table["f1"] - table["f1_chance"]) / (1 - table["f1_chance"])
    return table.assign(f1_shortfall=_joint(table, "f1") - table["f1"])


def solving_times(table: pd.DataFrame, history: pd.DataFrame) -> pd.DataFrame:
    """Add to `read_scores` how long each reader trained until it solved its task.

    Parameters
    ----------
    table : DataFrame
        As `read_scores` returns it.
    history : DataFrame
        Table ``score_history``.

    Returns
    -------
    DataFrame
        The rows of ``table`` with a history, with

        ``solved_in_training``
            1 if F1 on training batches reached the mark twice in a row, else 0.
        ``steps_to_solve``
            Optimizer steps until then, or those that the reader was trained for if it never did.
        ``solving_delay``
            ``steps_to_solve`` minus that of panel B at the same task, capacity and seed: at least so many
            more steps, since the count ends with training.
        ``training_steps``
            Steps after which counting ends.
    """
    chance = table[[*READER, "f1_chance"]]
    watched = history[[*READER, "step", "f1"]].merge(chance, on=READER)
    mark = watched["f1_chance"] + SOLVED_GAIN * (1 - watched["f1_chance"])
    times = threshold_times(watched.assign(mark=mark), by=READER, threshold="mark", n_consecutive=2)
    timed = table.merge(times, on=READER).rename(
        columns={"time": "steps_to_solve", "reached": "solved_in_training", "horizon": "training_steps"}
    )
    timed = timed.astype({"solved_in_training": float})
    return timed.assign(solving_delay=timed["steps_to_solve"] - _joint(timed, "steps_to_solve"))


def _panels(table: pd.DataFrame) -> NDArray[np.str_]:
    """Return the panel of each score; a model that is not the paper's has none."""
    n_tasks = table["model"].map({name: len(model.tasks) for name, model in MODELS.items()})
    joint = table["regime"] == "joint"
    balanced = (table["readout"] == "paper") & (table["imbalance"] == "none")
    kinds = {
        "A": balanced & ~joint & (n_tasks == 0),
        "B": balanced & joint & (n_tasks == 1),
        "C": balanced & joint & (n_tasks > 1),
        "D": balanced & ~joint & (n_tasks == 1),
    }
    return np.select([np.asarray(rows) for rows in kinds.values()], list(kinds), default="")


def _joint(table: pd.DataFrame, column: str) -> NDArray[np.float64]:
    """Return ``column`` of panel B at the task, setting and seed of each row."""
    keys = ["task", "protocol", "objective", "capacity", "beta_setting", "seed"]
    panel = table.loc[table["panel"] == "B", [*keys, column]].drop_duplicates(keys, keep=False)
    return table[keys].merge(panel, on=keys, how="left")[column].to_numpy(dtype=np.float64)
