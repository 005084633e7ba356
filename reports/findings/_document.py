"""The two documents, from their templates and the tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2
import pandas as pd

from rdstats import VERDICTS
from rdsweep.report.parts import count, counted, duration, enumeration, general, nats, number, percent

from . import (
    _ablations,
    _cost,
    _devices,
    _fewer_seeds,
    _geometry,
    _imbalance,
    _optimum,
    _points,
    _protocols,
    _seeds,
    _trust,
    _verdicts,
)
from ._card import card_facts
from ._paper_results import GEOMETRY, HYBRIDS, IMBALANCE, MATCHED, PUBLISHED, PaperResults
from ._prose import reflow, require


def findings(paper: PaperResults) -> str:
    """Return the text of ``docs/findings.md``.

    Raises
    ------
    FindingError
        If the tables contradict a sentence.
    """
    return _render("findings.md.j2", **_facts(paper))


def card(paper: PaperResults) -> str:
    """Return the text of ``reports/paper/README.md``."""
    return _render("card.md.j2", **card_facts(paper))


def _render(template: str, **facts: Any) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.do"],
    )
    environment.globals |= {"require": require, "counted": counted}
    environment.filters |= {
        "count": count,
        "duration": duration,
        "enumeration": enumeration,
        "general": general,
        "nats": nats,
        "mse": lambda value: number(value, decimals=4),
        "number": lambda value, decimals: number(value, decimals=decimals),
        "percent": lambda share, decimals=0: percent(share, decimals=decimals),
    }
    return reflow(environment.get_template(template).render(facts))


def _facts(paper: PaperResults) -> dict[str, Any]:
    points = _points.place_published_points(paper)
    return {
        **_facts_of_runs(paper),
        **_facts_of_verdicts(paper),
        **_facts_of_seeds(paper),
        **_facts_of_protocols(paper),
        **_facts_of_points(points),
        **_facts_of_ablations(paper, points),
        **_facts_of_imbalance(paper),
        **_facts_of_geometry(paper),
        **_facts_of_cost(paper),
    }


def _facts_of_runs(paper: PaperResults) -> dict[str, Any]:
    matched = paper.runs[MATCHED]
    optimality = _optimum.measure_optimality(paper)
    return {
        "matched": matched,
        "published": paper.runs[PUBLISHED],
        "n_seeds": {name: runs["seed"].nunique() for name, runs in paper.runs.items()},
        "trust": {name: _trust.check_runs(paper.stored[name], runs) for name, runs in paper.runs.items()},
        "n_beyond_text": _trust.n_beyond_text,
        "optimality": optimality,
        "efficiency_at": lambda *cell: _optimum.efficiency_text(optimality, cell),
        "efficiency_table": _optimum.efficiency_table(optimality),
        "order_of_means": optimality.loc[pd.IndexSlice[HYBRIDS, 3.0], "distortion"]
        .sort_values()
        .index.get_level_values("model")
        .to_list(),
        "knowing_nothing": _optimum.knowing_nothing,
        "devices": _devices.compare_devices(paper),
    }


def _facts_of_verdicts(paper: PaperResults) -> dict[str, Any]:
    verdicts = _verdicts.read_verdicts(paper)
    counts = _fewer_seeds.agreement(paper.report(_fewer_seeds.TABLE), verdicts.table["verdict"])
    of_paper = verdicts.table[~verdicts.table["source"].str.startswith("not in the paper")]
    return {
        "verdicts": verdicts,
        "fewer_seeds": counts,
        "fewer_seeds_table": _fewer_seeds.agreement_table(counts),
        "claims_of_paper": of_paper,
        "tally": {verdict: int((of_paper["verdict"] == verdict).sum()) for verdict in VERDICTS},
        "costs_of_tasks": verdicts.table.filter(like="-costs-fidelity", axis=0)["verdict"],
        "figure_of": lambda source: source.removeprefix("figures ").removeprefix("figure "),
    }


def _facts_of_seeds(paper: PaperResults) -> dict[str, Any]:
    orders = {name: _seeds.order_by_capacity(paper.runs[name]) for name in (MATCHED, PUBLISHED)}
    return {
        "orders": orders,
        "order_table": _seeds.order_table(paper),
        "spread_ratio": float((orders[PUBLISHED]["sd"] / orders[MATCHED]["sd"]).max()),
        "wrong_about_baseline": {
            name: _seeds.wrong_about_baseline(paper.runs[name]) for name in (MATCHED, PUBLISHED)
        },
        "seeds_table": _seeds.seeds_table(paper),
        "detectable": _seeds.DETECTABLE,
    }


def _facts_of_protocols(paper: PaperResults) -> dict[str, Any]:
    return {
        "share": {name: _protocols.information_share(paper, name) for name in (MATCHED, PUBLISHED)},
        "information_table": _protocols.information_table(paper),
        "budgets_table": _protocols.budgets_table(paper),
        "contrary": _protocols.verdicts_that_differ(paper),
        "n_decided": _protocols.n_decided(paper),
        "n_untestable": _protocols.n_untestable(paper),
        "mean_rate": lambda sweep, model, capacity: _protocols.mean_rate(paper, sweep, model, capacity),
        "setting": lambda sweep, model, column: _protocols.setting(paper, sweep, model, column),
    }


def _facts_of_points(points: _points.Points) -> dict[str, Any]:
    return {
        "points": points,
        "points_table": _points.points_table(points),
        "swapped": [" and ".join(pair) for pair in points.swapped_pairs(HYBRIDS, 3.0)],
        "outside": points.outside_both(),
        "order_readout": points.score("A", "baseline", "order", 10.0),
        "joint_bins": points.score("B", "E2M4", "bins", 10.0),
    }


def _facts_of_ablations(paper: PaperResults, points: _points.Points) -> dict[str, Any]:
    rows = _ablations.ablation_rows(paper, points)
    if rows.empty:
        return {"ablations_table": "", "ablations_summary": "", "other_gamma": None}
    return {
        "other_gamma": _ablations.other_gamma(rows),
        "ablations_table": _ablations.ablations_table(rows),
        "ablations_summary": _ablations.summary(rows),
    }


def _facts_of_imbalance(paper: PaperResults) -> dict[str, Any]:
    if IMBALANCE not in paper.runs:
        return {"gaps_table": "", "gaps_sentence": ""}
    gaps = _imbalance.gap_table(_imbalance.paired_gaps(paper.runs[IMBALANCE], paper.read(IMBALANCE, "maps")))
    if gaps.empty:
        return {"gaps_table": "", "gaps_sentence": ""}
    return {"gaps_table": _imbalance.gaps_markdown(gaps), "gaps_sentence": _imbalance.sentence(gaps)}


def _facts_of_geometry(paper: PaperResults) -> dict[str, Any]:
    if GEOMETRY not in paper.runs:
        return {"geometry_table": "", "geometry_sentence": ""}
    rows = _geometry.shown_indices(paper)
    return {"geometry_table": _geometry.geometry_table(rows), "geometry_sentence": _geometry.sentence(rows)}


def _facts_of_cost(paper: PaperResults) -> dict[str, Any]:
    n_steps = int(paper.runs[MATCHED]["steps"].max())
    return {
        "costs_table": _cost.costs_table(paper),
        "plain": {
            device: _cost.plain_run(paper, f"packed_training_{device}", n_steps=n_steps)
            for device in ("h100", "cpu")
        },
    }
