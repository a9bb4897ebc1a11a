"""The package as installed: its commands, its weights, its version, and the choice of Python."""

import ast
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
from pathlib import Path

import pytest
from PIL import Image

import latent_xlate
from latent_xlate.domains import pretrained
from tests.support.paths import ROOT

PACKAGE = ROOT / "latent_xlate"
COMMANDS = sorted(path.stem for path in (ROOT / "bin").glob("*.py"))
CONSOLE_SCRIPTS = {f"latent_xlate_{name}": f"latent_xlate.cli.{name}:console_entry_point" for name in COMMANDS}


def run_setup(folder: Path, *arguments: str) -> None:
    """Runs `folder`/setup.py."""
    subprocess.run([sys.executable, "setup.py", "--quiet", *arguments], cwd=folder, check=True, capture_output=True)


def files_under(folder: Path, pattern: str = "*") -> set[str]:
    """Paths of the files below `folder`, relative to it."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob(pattern) if path.is_file()}


def test_every_binary_has_a_cli_module_and_the_reverse():
    modules = sorted(path.stem for path in (PACKAGE / "cli").glob("[!_]*.py"))
    assert modules == COMMANDS


@pytest.mark.parametrize("name", COMMANDS)
def test_command_has_a_manual_and_its_entry_points(name):
    module = ast.parse((PACKAGE / "cli" / f"{name}.py").read_text())
    functions = {node.name for node in module.body if isinstance(node, ast.FunctionDef)}
    assert ast.get_docstring(module)
    assert {"main", "console_entry_point"} <= functions


@pytest.mark.parametrize("name", COMMANDS)
def test_binary_runs_its_own_command(name):
    text = (ROOT / "bin" / f"{name}.py").read_text()
    assert f"from latent_xlate.cli.{name} import console_entry_point" in text
    assert os.access(ROOT / "bin" / f"{name}.py", os.X_OK)


def test_installed_console_scripts_are_those_of_the_binaries():
    scripts = importlib.metadata.entry_points(group="console_scripts")
    ours = {script.name: script.value for script in scripts if script.value.startswith("latent_xlate.")}
    assert ours == CONSOLE_SCRIPTS, "Install again: pip install -e ."


@pytest.mark.parametrize(
    "name", [name if name == "train_domain" else pytest.param(name, marks=pytest.mark.slow) for name in COMMANDS]
)
@pytest.mark.long
def test_console_script_prints_its_manual_from_any_folder(name, tmp_path):
    script = Path(sysconfig.get_path("scripts")) / f"latent_xlate_{name}"
    result = subprocess.run([script, "--help"], cwd=tmp_path, capture_output=True, text=True)
    manual = ast.get_docstring(ast.parse((PACKAGE / "cli" / f"{name}.py").read_text()))
    # A manual shows other commands too, whose flags are theirs.
    commands = [line.strip() for line in manual.replace("\\\n", "").splitlines()]
    own = [line for line in commands if line.startswith((f"bin/{name}.py", f"latent_xlate_{name}"))]
    flags = re.findall(r"--(\w+)=", "\n".join(own))
    assert own
    assert manual.splitlines()[0] in result.stdout, result.stderr
    assert all(re.search(rf"^ +--(\[no\])?{flag}:", result.stdout, re.MULTILINE) for flag in flags)


def test_every_module_and_data_file_is_installed(tmp_path):
    # A folder without __init__.py would not be, and import-linter would not see it.
    run_setup(ROOT, "build_py", f"--build-lib={tmp_path}")
    weights = {f"savedmodels/{path}" for path in files_under(ROOT / "savedmodels") if not path.startswith("export/")}
    package = {path for path in files_under(PACKAGE) if "__pycache__" not in path}
    assert files_under(tmp_path / "latent_xlate") == package | weights


def test_every_command_has_a_console_script():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["scripts"] == CONSOLE_SCRIPTS


def test_weights_are_package_data_and_exports_are_not(tmp_path):
    files = {
        "setup.py": (ROOT / "setup.py").read_text(),
        "pyproject.toml": (ROOT / "pyproject.toml").read_text(),
        "README.md": "# A title\n",
        "LICENSE": "",
        "latent_xlate/__init__.py": '__version__ = "1.2.3"\n',
        "savedmodels/mnist/MODEL_CARD.md": "",
        "savedmodels/mnist/vae.npz": "",
        "savedmodels/mnist/vae.json": "",
        "savedmodels/mnist/notes.txt": "",
        "savedmodels/export/metrics.json": "",
        "savedmodels/export/translator/1/metrics.json": "",
    }
    for name, text in files.items():
        path = tmp_path / "clone" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    run_setup(tmp_path / "clone", "build_py", f"--build-lib={tmp_path / 'lib'}")
    assert files_under(tmp_path / "lib" / "latent_xlate" / "savedmodels") == {
        "mnist/MODEL_CARD.md",
        "mnist/vae.json",
        "mnist/vae.npz",
    }


def install_wheel(clone: Path, folder: Path) -> Path:
    """Builds the wheel of `clone` and installs it in a new environment, which borrows this one's dependencies."""
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    build = ["wheel", "--no-deps", "--no-build-isolation", f"--wheel-dir={folder / 'wheels'}", str(clone)]
    subprocess.run([*pip, *build], check=True)
    (wheel,) = (folder / "wheels").glob("*.whl")
    venv.create(folder / "venv", with_pip=False)
    python = folder / "venv" / "bin" / "python"
    subprocess.run([*pip, f"--python={python}", "install", "--no-deps", "--no-index", str(wheel)], check=True)
    # Folders that a .pth file names are searched last, and their own .pth files (an editable install) not at all.
    (site_packages,) = (folder / "venv").glob("lib/python*/site-packages")
    dependencies = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (site_packages / "dependencies.pth").write_text("\n".join(dependencies))
    return python.parent


@pytest.mark.slow
def test_wheel_translates_outside_the_clone(tmp_path):
    clone = tmp_path / "clone"
    for name in ("latent_xlate", "savedmodels"):
        shutil.copytree(ROOT / name, clone / name, ignore=shutil.ignore_patterns("__pycache__", "export"))
    for name in ("LICENSE", "README.md", "pyproject.toml", "setup.py"):
        shutil.copy(ROOT / name, clone)
    scripts = install_wheel(clone, tmp_path)
    shutil.rmtree(clone)
    work = tmp_path / "work"
    work.mkdir()
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", pretrained.SAVEDMODELS)}

    def run(command: str, *arguments: str) -> str:
        result = subprocess.run(
            [scripts / command, *arguments], cwd=work, env=environment, capture_output=True, text=True
        )
        assert result.returncode == 0, result.stderr
        return result.stdout

    code = "from latent_xlate.domains import pretrained; print(*pretrained.list_domains(), pretrained.savedmodels())"
    *names, folder = run("python", "-c", code).split()
    assert names == [path.parent.name for path in sorted((ROOT / "savedmodels").glob("*/domain.json"))]
    assert Path(folder).is_relative_to(tmp_path / "venv")
    train = ["--config=mnist_fashion_mnist:quick", "--config.num_steps=20", "--workdir=bridge"]
    run("latent_xlate_train_bridge", *train)
    Image.new("L", (28, 28)).save(work / "digit.png")
    run(
        "latent_xlate_translate",
        "--translator=bridge/translator",
        "--source=mnist",
        "--target=fashion_mnist",
        "--input=digit.png",
        "--output=clothes",
    )
    assert Image.open(work / "clothes" / "digit.png").size == (28, 28)


def test_one_version_everywhere():
    citation = re.search(r"^version: (.+)$", (ROOT / "CITATION.cff").read_text(), re.MULTILINE)
    changelog = re.search(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert latent_xlate.__version__ == citation[1] == changelog[1] == importlib.metadata.version("latent_xlate")


def make_venv(folder: Path, venv: Path, pythons: dict[str, str], wanted: str = "") -> subprocess.CompletedProcess:
    """Runs scripts/make_venv.sh where the only Pythons are shell scripts of the given names and bodies."""
    for name, body in pythons.items():
        (folder / name).write_text(f"#!/bin/sh\n{body}\n")
        (folder / name).chmod(0o755)
    command = ["/bin/sh", str(ROOT / "scripts" / "make_venv.sh"), str(venv), wanted]
    return subprocess.run(command, env={"PATH": str(folder)}, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("pythons", "wanted", "said"),
    [
        ({"python3": "echo 3.10"}, "", "python3 is 3.10"),
        ({"python3": "echo 3.14"}, "", "python3 is 3.14"),
        ({"python3.12": "exit 127"}, "", "no Python was found"),
        ({"python3.12": "echo 3.12", "old": "echo 3.9"}, "old", "old is 3.9"),
    ],
)
def test_unfit_python_is_refused_with_a_plain_message(pythons, wanted, said, tmp_path):
    result = make_venv(tmp_path, tmp_path / "venv", pythons, wanted)
    assert result.returncode == 1
    assert re.fullmatch(r"latent_xlate needs Python 3\.11, 3\.12 or 3\.13; .+ make PYTHON=.+\n", result.stderr)
    assert said in result.stderr
    assert not (tmp_path / "venv").exists()


@pytest.mark.long
def test_first_python_that_runs_and_fits_makes_the_environment(tmp_path):
    # A pyenv shim of a version that is not activated fails, and the system's own Python may be too old.
    real = f'exec "{sys.executable}" "$@"'
    pythons = {"python3.12": "exit 127", "python3.11": "echo 3.10", "python3.13": real, "python3": "echo 3.12"}
    venv = tmp_path / "venv"
    result = make_venv(tmp_path, venv, pythons)
    assert result.returncode == 0, result.stderr
    assert subprocess.run([venv / "bin" / "python", "-m", "pip", "--version"]).returncode == 0
    again = make_venv(tmp_path, venv, {"python3.13": "exit 127"})
    assert (again.returncode, again.stderr) == (0, "")


def test_environment_of_an_unfit_python_is_left_alone(tmp_path):
    (tmp_path / "venv" / "bin").mkdir(parents=True)
    result = make_venv(tmp_path / "venv" / "bin", tmp_path / "venv", {"python": "echo 3.9"})
    assert result.returncode == 1
    assert "has 3.9" in result.stderr
    assert (tmp_path / "venv" / "bin" / "python").exists()


@pytest.fixture
def release(tmp_path):
    """A copy of what a release of version 1.2.3 is checked by, ready for it."""
    for name in ("latent_xlate/__init__.py", "CHANGELOG.md", "pyproject.toml", "scripts/check_release.sh"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    edit(tmp_path / "latent_xlate" / "__init__.py", r'^__version__ = ".*"$', '__version__ = "1.2.3"')
    edit(tmp_path / "CHANGELOG.md", r"^## \[.*", "## [1.2.3] - 2026-01-31")
    edit(tmp_path / "pyproject.toml", r"github\.com/[\w-]+/", "github.com/somebody/")
    return tmp_path


def edit(path: Path, pattern: str, text: str) -> None:
    path.write_text(re.sub(pattern, text, path.read_text(), flags=re.MULTILINE))


def check_release(folder: Path, tag: str) -> subprocess.CompletedProcess:
    return subprocess.run([folder / "scripts" / "check_release.sh", tag], capture_output=True, text=True)


def test_release_that_is_ready_passes(release):
    done = check_release(release, "v1.2.3")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("path", "pattern", "text", "said"),
    [
        ("latent_xlate/__init__.py", "1.2.3", "1.2.4", "The tag is v1.2.3, but .* has version 1.2.4"),
        ("CHANGELOG.md", r"^(## \[1.2.3\]).*", r"\1 - unreleased", "CHANGELOG.md has no date for 1.2.3"),
        ("pyproject.toml", "/somebody/", "/OWNER/", "placeholder: make owner OWNER=name"),
    ],
)
def test_release_that_is_not_ready_is_refused_in_a_sentence(path, pattern, text, said, release):
    edit(release / path, pattern, text)
    done = check_release(release, "v1.2.3")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert re.search(said, done.stderr)
