"""The README and the documentation: what they name exists, and what the README shows runs."""

from __future__ import annotations

import importlib
import itertools
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from markdown.extensions.toc import slugify
from ml_collections import ConfigDict
from PIL import Image

import latent_xlate as lx
from latent_xlate.configs import all_domains
from latent_xlate.quickstart import quickstart
from tests.support.paths import ROOT

TOP = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")
PAGES = [
    *TOP,
    *(path.relative_to(ROOT).as_posix() for path in sorted(ROOT.glob("docs/*.md"))),
    *(path.relative_to(ROOT).as_posix() for path in sorted(ROOT.glob("docs/tutorials/*.md"))),
]
QUICKSTART = {"", "index.html", "run/translator", "translator", "translator/1", "examples/mnist", "examples/DOMAIN"}
"""What lies in the folder of the quickstart, as far as the documentation names it."""


def read(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(page: str, language: str) -> list[str]:
    """The fenced blocks of a page that are in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", read(page), re.MULTILINE | re.DOTALL)


def commands(text: str) -> Iterator[tuple[str, list[str]]]:
    """Names and arguments of the commands `bin/NAME.py` in a text."""
    for name, rest in re.findall(r"bin/(\w+)\.py((?:[^\S\n]+[^\s`]+)*)", text.replace("\\\n", " ")):
        arguments = shlex.split(rest.replace("'", "\\'") if rest.count("'") % 2 else rest, comments=True)
        yield name, [argument for argument in arguments if argument.startswith("--")]


@pytest.fixture(scope="module")
def flags():
    """The names of each command's flags, by a process of its own, since flags are global."""
    code = """
import importlib, json, pathlib
from absl import flags
found = {}
for path in sorted(pathlib.Path("latent_xlate/cli").glob("[!_]*.py")):
    importlib.import_module(f"latent_xlate.cli.{path.stem}")
    found[path.stem] = [flag.name for flag in flags.FLAGS.get_key_flags_for_module(f"latent_xlate.cli.{path.stem}")]
    for name in found[path.stem]:
        delattr(flags.FLAGS, name)
print(json.dumps(found))
"""
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    return {name: {*names, "help", "verbosity"} for name, names in json.loads(result.stdout).items()}


def config_of(arguments: list[str]) -> ConfigDict | None:
    """The shipped configuration that a command names; None where it names a file of the user's, or none."""
    for argument in arguments:
        match = re.fullmatch(r"--config=(\w+)(?::(\w+))?", argument)
        if match:
            module = importlib.import_module(f"latent_xlate.configs.{match[1]}")
            return module.get_config(match[2]) if match[2] else module.get_config()
    return None


@pytest.mark.parametrize("page", PAGES)
def test_commands_have_the_flags_configurations_and_fields_that_a_page_names(page, flags):
    for name, arguments in commands(read(page)):
        assert name in {*flags, "NAME"}
        config = config_of(arguments)
        for flag in (argument.removeprefix("--").partition("=")[0] for argument in arguments):
            if flag.startswith("config."):
                fields = flag.removeprefix("config.").split(".")
                value = config
                for field in fields if config is not None else ():
                    assert field in value, f"{name}: {flag}"
                    value = value[field]
            elif name != "NAME":
                assert flag.removeprefix("no") in flags[name] or flag in flags[name], f"{name} has no flag --{flag}"


@pytest.mark.parametrize("page", PAGES)
def test_python_compiles_and_paths_of_the_quickstart_exist(page):
    for code in blocks(page, "python"):
        compile(code, page, "exec")
    for path in re.findall(r"out/quickstart([/\w.-]*)", read(page)):
        assert re.sub(r"/\d?(\.png)?$", "", path.strip("/.")) in QUICKSTART, f"out/quickstart{path}"


@pytest.mark.parametrize("page", [*PAGES, "examples/bring_your_own_model.py", "colab/latent_xlate.ipynb"])
def test_names_of_the_front_door_exist(page):
    assert set(re.findall(r"\blx\.(\w+)", read(page))) <= set(lx.__all__)


def test_examples_import_nothing_deeper_than_the_package():
    for path in ROOT.glob("examples/*.py"):
        assert not re.search(r"^\s*(from|import) latent_xlate\.", path.read_text(), re.MULTILINE), path


@pytest.mark.parametrize("page", TOP)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", read(page)):
        path, _, anchor = target.partition("#")
        assert (ROOT / path).exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", read(path), re.MULTILINE)
            assert anchor in {slugify(heading, "-") for heading in headings}, target


def test_readme_is_short():
    assert len(read("README.md").splitlines()) <= 130


@pytest.mark.slow
def test_snippets_of_the_readme_run_as_they_stand_after_the_quickstart(tmp_path):
    for name in ("bin", "latent_xlate", "savedmodels"):
        (tmp_path / name).symlink_to(ROOT / name)
    scripts = tmp_path / ".venv" / "bin"
    scripts.mkdir(parents=True)
    (scripts / "activate").write_text(f"PATH={shlex.quote(str(Path(sys.executable).parent))}:$PATH\n")
    config = all_domains.get_config("quick")
    config.num_steps = 100  # The snippets are tried, not their results.
    quickstart(config, tmp_path / "out" / "quickstart")

    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    python = "\n".join(blocks("README.md", "python"))
    check = "assert clothes.shape == (10, 28, 28, 1) and words.shape == (10, 16384) and len(png.numpy()) == 1\n"
    for command in ([sys.executable, "-c", python + check], ["bash", "-ec", "\n".join(blocks("README.md", "sh"))]):
        result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert result.returncode == 0, result.stderr
    assert len(list((tmp_path / "out" / "clothes").glob("[0-9].png"))) == 10
    assert (tmp_path / "out" / "evaluation" / "metrics.json").is_file()
    assert (tmp_path / "out" / "export" / "translator" / "1" / "saved_model.pb").is_file()


OWN_LATENTS = """
import numpy as np
import torch
from latent_xlate.domains.pretrained import load_domain
labels = np.arange(600) % 10
x = torch.eye(10)[labels] + 0.1 * torch.randn(600, 10, generator=torch.Generator().manual_seed(0))
encoder = lambda x: (50 * x, torch.full_like(x, -2.0))
decoder = lambda z: z / 50
digits = load_domain("mnist").decode(load_domain("mnist").sample_prior(3)).numpy()
"""
"""What the page takes as given: an encoder and a decoder of PyTorch, data with labels, and digits."""


@pytest.mark.slow
def test_tutorial_of_own_latents_runs_as_it_stands(tmp_path):
    pytest.importorskip("torch")
    page = "docs/tutorials/own_latents.md"
    save, use = blocks(page, "python")
    for name in ("bin", "latent_xlate", "savedmodels"):
        (tmp_path / name).symlink_to(ROOT / name)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}

    def run(*command: str) -> str:
        result = subprocess.run(
            [sys.executable, *command], cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert result.returncode == 0, result.stderr
        return result.stdout

    mnist = lx.load_domain("mnist")
    (tmp_path / "digits").mkdir()
    for number, content in enumerate(mnist.write(mnist.decode(mnist.sample_prior(3))).numpy()):
        (tmp_path / "digits" / f"{number}.png").write_bytes(content)
    run("-c", OWN_LATENTS + save)
    few = {"train_bridge": ["--config.num_steps=100"]}  # The commands are tried, not their results.
    said = {name: run(f"bin/{name}.py", *flags, *few.get(name, [])) for name, flags in commands(read(page)) if flags}
    assert "Domain 'faces' has latents alone: its judge sees latents" in said["evaluate"]
    with np.load(tmp_path / "again.npz") as again, np.load(tmp_path / "z.npz") as z:
        assert again["z"].shape == (600, 10)
        assert (z["z"].shape, z["files"].tolist()) == ((3, 10), ["0.png", "1.png", "2.png"])
    with np.load(tmp_path / "out" / "digits" / "z.npz") as found:
        assert found["x"].shape == (3, 28, 28, 1)
    run("-c", OWN_LATENTS + use + "assert z_mnist.shape == (3, 100) and faces.shape == (3, 10)")


@pytest.mark.slow
def test_tutorial_of_pytorch_runs_with_other_weights_and_pictures(tmp_path):
    torch = pytest.importorskip("torch")
    pytest.importorskip("onnx2keras")
    page = "docs/tutorials/pytorch.md"
    (network,) = blocks(page, "python")
    (tmp_path / "jointvae.py").write_text(network)
    for name in ("bin", "latent_xlate", "savedmodels"):
        (tmp_path / name).symlink_to(ROOT / name)
    described: dict[str, Any] = {"__name__": "jointvae"}
    exec(network, described)
    for name in ("mnist", "fashion"):
        weights = described["Encoder"]().state_dict() | described["Decoder"]().state_dict()
        torch.save(weights, tmp_path / f"jointvae_{name}.pt")
    generator = np.random.default_rng(0)
    for label, number in itertools.product(range(10), range(12)):
        folder = tmp_path / "pictures" / str(label)
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(generator.integers(0, 256, (32, 32), np.uint8)).save(folder / f"{number}.png")
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    few = {"train_bridge": ["--config.num_steps=100"]}  # The commands are tried, not their results.
    lines = re.findall(r"^    python (jointvae.py .*)$", read(page), re.M)
    assert len(lines) == 2
    said = ""
    for command in [shlex.split(line) for line in lines] + [
        [f"bin/{name}.py", *flags, *few.get(name, [])] for name, flags in commands(read(page)) if flags
    ]:
        command = [re.sub("^--data=.*", "--data=pictures", argument) for argument in command]
        result = subprocess.run(
            [sys.executable, *command], cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert result.returncode == 0, result.stderr
        said += result.stderr
    assert "The data of domain 'jv_mnist' are no data set" in said
    assert said.count("The networks are brought into TensorFlow: an export serves them whole.") == 2
    assert (tmp_path / "out" / "evaluation" / "metrics.json").is_file()


def owners() -> set[str]:
    """The owners that links to the repository name."""
    files = ("pyproject.toml", "CITATION.cff", "README.md", "mkdocs.yml", "colab/latent_xlate.ipynb", *PAGES)
    return set(re.findall(r"github(?:\.com)?/([\w-]+)/latent_xlate\b", "".join(map(read, files))))


def test_the_repository_has_one_owner():
    assert len(owners()) == 1


def test_owner_can_be_filled_in_and_changed(tmp_path):
    files = ("pyproject.toml", "CITATION.cff", "README.md", "colab/latent_xlate.ipynb", "scripts/set_owner.sh")
    for name in files:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (old,) = owners()
    for new in ("somebody", "some-body-else"):
        subprocess.run([tmp_path / "scripts" / "set_owner.sh", new], check=True)
        for name in files[:-1]:
            theirs, ours = (ROOT / name).read_text(), (tmp_path / name).read_text()
            assert ours == re.sub(rf"(github(\.com)?)/{old}/latent_xlate", rf"\1/{new}/latent_xlate", theirs)
    result = subprocess.run([tmp_path / "scripts" / "set_owner.sh", ""], capture_output=True, text=True)
    assert result.returncode == 1
    assert "make owner OWNER=name" in result.stderr
