"""What the published protocol does to the runs: budgets, penalties, and rate without information."""

from __future__ import annotations

import pandas as pd

from rdsweep.report.parts import count, general, nats, percent

from ._paper_results import GROUP_OF, GROUPS, MATCHED, PUBLISHED, PaperResults
from ._prose import markdown_table


def information_share(paper: PaperResults, sweep: str) -> pd.DataFrame:
    """Return mutual information per nat of rate, mean over runs, by group and capacity (nats)."""
    runs = paper.runs[sweep]
    share = runs.assign(share=runs["mutual_information"] / runs["rate"])
    return share.pivot_table(index="group", columns="capacity", values="share").loc[list(GROUPS)]


def information_table(paper: PaperResults) -> str:
    """Return `information_share` of both protocols as Markdown."""
    shares = {sweep: information_share(paper, sweep) for sweep in (MATCHED, PUBLISHED)}
    header = ["models", "protocol", *map(nats, sorted(paper.runs[MATCHED]["capacity"].unique()))]
    rows = (
        [group, sweep, *(percent(x, decimals=0) for x in share.T[group])]
        for group in GROUPS
        for sweep, share in shares.items()
    )
    return markdown_table(header, rows, n_text=2)


def budgets_table(paper: PaperResults) -> str:
    """Return what a run of each model is given under the published protocol, as Markdown."""
    columns = ["gamma", "n_train", "batch_size", "epochs", "steps", "ratio"]
    budgets = paper.runs[PUBLISHED].drop_duplicates("model").set_index("model").loc[list(GROUP_OF), columns]
    alike = budgets.reset_index().groupby(columns, sort=False)["model"].agg(", ".join).reset_index()
    header = ["models", "γ", "images per epoch", "batch", "epochs", "steps", "ratio of imbalance"]
    rows = (
        [row["model"], *(_setting(row[column]) for column in columns)] for row in alike.to_dict("records")
    )
    return markdown_table(header, rows)


def _setting(value: float) -> str:
    return general(round(value, 2))


def verdicts_that_differ(paper: PaperResults) -> pd.DataFrame:
    """Return the claims that both protocols decide, and decide differently."""
    table = paper.report("protocol_verdicts")
    decided = table[["verdict", "verdict_other"]].isin(["replicates", "fails"]).all(axis=1)
    return table[decided & (table["verdict"] != table["verdict_other"])]


def n_untestable(paper: PaperResults) -> str:
    """Return how many claims cannot be tested on the runs of the published protocol."""
    table = paper.report("protocol_verdicts")
    return count(int((table["verdict_other"] == "cannot be tested").sum()))


def n_decided(paper: PaperResults) -> tuple[str, str]:
    """Return how many claims each protocol decides, matched first."""
    table = paper.report("protocol_verdicts")
    first, second = (
        int(table[column].isin(["replicates", "fails"]).sum()) for column in ("verdict", "verdict_other")
    )
    return count(first), count(second)


def setting(paper: PaperResults, sweep: str, model: str, column: str) -> float:
    """Return a setting that all runs of a model share in a sweep."""
    runs = paper.runs[sweep]
    (value,) = runs.loc[runs["model"] == model, column].unique()
    return float(value)


def mean_rate(paper: PaperResults, sweep: str, model: str, capacity: float) -> float:
    """Return the mean rate of a model at a capacity, in nats."""
    runs = paper.runs[sweep]
    return float(runs.loc[(runs["model"] == model) & (runs["capacity"] == capacity), "rate"].mean())
