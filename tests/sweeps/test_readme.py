"""The description of the vocabulary is complete, and its example means what it says."""

import re
from pathlib import Path

import pytest

from rdsweep.sweeps import expand_sweep
from rdsweep.sweeps._document import parse_document
from rdsweep.sweeps._schema import Axes, Block, Objective, SweepFile, Training

SHIPPED = Path(__file__).parents[2] / "sweeps"
README = (SHIPPED / "README.md").read_text(encoding="utf-8")


def section(heading):
    return re.search(rf"^## {re.escape(heading)}$(.*?)(?=^## |\Z)", README, re.MULTILINE | re.DOTALL)[1]


@pytest.mark.parametrize(
    ("heading", "vocabulary"),
    [
        ("Keys of the file", SweepFile),
        ("Keys of a block", Axes),
        ("Keys of a block", Block),
        ("Keys of `training`", Training),
        ("Keys of `objective`", Objective),
    ],
)
def test_every_key_is_described(heading, vocabulary):
    assert [key for key in vocabulary.model_fields if f"`{key}`" not in section(heading)] == []


def test_the_example_has_as_many_runs_as_the_text_says():
    example = re.search(r"```yaml\n(.*?)```", README, re.DOTALL)[1]
    sweep = expand_sweep(parse_document(example, name="README").data)
    assert f"{sweep.n_conditions} conditions" in README
    assert f"{len(sweep.configs)} runs" in README


def test_every_shipped_sweep_is_listed():
    shipped = list(SHIPPED.glob("*.yaml"))
    assert shipped
    for path in shipped:
        if path.stem == "beta":  # a study
            assert "`beta.yaml`" in README
            continue
        sweep = expand_sweep(parse_document(path.read_text(encoding="utf-8"), name=path.name).data)
        assert re.search(rf"^\| `{path.name}` \|.* \| {len(sweep.configs)} \|$", README, re.MULTILINE)
