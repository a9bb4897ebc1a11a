"""The notebook's cell that installs the package, run where there is a clone, an index, a repository, or nothing.

What it installs is a package of the same name without code. The cell runs in an environment of its own, which has pip
and setuptools, without a network.
"""

import os
import re
import subprocess
import sysconfig
import venv
import zipfile
from pathlib import Path

import nbformat
import pytest

from tests.support.paths import ROOT

PROJECT = """\
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"
[project]
name = "latent_xlate"
version = "9"
[project.optional-dependencies]
gpu = ["of_gpu"]
serving = ["of_serving"]
[tool.setuptools]
packages = ["latent_xlate"]
"""
ADDRESS = "https://git.example.org/latent_xlate"
NVIDIA_SMI = "#!/bin/sh\necho 'Tesla T4'\necho 'Tesla T4'\n"
NVIDIA_SMI_WITHOUT_DRIVER = "#!/bin/sh\necho 'NVIDIA-SMI has failed'\nexit 9\n"


def clone(folder: Path) -> Path:
    (folder / "latent_xlate").mkdir(parents=True)
    (folder / "latent_xlate" / "__init__.py").touch()
    (folder / "pyproject.toml").write_text(PROJECT)
    (folder / "colab").mkdir()
    return folder


def repository(folder: Path) -> Path:
    clone(folder)
    user = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    for command in (["init", "--quiet"], ["add", "."], [*user, "commit", "--quiet", "--message=A"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
    return folder


def wheel(folder: Path, name: str, *metadata: str) -> None:
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / f"{name}-9-py3-none-any.whl", "w") as archive:
        archive.writestr(f"{name}/__init__.py", "")
        information = ["Metadata-Version: 2.1", f"Name: {name}", "Version: 9", *metadata, ""]
        archive.writestr(f"{name}-9.dist-info/METADATA", "\n".join(information))
        archive.writestr(f"{name}-9.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{name}-9.dist-info/RECORD", "")


class Machine:
    """An environment, an index and programs of its own."""

    def __init__(self, folder: Path) -> None:
        self.index, self.programs, self.home = folder / "index", folder / "programs", folder / "home"
        self.repository = folder / "repository"
        self.programs.mkdir()
        self.home.mkdir()
        for extra in ("of_gpu", "of_serving"):
            wheel(self.index, extra)
        venv.create(folder / "venv", with_pip=False)
        self.python = folder / "venv" / "bin" / "python"
        (packages,) = (folder / "venv").glob("lib/python*/site-packages")
        for pattern in ("pip", "setuptools", "setuptools-*.dist-info", "_distutils_hack"):
            for found in Path(sysconfig.get_path("purelib")).glob(pattern):
                (packages / found.name).symlink_to(found)

    def publish(self) -> None:
        extras = [
            f"Provides-Extra: {name}\nRequires-Dist: of_{name} ; extra == '{name}'" for name in ("gpu", "serving")
        ]
        wheel(self.index, "latent_xlate", *extras)

    def has(self, nvidia_smi: str) -> None:
        (self.programs / "nvidia-smi").write_text(nvidia_smi)
        (self.programs / "nvidia-smi").chmod(0o755)

    def install(self, folder: Path, address: str = "") -> subprocess.CompletedProcess:
        """Runs the cell in `folder`."""
        cells = nbformat.read(ROOT / "colab" / "latent_xlate.ipynb", as_version=4).cells
        (source,) = (cell.source for cell in cells if cell.source.startswith("# @title Install"))
        if address:
            source = re.sub(r'^repository = ".*?"', f'repository = "{address}"', source, flags=re.MULTILINE)
        return self._run(source, folder)

    def installed(self) -> dict[str, str]:
        """Where each of the packages that the cell may have installed lies."""
        code = "import importlib.util\nfor name in ('latent_xlate', 'of_gpu', 'of_serving'):\n"
        code += "    found = importlib.util.find_spec(name)\n    if found: print(name, found.origin)\n"
        return dict(line.split(" ", 1) for line in self._run(code, self.home).stdout.splitlines())

    def _run(self, code: str, folder: Path) -> subprocess.CompletedProcess:
        environment = {
            "PATH": os.pathsep.join([str(self.programs), "/usr/bin", "/bin"]),
            "HOME": str(self.home),
            # Git finds at the address what the test puts there.
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"url.{self.repository.as_uri()}.insteadOf",
            "GIT_CONFIG_VALUE_0": ADDRESS,
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.index),
            "PIP_NO_BUILD_ISOLATION": "0",  # Which, as pip reads it, means no isolation.
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        }
        return subprocess.run([self.python, "-c", code], cwd=folder, env=environment, capture_output=True, text=True)


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def test_the_clone_that_it_lies_in_comes_first(machine, tmp_path):
    machine.publish()
    folder = clone(tmp_path / "clone")
    done = machine.install(folder / "colab", ADDRESS)
    assert done.returncode == 0, done.stderr
    assert f"Installing latent_xlate[serving] from the clone in {folder};" in done.stdout
    assert done.stdout.startswith("No GPU.")
    assert done.stdout.endswith("latent_xlate is installed.\n")
    found = machine.installed()
    assert found.keys() == {"latent_xlate", "of_serving"}
    assert Path(found["latent_xlate"]).is_relative_to(folder)


@pytest.mark.parametrize(
    ("nvidia_smi", "said", "extras"),
    [
        pytest.param(NVIDIA_SMI, "GPU: Tesla T4\n", {"of_gpu", "of_serving"}, id="GPU"),
        pytest.param(NVIDIA_SMI_WITHOUT_DRIVER, "No GPU.", {"of_serving"}, marks=pytest.mark.slow, id="no driver"),
    ],
)
def test_then_the_package_index_with_what_a_gpu_needs_where_there_is_one(nvidia_smi, said, extras, machine):
    machine.publish()
    machine.has(nvidia_smi)
    done = machine.install(machine.home)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(said)
    assert "from the package index;" in done.stdout
    assert machine.installed().keys() == {"latent_xlate"} | extras


@pytest.mark.slow
def test_then_the_repository_of_the_form(machine):
    repository(machine.repository)
    done = machine.install(machine.home, ADDRESS)
    assert done.returncode == 0, done.stderr
    assert f"from the repository {ADDRESS};" in done.stdout
    assert machine.installed().keys() == {"latent_xlate", "of_serving"}


@pytest.mark.slow
def test_what_is_installed_already_stays(machine):
    machine.publish()
    wheel(machine.index, "tensorflow_serving")
    pip = [machine.python, "-m", "pip", "install", "--quiet", "--no-index", f"--find-links={machine.index}"]
    subprocess.run([*pip, "latent_xlate", "tensorflow_serving"], check=True)
    done = machine.install(machine.home)
    assert (done.returncode, "Installing" in done.stdout) == (0, False), done.stderr
    assert done.stdout.endswith("latent_xlate is installed.\n")


def test_where_there_is_none_one_sentence_says_what_to_do(machine):
    done = machine.install(machine.home, ADDRESS)
    assert done.returncode == 1
    said = done.stderr.splitlines()[-1]
    assert re.fullmatch(
        r"RuntimeError: latent_xlate could not be installed from the package index \(ERROR: No matching distribution "
        rf"found for latent_xlate\[serving\]\) or from the repository {ADDRESS} \(fatal: .+\): open this notebook in a "
        r"clone of the repository, or set `repository` above to the address of one\.",
        said,
    ), said
    # The placeholder is no address.
    said = machine.install(machine.home, "https://github.com/OWNER/latent_xlate").stderr.splitlines()[-1]
    assert said.startswith("RuntimeError") and "OWNER" not in said
