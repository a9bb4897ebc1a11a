import json
import os
import subprocess
import sys

import numpy as np
import pytest
from safetensors.numpy import load_file

from latent_xlate.domains import hugging_face, pretrained
from tests.support import tiny
from tests.support.hub_server import REVISION, HubServer
from tests.support.paths import ROOT

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def server():
    with HubServer() as server:
        yield server
        server.shutdown()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The folder of a domain with latents and a card."""
    folder = tiny.image_domain("digits").save(tmp_path_factory.mktemp("domains") / "digits", dtype="float16")
    np.savez(folder / "latents_train.npz", mu=np.ones((3, 6), np.float16), labels=np.arange(3))
    (folder / "MODEL_CARD.md").write_text("# digits\n\nDrawn by Ada.\n")
    (folder / "runs" / "vae").mkdir(parents=True)
    (folder / "runs" / "vae" / "events").write_bytes(bytes(1000))
    (folder / "judge").mkdir()
    (folder / "judge" / "domain.json").write_bytes((folder / "domain.json").read_bytes())
    return folder


@pytest.fixture(scope="module")
def run(server, tmp_path_factory):
    """Runs Python with the server as hub; returns its exit code, and what it printed."""
    home = tmp_path_factory.mktemp("hf")

    def run(code, **environment):
        finished = subprocess.run(
            [sys.executable, "-c", f"import latent_xlate as lx\n{code}"],
            cwd=ROOT,
            env=os.environ | {"HF_ENDPOINT": server.address, "HF_HOME": str(home), "HF_TOKEN": "hf_own"} | environment,
            capture_output=True,
            text=True,
        )
        return finished.returncode, finished.stderr + finished.stdout

    return run


LOAD = """
import numpy as np
domain = lx.load_domain("hf://me/digits")
print(domain.name, domain.decode(np.full((1, 6), 0.5, np.float32)).numpy().sum())
"""


@pytest.fixture(scope="module")
def pushed(run, folder, server):
    flags = [f"--domain={folder}", "--repository=me/digits", "--private"]
    code = f"""
import sys
from latent_xlate.cli import push_domain
sys.argv[1:] = {flags}
push_domain.console_entry_point()
"""
    status, output = run(code)
    assert status == 0, output
    assert output.splitlines()[-1] == f"Wrote {server.address}/me/digits"
    return server


def test_pushed_domain_has_safetensors_latents_and_a_card_with_metadata(pushed, folder, tmp_path):
    assert set(pushed.files) == {
        "README.md", "domain.json", "judge/domain.json", "latents_train.npz",
        "vae.safetensors", "classifier.safetensors",
    }  # fmt: skip
    assert pushed.created[0]["name"] == "digits" and pushed.created[0]["visibility"] == "private"
    _, metadata, card = pushed.files["README.md"].decode().split("---\n")
    assert "library_name: latent_xlate\n" in metadata and card == "\n# digits\n\nDrawn by Ada.\n"
    for name in ("domain.json", "latents_train.npz"):
        assert pushed.files[name] == (folder / name).read_bytes()
    (tmp_path / "vae").write_bytes(pushed.files["vae.safetensors"])
    with np.load(folder / "vae.npz") as weights:
        for name, array in load_file(tmp_path / "vae").items():
            assert array.dtype == np.float16
            np.testing.assert_array_equal(array, weights[name])


def test_pushed_domain_is_fetched_by_its_handle_and_again_without_a_network(pushed, run, folder):
    domain = pretrained.load_domain(folder)
    expected = domain.decode(np.full((1, 6), 0.5, np.float32)).numpy().sum()
    for environment in ({}, {"HF_HUB_OFFLINE": "1"}):
        status, output = run(LOAD, **environment)
        assert status == 0, output
        name, value = output.splitlines()[-1].split()
        assert name == "digits" and float(value) == pytest.approx(expected, rel=1e-5)


def test_latents_come_with_a_fetched_domain_and_nothing_that_could_run(pushed, run):
    pushed.files["saved_model.pb"] = b"a program"
    code = f"""
from latent_xlate.domains import pretrained
print(*(path.name for path in pretrained.folder("hf://me/digits@{REVISION}").iterdir()))
"""
    status, output = run(code)
    del pushed.files["saved_model.pb"]
    assert status == 0, output
    names = output.splitlines()[-1].split()
    assert "latents_train.npz" in names and "saved_model.pb" not in names


@pytest.mark.parametrize("path", ["domain.json", "judge/domain.json"])
def test_domain_that_runs_programs_is_not_fetched(pushed, run, tmp_path, path):
    described = pushed.files[path]
    pushed.files[path] = json.dumps({"class": "latent_xlate>SavedModelDomain", "config": {}}).encode()
    status, output = run(LOAD, HF_HOME=str(tmp_path))
    pushed.files[path] = described
    assert status != 0
    assert "hf://me/digits is a SavedModelDomain, which runs programs of its author." in output


@pytest.mark.parametrize("handle", ["hf://", "hf://digits", "hf://me/digits/more", "hf://me/dig its"])
def test_handles_that_cannot_be_are_refused(handle):
    with pytest.raises(ValueError, match="is no handle: write hf://OWNER/NAME"):
        hugging_face.fetch(handle)


def test_unknown_repository_is_named(server, run):
    status, output = run("lx.load_domain('hf://me/clothes')")
    assert status != 0
    assert "ValueError: hf://me/clothes cannot be downloaded" in output


def test_hub_that_is_not_there_is_said(run, folder, tmp_path):
    status, output = run(
        f"lx.load_domain({str(folder)!r}).push_to_hub('me/digits')",
        HF_ENDPOINT="http://127.0.0.1:9",
        HF_HOME=str(tmp_path),
    )
    assert status != 0
    assert "ValueError: me/digits cannot be written" in output
