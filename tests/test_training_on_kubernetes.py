import json
import os
import shlex
import subprocess
import sys

import pytest
import yaml

from tests.support.paths import ROOT

MANIFEST = ROOT / "docs" / "tutorials" / "kubernetes_training.yaml"


@pytest.fixture(scope="module")
def manifests():
    return {each["kind"]: each for each in yaml.safe_load_all(MANIFEST.read_text())}


@pytest.fixture(scope="module")
def container(manifests):
    (container,) = manifests["Job"]["spec"]["template"]["spec"]["containers"]
    return container


def test_each_worker_is_told_of_all_by_the_names_that_the_service_gives_them(manifests, container):
    job, service = manifests["Job"], manifests["Service"]
    pod = job["spec"]["template"]["spec"]
    assert pod["subdomain"] == service["metadata"]["name"] and service["spec"]["clusterIP"] == "None"
    assert service["spec"]["selector"] == {"job-name": job["metadata"]["name"]}
    count = job["spec"]["completions"]
    assert count == job["spec"]["parallelism"] > 1
    (port,) = (each["containerPort"] for each in container["ports"])
    names = [f"{job['metadata']['name']}-{index}.{pod['subdomain']}:{port}" for index in range(count)]
    (script,) = container["args"]
    before, _, _ = script.partition("exec ")
    environment = {each["name"]: each["value"] for each in container["env"]}
    for index in range(count):
        told = subprocess.run(
            [*container["command"], before + "printenv TF_CONFIG"],
            env=os.environ | environment | {"JOB_COMPLETION_INDEX": str(index)},
            stdout=subprocess.PIPE,
            check=True,
        )
        task = {"type": "worker", "index": index}
        assert json.loads(told.stdout) == {"cluster": {"worker": names}, "task": task}


@pytest.mark.long
def test_workers_run_a_command_whose_flags_there_are_and_share_its_batch(manifests, container):
    command = shlex.split(container["args"][0].partition("exec ")[2])
    script = ROOT / "bin" / f"{command[0].removeprefix('latent_xlate_')}.py"
    subprocess.run([sys.executable, script, *command[1:], "--only_check_args"], check=True)
    flags = dict(flag.lstrip("-").split("=") for flag in command[1:])
    assert int(flags["config.batch_size"]) % manifests["Job"]["spec"]["completions"] == 0
    assert flags["workdir"].startswith(container["volumeMounts"][0]["mountPath"])
