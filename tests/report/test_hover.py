import re
from pathlib import Path

import pandas as pd
import pytest

from rdsweep.drawing import Look, blank_figure, drawing, figure_file
from rdsweep.report import parse_report_file
from rdsweep.report._hover import run_tips, with_tips
from rdsweep.report._panel import draw_runs

FILE = parse_report_file("title: T", name="r.yaml")


def drawn(x: list[float], y: list[float]) -> str:
    with drawing("tips"):
        figure = blank_figure(200, 100, room_right=0.1)
        draw_runs(figure.add_subplot(), x, y, look=Look("#0072b2", "o"), name="runs")
        return figure_file(figure, "svg").decode()


def test_every_point_gets_its_own_text_in_order() -> None:
    svg = with_tips(drawn([1, 2, 3], [3, 1, 2]), {"runs": ["a", "b & c", "<d>"]})
    points = re.findall(r'<use [^>]*x="([\d.]+)"[^>]*><title>(.+?)</title></use>', svg)
    assert [text for _, text in points] == ["a", "b &amp; c", "&lt;d&gt;"]
    assert [float(x) for x, _ in points] == sorted(float(x) for x, _ in points)


def test_a_point_that_was_not_drawn_is_noticed() -> None:
    with pytest.raises(ValueError, match=r"a text per point of 'runs', but got 2 for 1 points"):
        with_tips(drawn([1, float("nan")], [1, 2]), {"runs": ["a", "b"]})


def test_a_tip_names_the_run_and_its_numbers_with_units() -> None:
    run = {
        "model": "E2M1",
        "capacity": 0.3,
        "seed": 4,
        "rate": 0.31234,
        "distortion_mse": 0.1,
        "run_id": "ab",
    }
    tip = run_tips(pd.DataFrame([run]), ["rate", "distortion_mse"], FILE)[0]
    assert tip.splitlines() == [
        "E2M1, seed 4",
        "Capacity 0.3 nats",
        "Rate 0.3123 nats",
        "Distortion 0.1000 MSE per pixel",
        "run ab",
    ]


def test_every_completed_run_of_a_panel_can_be_pointed_at(quick_report: Path) -> None:
    runs = pd.read_parquet(quick_report / "results" / "runs").set_index("run_id")
    svg = (quick_report / "report" / "figures" / "rate-distortion-1.svg").read_text(encoding="utf-8")
    named = set(re.findall(r"run (\w+)</title>", svg))
    shown = runs[(runs["status"] == "completed") & runs["model"].isin(["baseline", "E1M1"])]
    assert named == set(shown.index)
