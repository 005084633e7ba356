"""Measuring on a worker of a real local Ray, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("ray")
pytestmark = pytest.mark.ray

SCRIPT = """
import json, os, signal, sys, time
from rdsweep.engines import open_engine
from rdsweep.engines._stop import StopRequest


class Where:
    def __call__(self, device, *, n_sharing):
        import ray

        resources = ray.get_runtime_context().get_assigned_resources()
        return [device, n_sharing, resources, os.getpid()]


class Dies:
    def __call__(self, device, *, n_sharing):
        os.kill(os.getpid(), signal.SIGKILL)


class Hangs:
    def __call__(self, device, *, n_sharing):
        time.sleep(600)


stopping = StopRequest()
stopping.ask(signal.SIGINT)
with open_engine("ray", address=None, device="cpu", n_workers=1) as engine:
    where = engine.measure("cpu", Where(), stop=StopRequest())
    others = [
        engine.measure("cpu", Dies(), stop=StopRequest()),
        engine.measure("cpu", Hangs(), stop=stopping),
        engine.measure("cuda", Hangs(), stop=StopRequest()),
    ]
    try:
        os.kill(where[-1], 0)
        is_gone = False
    except ProcessLookupError:
        is_gone = True
print(json.dumps([where[:-1], where[-1] != os.getpid() and is_gone, others]))
"""


def test_a_worker_of_its_own_measures_and_its_failure_costs_nothing(tmp_path: Path) -> None:
    script = tmp_path / "measure.py"
    script.write_text(SCRIPT)
    # Thirty times what it takes on two quiet cores, since another test runs beside this one.
    output = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=300)
    assert output.returncode == 0, output.stderr
    where, is_gone, others = json.loads(output.stdout.splitlines()[-1])
    assert where == ["cpu", 1, {"CPU": 1.0}]
    assert is_gone, "a worker that measured gives back the memory that it took"
    assert others == [None, None, None], "a death, a launch that is to end, a GPU that is yet to come"
