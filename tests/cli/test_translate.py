"""`export` and `translate` as a user runs them."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from latent_xlate.file_translation import translate_path
from tests.support import tiny
from tests.support.paths import ROOT


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    return tiny.translator().save(tmp_path_factory.mktemp("saved"))


@pytest.fixture(scope="module")
def png():
    domain = tiny.image_domain()
    return domain.write(domain.decode(domain.sample_prior(1)))[0].numpy()


def command(name: str, **flags: object) -> list[str]:
    return [sys.executable, str(ROOT / "bin" / f"{name}.py"), *(f"--{flag}={value}" for flag, value in flags.items())]


def translate(translator, **flags: object) -> list[str]:
    return command("translate", translator=translator, source="digits", target="clothes", **flags)


def run(arguments: list[str], **kwargs) -> subprocess.CompletedProcess:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(arguments, env=environment, capture_output=True, text=True, check=False, **kwargs)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "grid.png"}


@pytest.mark.long
def test_an_export_translates_as_what_was_saved_and_a_bad_file_is_in_the_exit_code(saved, png, tmp_path):
    exported = run(command("export", translator=saved, output="base"), cwd=tmp_path)
    assert (exported.returncode, exported.stdout) == (0, "Wrote base/translator/1\n"), exported.stderr
    (tmp_path / "in").mkdir()
    for name, content in {"a.png": png, "b.png": png[:-20], "c.png": png}.items():
        (tmp_path / "in" / name).write_bytes(content)
    flags = {"input": "in", "output": "out", "sample": "true", "seed": 5}
    result = run(translate("base/translator/1", **flags), cwd=tmp_path)
    assert result.returncode == 1
    assert result.stdout == "Translated 2 of 3 files into out\n", result.stderr
    assert result.stderr.splitlines()[-1].startswith("Not translated: in/b.png: The file is not a PNG")
    assert set(contents(tmp_path / "out")) == {"a.png", "c.png"}
    assert len(set(contents(tmp_path / "out").values())) == 2  # Two samples of one picture.
    translate_path(saved, "digits", "clothes", tmp_path / "in", tmp_path / "here", sample=True, seed=5)
    assert contents(tmp_path / "here") == contents(tmp_path / "out")


@pytest.mark.slow
def test_failed_write_is_one_sentence_and_leaves_no_file(saved, png, tmp_path):
    (tmp_path / "a.png").write_bytes(png)
    small_files_only = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (50, 50))  # noqa: E731
    result = run(translate(saved, input="a.png", output="out"), cwd=tmp_path, preexec_fn=small_files_only)
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1].startswith("Error: ")
    assert "File too large" in result.stderr
    assert "Traceback" not in result.stderr
    assert list((tmp_path / "out").iterdir()) == []
