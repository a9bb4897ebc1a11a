"""The whole of it on small domains: what is written holds together."""

import dataclasses
import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from latent_xlate.reproduction.reproduce import SECTIONS, reproduce
from tests.support import small_domains
from tests.support.paths import ROOT
from tests.test_quickstart import Page


@pytest.fixture
def savedmodels(tmp_path, monkeypatch):
    return small_domains.write_domains(tmp_path / "savedmodels", monkeypatch)


def check_report(folder, names):
    """The report has these parts, in the order of the paper, and every picture that it shows."""
    text = (folder / "report.md").read_text(encoding="utf-8")
    assert re.findall("^## (.*)$", text, re.MULTILINE) == [SECTIONS[name].title for name in names]
    page = Page(folder / "report.html")
    assert page.open == []
    pictures = [link for link in page.links if link.startswith("figures/")]
    assert pictures == re.findall(r"!\[[^]]*\]\(([^)]*)\)", text)
    for picture in pictures:
        bitmap = (folder / picture).with_suffix(".png")
        assert len(np.unique(np.asarray(Image.open(bitmap)))) > 10  # No blank picture.
        assert (folder / picture).suffix == ".png" or (folder / picture).read_text().startswith("<?xml")
    return text, page


@pytest.mark.long
def test_parts_that_are_asked_for_come_in_the_papers_order(savedmodels, tmp_path):
    what = ["figure10", "table2", "figure3", "table5"]
    assert reproduce(what, tmp_path / "out", small_domains.SETTINGS) == tmp_path / "out" / "report.html"
    names = ["table2", "table5", "figure3", "figure10"]
    text, page = check_report(tmp_path / "out", names)
    (metrics,) = (
        json.loads(path.read_text()) for path in (tmp_path / "out" / "runs").glob("bridge_mnist_fashion*/metrics.json")
    )
    for domain in ("mnist", "fashion_mnist"):
        assert f"{metrics['domains'][domain]['bridge_reconstruction']:.4f}" in page.cells
    assert "0.989" in page.cells  # The paper's.
    assert "Speech: not available. No pretrained domain spoken_digit ships." in text


def test_unknown_parts_are_refused(tmp_path):
    with pytest.raises(ValueError, match="Unknown table or figure 'figur4'. Did you mean 'figure4'"):
        reproduce(["figur4"], tmp_path / "out", small_domains.SETTINGS)
    assert not (tmp_path / "out").exists()


def test_sections_are_those_of_the_paper_and_two_more():
    tables, pictures = [f"table{i}" for i in range(1, 6)], [f"figure{i}" for i in range(2, 12)]
    assert list(SECTIONS) == [*tables, "training_time", *pictures, "shared_space", "few_labels"]


def test_old_names_say_what_replaces_them(savedmodels, tmp_path):
    with pytest.warns(FutureWarning, match="table6 is called table5 now"):
        reproduce(["table6"], tmp_path / "six", small_domains.SETTINGS)
    with pytest.warns(FutureWarning, match="training time, which had this name, is training_time"):
        reproduce(["table5"], tmp_path / "five", small_domains.SETTINGS)
    six, five = ((tmp_path / name / "report.md").read_text() for name in ("six", "five"))
    assert six == five and "## Table 5: the class mapping" in six


@pytest.mark.slow
def test_all_of_it_on_small_domains(savedmodels, tmp_path, monkeypatch):
    data_dir = small_domains.write_datasets(tmp_path / "tfds", monkeypatch)
    small_domains.write_speech(savedmodels)
    settings = dataclasses.replace(small_domains.SETTINGS, data_dir=data_dir)
    reproduce(["all"], tmp_path / "out", settings)
    text, _ = check_report(tmp_path / "out", list(SECTIONS))
    assert "not available" not in text
    written = {path: path.stat().st_mtime_ns for path in (tmp_path / "out" / "runs").rglob("*") if path.is_file()}
    reproduce(["all"], tmp_path / "out", settings)
    assert written == {path: path.stat().st_mtime_ns for path in written}
    assert (tmp_path / "out" / "report.md").read_text(encoding="utf-8") == text


@pytest.mark.slow
def test_quick_command_on_what_ships(tmp_path):
    command = [sys.executable, str(ROOT / "bin" / "reproduce.py"), "--quick", f"--output={tmp_path / 'out'}"]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TFDS_DATA_DIR": str(tmp_path / "nothing")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    text, _ = check_report(tmp_path / "out", list(SECTIONS))
    assert "Pix2Pix, mnist and fashion_mnist: not available. Data set 'mnist' is not prepared" in text
