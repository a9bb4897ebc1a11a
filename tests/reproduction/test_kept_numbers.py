"""The numbers that are kept: found by today's configurations, and enough for the report's tables."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from latent_xlate.reproduction import experiments, label_study
from latent_xlate.reproduction.experiments import Settings
from latent_xlate.reproduction.kept_numbers import KeptNumbers
from latent_xlate.reproduction.reproduce import SECTIONS, reproduce
from latent_xlate.reproduction.run_names import run_name
from latent_xlate.reproduction.study import Study

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / "docs" / "reproduction"
SETTINGS = Settings(num_steps=4000, num_baseline_seeds=2)
"""Those of the kept reproduction."""


@pytest.fixture
def study(tmp_path):
    shutil.copytree(KEPT, tmp_path / "anywhere")
    return Study(tmp_path / "anywhere", SETTINGS)


def one_of_each_kind():
    """Runs whose names depend on all that configurations have: kinds of latents, label terms, baselines."""
    pair = ("mnist", "fashion_mnist")
    runs = {
        name: experiments.bridges(SETTINGS, name)[0] for name in ("mnist_mnist", "mnist_spoken_digit", "all_domains")
    }
    runs |= {
        name: experiments.baselines(SETTINGS, name, pair)[0] for name in ("pix2pix", "cyclegan", "latent_cyclegan")
    }
    runs["latent_cyclegan of speech"] = experiments.baselines(SETTINGS, "latent_cyclegan", ("mnist", "spoken_digit"))[1]
    runs |= {f"{count} labels": configs[0] for count, configs in experiments.few_labels(SETTINGS).items()}
    runs |= {f"{pair} graph": configs[1] for pair, configs in experiments.graph_labels(SETTINGS).items()}
    return runs | {row: configs[0] for row, configs in experiments.ablation(SETTINGS).items()}


@pytest.mark.parametrize("kind", one_of_each_kind())
def test_run_of_each_kind_is_found(kind, study):
    config = one_of_each_kind()[kind]
    metrics = study.metrics(config)
    assert list(metrics["domains"]) == list(config.domains)
    assert not (study.output / "runs").exists()


def test_runs_of_suggested_labels_are_found_wherever_the_folder_lies(study):
    template = experiments.graph_labels(SETTINGS)["mnist_mnist", 10][0]
    (config, _), missed = label_study._suggested(study, "mnist_mnist", 10, template)
    assert missed == 0
    assert config.label_file == str(study.output / "labels" / "mnist_mnist_10_0.csv")
    assert len(study.metrics(config)["labels_seen"]["instances"]["mnist"]) == 100
    assert not (study.output / "runs").exists()


def test_every_run_has_the_name_that_its_configuration_gives(study):
    kept = KeptNumbers.load(KEPT)
    assert len(kept.runs) == 158
    for name, run in kept.runs.items():
        config = json.loads(
            json.dumps(run["config"]).replace("out/paper", str(study.output)).replace("shifted", "augmented")
        )
        config.get("label_terms", {}).pop("beta_consistency", None)
        assert run_name(config, study.output) == name


def test_tables_of_the_report_are_made_of_them_byte_by_byte(study):
    names = ["table1", "table2", "table3", "table4", "table5", "few_labels"]
    reproduce(names, study.output, SETTINGS)
    ours, theirs = ((folder / "report.md").read_text(encoding="utf-8") for folder in (study.output, KEPT))
    for name in names:
        (section,) = re.findall(
            rf"^## {re.escape(SECTIONS[name].title)}\n.*?(?=^## |\Z)", theirs, re.MULTILINE | re.DOTALL
        )
        assert section.strip() in ours
    assert not (study.output / "runs").exists()


def test_written_and_read_they_are_the_same_and_new_results_join_them(tmp_path):
    kept = KeptNumbers({"b": {"config": {"seed": 1}, "metrics": {"x": 0.1}}}, {"m": {"y": [1, 2]}})
    path = kept.write(tmp_path)
    assert KeptNumbers.load(tmp_path) == kept
    assert path.read_text().splitlines() == [
        "{",
        '"measurements": {',
        '"m": {"y":[1,2]}',
        "},",
        '"runs": {',
        '"b": {"config":{"seed":1},"metrics":{"x":0.1}}',
        "}",
        "}",
    ]
    for name, content in {
        "runs/a/config.json": {"seed": 2},
        "runs/a/metrics.json": {"x": 0.2},
        "runs/cut/config.json": {"seed": 3},
        "measurements/n.json": 5,
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(json.dumps(content))
    collected = KeptNumbers.collect(tmp_path)
    assert collected.runs == kept.runs | {"a": {"config": {"seed": 2}, "metrics": {"x": 0.2}}}
    assert collected.measurements == {"m": {"y": [1, 2]}, "n": 5}


def test_damaged_file_is_refused(tmp_path):
    (tmp_path / "numbers.json").write_text('{"runs": {}')
    with pytest.raises(ValueError, match="numbers.json holds no numbers of a reproduction, or is damaged"):
        Study(tmp_path, SETTINGS)


def test_script_keeps_report_pictures_and_numbers(study, tmp_path):
    command = ["sh", str(ROOT / "scripts" / "keep_numbers.sh"), str(study.output), str(tmp_path / "kept")]
    subprocess.run(command, check=True, env={"PYTHON": sys.executable, "PATH": "/usr/bin:/bin"})
    for path in KEPT.rglob("*"):
        if path.is_file():
            assert (tmp_path / "kept" / path.relative_to(KEPT)).read_bytes() == path.read_bytes()
