"""The files with which clusters are started: checked against schemas, or run with stubs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

FOLDER = Path(__file__).parents[2] / "sweeps" / "cluster"

TEXT, COUNT, FLAG = {"type": "string"}, {"type": "integer", "minimum": 0}, {"type": "boolean"}
STRINGS = {"type": "object", "additionalProperties": TEXT}


def closed(required: list[str] = [], **properties: Any) -> dict[str, Any]:  # noqa: B006 - never changed
    return {
        "type": "object", "required": required, "properties": properties, "additionalProperties": False,
    }  # fmt: skip


POD = closed(
    ["spec"],
    spec=closed(
        ["containers"],
        containers={
            "type": "array",
            "minItems": 1,
            "items": closed(
                ["name", "image", "resources"],
                name=TEXT,
                image=TEXT,
                resources=closed(["limits"], requests=STRINGS, limits=STRINGS),
                volumeMounts={
                    "type": "array",
                    "items": closed(["name", "mountPath"], name=TEXT, mountPath=TEXT),
                },
            ),
        },
        volumes={"type": "array"},
        terminationGracePeriodSeconds=COUNT,
    ),
)
RAY_JOB = closed(
    ["apiVersion", "kind", "metadata", "spec"],
    apiVersion={"const": "ray.io/v1"},
    kind={"const": "RayJob"},
    metadata=closed(["name"], name=TEXT),
    spec=closed(
        ["entrypoint", "rayClusterSpec"],
        entrypoint=TEXT,
        backoffLimit=COUNT,
        shutdownAfterJobFinishes=FLAG,
        ttlSecondsAfterFinished=COUNT,
        submissionMode={"enum": ["K8sJobMode", "HTTPMode", "InteractiveMode", "SidecarMode"]},
        rayClusterSpec=closed(
            ["headGroupSpec"],
            rayVersion=TEXT,
            authOptions=closed(["mode"], mode={"enum": ["disabled", "token"]}),
            enableInTreeAutoscaling=FLAG,
            headGroupSpec=closed(["rayStartParams", "template"], rayStartParams=STRINGS, template=POD),
            workerGroupSpecs={
                "type": "array",
                "items": closed(
                    ["groupName", "rayStartParams", "template"],
                    groupName=TEXT,
                    replicas=COUNT,
                    minReplicas=COUNT,
                    maxReplicas=COUNT,
                    rayStartParams=STRINGS,
                    template=POD,
                ),
            },
        ),
    ),
)
"""The part of KubeRay's API that the file uses; names and types of its reference for v1.6.2, 2026-11-24."""


def test_the_ray_job_has_the_fields_of_its_kind() -> None:
    job = yaml.safe_load((FOLDER / "rayjob.yaml").read_text())
    jsonschema.validate(job, RAY_JOB)
    cluster = job["spec"]["rayClusterSpec"]
    assert cluster["authOptions"] == {"mode": "token"}
    assert cluster["workerGroupSpecs"][0]["maxReplicas"] == 4
    assert "--workers 4" in job["spec"]["entrypoint"]


def test_the_schema_of_a_ray_job_refuses_what_is_misspelled() -> None:
    job = yaml.safe_load((FOLDER / "rayjob.yaml").read_text())
    job["spec"]["rayClusterSpec"]["authOption"] = job["spec"]["rayClusterSpec"].pop("authOptions")
    with pytest.raises(jsonschema.ValidationError, match="authOption"):
        jsonschema.validate(job, RAY_JOB)


def test_the_autoscaler_file_has_the_schema_of_ray() -> None:
    ray = find_spec("ray")
    if ray is None or ray.origin is None:
        pytest.skip("Ray is not installed")
    schema = json.loads((Path(ray.origin).parent / "autoscaler" / "ray-schema.json").read_text())
    file = yaml.safe_load((FOLDER / "autoscaler.yaml").read_text())
    jsonschema.validate(file, schema)
    for start in ("head_start_ray_commands", "worker_start_ray_commands"):
        assert "RAY_AUTH_MODE=token" in file[start][-1]
    assert file["available_node_types"]["gpu_worker"]["node_config"]["InstanceMarketOptions"]


STUBS = {
    "srun": 'echo "srun $*" >>"$CALLS"; while [[ $1 == --* ]]; do shift; done; exec "$@"',
    "scontrol": 'if [[ $1 == show ]]; then printf "node%s\\n" 1 2 3; else echo "scontrol $*" >>"$CALLS"; fi',
    "ray": 'echo "ray $* mode=$RAY_AUTH_MODE token=$(stat -c %a "$RAY_AUTH_TOKEN_PATH")" >>"$CALLS"\n'
    "if [[ $1 == start ]]; then exec sleep 60; fi",
    "rdsweep": 'echo "rdsweep $*" >>"$CALLS"; trap "exit 143" TERM; echo up >"$CALLS.up"\n'
    'for _ in $(seq "$STEPS"); do sleep 0.05; done; exit "$CODE"',
}
"""Programs that write down how they are called; ``rdsweep`` ends as it does on SIGTERM."""


@pytest.fixture
def job(tmp_path: Path) -> dict[str, str]:
    """The environment of a Slurm job of three nodes with two GPUs each."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, body in STUBS.items():
        (programs / name).write_text(f"#!/usr/bin/env bash\n{body}\n")
        (programs / name).chmod(0o755)
    return {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "RDSWEEP_ENV": str(tmp_path),
        "CALLS": str(tmp_path / "calls"),
        "CODE": "0",
        "STEPS": "10",
        "SLURM_JOB_ID": "123456",
        "SLURM_JOB_NODELIST": "node[1-3]",
        "SLURM_JOB_NUM_NODES": "3",
        "SLURM_CPUS_PER_TASK": "16",
        "SLURM_GPUS_ON_NODE": "2",
    }


def sbatch(environment: dict[str, str]) -> subprocess.Popen[bytes]:
    arguments = ["bash", str(FOLDER / "slurm.sh"), "sweep.yaml", "/shared/results", "--retry-failed"]
    return subprocess.Popen(arguments, env=environment)


def calls(environment: dict[str, str]) -> list[str]:
    return Path(environment["CALLS"]).read_text().splitlines()


def test_the_slurm_script_starts_ray_on_all_nodes_and_the_launcher(
    job: dict[str, str], tmp_path: Path
) -> None:
    assert subprocess.run(["bash", "-n", str(FOLDER / "slurm.sh")]).returncode == 0
    assert sbatch(job).wait(timeout=20) == 0
    made = calls(job)
    steps = [line for line in made if line.startswith("srun")]
    resources = "--block --num-cpus=16 --num-gpus=2"
    assert sorted(steps) == [
        "srun --overlap --nodes=1 --ntasks=1 --nodelist=node1 "
        f"ray start --head --port=23456 --include-dashboard=false {resources}",
        f"srun --overlap --nodes=2 --ntasks=2 --exclude=node1 ray start --address=node1:23456 {resources}",
    ]
    assert (
        "rdsweep run sweep.yaml --results /shared/results --address node1:23456 "
        "--device cuda --workers 6 --retry-failed"
    ) in made
    asked = [line for line in made if line.startswith("ray ")]
    assert {line.split()[1] for line in asked} == {"start", "health-check"}
    assert all("mode=token token=600" in line for line in asked)
    assert list((tmp_path / ".rdsweep").iterdir()) == [], "the token is gone with the job"


@pytest.mark.parametrize("variable", ["RDSWEEP_ENV", "VIRTUAL_ENV", "CONDA_PREFIX"])
def test_the_slurm_script_activates_the_environment(
    job: dict[str, str], tmp_path: Path, variable: str
) -> None:
    environment = tmp_path / "my environment"
    (environment / "bin").mkdir(parents=True)
    (tmp_path / "bin" / "rdsweep").rename(environment / "bin" / "rdsweep")
    if variable != "CONDA_PREFIX":  # conda has no such file
        activate = 'PATH="$(dirname "${BASH_SOURCE[0]}"):$PATH"\nexport ACTIVATED=yes\n'
        (environment / "bin" / "activate").write_text(activate)
    del job["RDSWEEP_ENV"]
    assert sbatch(job | {variable: str(environment)}).wait(timeout=20) == 0
    assert any(line.startswith("rdsweep run sweep.yaml") for line in calls(job))


def test_the_slurm_script_says_which_environment_lacks_the_package(job: dict[str, str]) -> None:
    path = os.pathsep.join(["/usr/bin", "/bin"])
    arguments = ["bash", str(FOLDER / "slurm.sh"), "sweep.yaml", "/shared/results"]
    failed = subprocess.run(
        arguments, env=job | {"PATH": path, "RDSWEEP_ENV": "/none"}, capture_output=True, text=True
    )
    assert failed.returncode == 2
    assert failed.stderr == "slurm.sh: no rdsweep in /none; set RDSWEEP_ENV\n"


@pytest.mark.parametrize("code", [1, 2, 130])
def test_the_slurm_script_ends_as_the_launcher_does(job: dict[str, str], code: int) -> None:
    assert sbatch(job | {"CODE": str(code)}).wait(timeout=20) == code
    assert not any(line.startswith("scontrol") for line in calls(job))


def test_the_slurm_script_hands_on_a_preemption_and_comes_back(job: dict[str, str]) -> None:
    process = sbatch(job | {"STEPS": "200"})
    give_up = time.monotonic() + 15.0
    while not Path(job["CALLS"] + ".up").exists():
        assert time.monotonic() < give_up
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=15) == 143
    assert calls(job)[-1] == "scontrol requeue 123456"


def test_the_slurm_script_wants_a_sweep_and_its_results(job: dict[str, str]) -> None:
    failed = subprocess.run(["bash", str(FOLDER / "slurm.sh")], env=job, capture_output=True, text=True)
    assert failed.returncode == 2
    assert failed.stderr.startswith("usage: sbatch slurm.sh")
